function Write-DurableFile {
    <#
    .SYNOPSIS
    Writes a whole file and has it on the disk before it returns; with Like the file is first made as a copy, with its attributes.
    #>
    param ([String] $LiteralPath, [Byte[]] $Content, [String] $Like)
    if ($Like) { [IO.File]::Copy($Like, $LiteralPath) }
    $stream = [IO.File]::Open($LiteralPath, 'OpenOrCreate', 'Write', 'None')
    try {
        $stream.SetLength(0)
        $stream.Write($Content, 0, $Content.Length)
        $stream.Flush($true)
    } finally { $stream.Dispose() }
}

function Move-DurableFile {
    <#
    .SYNOPSIS
    Puts a file in the place of another in one step, which keeps name, ACL and attributes of that one (ReplaceFile); the other stays as Backup when asked.
    #>
    param ([String] $LiteralPath, [String] $Destination, [String] $Backup)
    if (-not [IO.File]::Exists($Destination)) { [IO.File]::Move($LiteralPath, $Destination) }
    elseif ($Backup) { [IO.File]::Replace($LiteralPath, $Destination, $Backup) }
    else { [IO.File]::Replace($LiteralPath, $Destination, [NullString]::Value) }
}

function Remove-DurableFile {
    <#
    .SYNOPSIS
    Removes a file; one that is not there is no error.
    #>
    param ([String] $LiteralPath)
    [IO.File]::Delete($LiteralPath)
}

function Write-DurableText {
    <#
    .SYNOPSIS
    Writes a file of the state folder whole beside itself and moves it into place.
    #>
    param ([String] $LiteralPath, [String] $Text)
    Write-DurableFile "$LiteralPath.new" ([Text.Encoding]::ASCII.GetBytes($Text))
    Move-DurableFile "$LiteralPath.new" $LiteralPath
}

function Get-FreeByte {
    <#
    .SYNOPSIS
    Free bytes of the drive of a path; -1 where that can't be told (a share).
    #>
    param ([String] $LiteralPath)
    try { (New-Object -TypeName IO.DriveInfo -ArgumentList $LiteralPath).AvailableFreeSpace } catch { -1 }
}

function Open-StateFolder {
    <#
    .SYNOPSIS
    Makes the state folder when needed and takes its lock.
    .OUTPUTS
    The open lock; null when another holds it. In a dry run nothing is made: without a lock file nobody can be at work.
    #>
    param ([String] $LiteralPath, [Boolean] $DryRun)
    $lock = [IO.Path]::Combine($LiteralPath, 'lock')
    if ($DryRun -and -not [IO.File]::Exists($lock)) { return New-Object -TypeName IO.MemoryStream }
    $made = -not [IO.Directory]::Exists($LiteralPath)
    if ($made) { $null = [IO.Directory]::CreateDirectory($LiteralPath) }
    if (Test-Windows) { Protect-StateFolder $LiteralPath $made }
    try { [IO.File]::Open($lock, 'OpenOrCreate', 'ReadWrite', 'None') }
    catch { if ((Get-ErrorFact $_).Code -notin 32, 33) { throw } }
}

function Protect-StateFolder {
    <#
    .SYNOPSIS
    Gives a new state folder to administrators and SYSTEM alone, and refuses one that somebody else could have filled.
    .NOTES
    Every user may make folders in ProgramData, and what a journal names is put back with an administrator's rights.
    #>
    param ([String] $LiteralPath, [Boolean] $Made)
    if ([IO.File]::GetAttributes($LiteralPath) -band [IO.FileAttributes]::ReparsePoint) { throw [UnauthorizedAccessException] 'The state folder is a link.' }
    $trusted = 'S-1-5-18', 'S-1-5-32-544', [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    if ($Made) {
        $rules = New-Object -TypeName Security.AccessControl.DirectorySecurity
        $rules.SetAccessRuleProtection($true, $false)
        foreach ($sid in $trusted) {
            $who = New-Object -TypeName Security.Principal.SecurityIdentifier -ArgumentList $sid
            $rules.AddAccessRule((New-Object -TypeName Security.AccessControl.FileSystemAccessRule -ArgumentList $who, 'FullControl', 'ContainerInherit, ObjectInherit', 'None', 'Allow'))
        }
        Set-Acl -LiteralPath $LiteralPath -AclObject $rules
    }
    $rules = Get-Acl -LiteralPath $LiteralPath
    if ($rules.GetOwner([Security.Principal.SecurityIdentifier]).Value -notin $trusted) { throw [UnauthorizedAccessException] 'The state folder belongs to somebody else.' }
    foreach ($rule in $rules.GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier])) {
        $writes = [Int32] $rule.FileSystemRights -band [Int32] [Security.AccessControl.FileSystemRights] 'Write, Delete, ChangePermissions, TakeOwnership, DeleteSubdirectoriesAndFiles'
        if ($rule.AccessControlType -eq 'Allow' -and $writes -and $rule.IdentityReference.Value -notin $trusted) { throw [UnauthorizedAccessException] 'Somebody else may write to the state folder.' }
    }
}
