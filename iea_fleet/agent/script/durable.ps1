function Write-DurableFile {
    <#
    .SYNOPSIS
    Writes a whole file and has it on the disk before it returns; with Like the file is first made as a copy, with its attributes.
    #>
    param ([String] $Path, [Byte[]] $Content, [String] $Like)
    if ($Like) {
        # Its copy could be neither filled nor removed, nor the file be replaced (ReplaceFile).
        if ([IO.File]::GetAttributes($Like) -band 1) { throw (New-Fault 5 'The file is read-only.') }
        [IO.File]::Copy($Like, $Path)
    }
    $stream = [IO.File]::Open($Path, 'OpenOrCreate', 'Write', 'None')
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
    param ([String] $Path, [String] $Destination, [String] $Backup)
    if (-not [IO.File]::Exists($Destination)) { [IO.File]::Move($Path, $Destination) }
    # On a share whose rights are less than full control nobody may set an ACL; the folder's is inherited there.
    else { [IO.File]::Replace($Path, $Destination, $(if ($Backup) { $Backup } else { [NullString]::Value }), $Path.StartsWith('\\')) }
}

function Remove-DurableFile {
    <#
    .SYNOPSIS
    Removes a file; one that is not there is no error.
    #>
    param ([String] $Path)
    [IO.File]::Delete($Path)
}

function Write-DurableText {
    <#
    .SYNOPSIS
    Writes a file of the state folder whole beside itself and moves it into place.
    #>
    param ($Path, $Text)
    Write-DurableFile "$Path.new" ([Text.Encoding]::ASCII.GetBytes($Text))
    # What has just been closed an antivirus may hold for a moment.
    Invoke-Patiently { Move-DurableFile "$Path.new" $Path }
}

function Get-FreeByte {
    <#
    .SYNOPSIS
    Free bytes of the drive of a path; -1 where that can't be told (a share).
    #>
    param ([String] $Path)
    try { [IO.DriveInfo]::new($Path).AvailableFreeSpace } catch { -1 }
}

function Open-StateFolder {
    <#
    .SYNOPSIS
    Makes the state folder when needed and takes its lock.
    .OUTPUTS
    The open lock; null when another holds it. In a dry run nothing is made: without a lock file nobody can be at work.
    #>
    param ($Path, $DryRun)
    $lock = "$Path/lock"
    if ($DryRun -and -not [IO.File]::Exists($lock)) { return [IO.MemoryStream]::new() }
    $made = -not [IO.Directory]::Exists($Path)
    if ($made) { $null = [IO.Directory]::CreateDirectory($Path) }
    if (Test-Windows) { Protect-StateFolder $Path $made }
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
    param ($Path, $Made)
    if ([IO.File]::GetAttributes($Path) -band [IO.FileAttributes]::ReparsePoint) { throw (New-Fault 5 'The state folder is a link.') }
    $me = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    if ($Made) {
        $rules = [Security.AccessControl.DirectorySecurity]::new()
        $rules.SetSecurityDescriptorSddlForm("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;$me)", 'Access')
        Set-Acl -LiteralPath $Path -AclObject $rules
    }
    # SYSTEM, Administrators, the local and the domain's administrators, and whoever this is ([MS-DTYP] 2.5.1)
    $trusted = "SY|BA|LA|DA|EA|$me"
    $rules = (Get-Acl -LiteralPath $Path).GetSecurityDescriptorSddlForm('All')
    if ($rules -notmatch "^O:($trusted)G:") { throw (New-Fault 5 'The state folder belongs to somebody else.') }
    foreach ($rule in [Regex]::Matches($rules, '\(A;[^;]*;([^;]*);[^;]*;[^;]*;([^)]*)\)')) {
        # What only reads: file read, execute, generic read and execute, and both together.
        if ($rule.Groups[2].Value -notmatch "^($trusted)$" -and $rule.Groups[1].Value -notmatch '^(FR|FX|GR|GX|0x1200a9)+$') { throw (New-Fault 5 'Others may write there.') }
    }
}
