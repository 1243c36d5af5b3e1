function Get-RegistryPlace {
    <#
    .SYNOPSIS
    The places of a registry setting: one of the machine, or one in every loaded hive of a person.
    #>
    param ($Target)
    $suffix = ":$($Target.value)"
    if ($Target.view -eq 32) { $suffix += '(32)' }
    $view = "Registry$($Target.view)"
    if (-not (Test-Windows) -or $Target.hive -eq 'HKLM') {
        return @{ Hive = 'LocalMachine'; Key = $Target.key; Value = $Target.value; View = $view; Place = $Target.hive + '\' + $Target.key + $suffix }
    }
    $users = Open-RegistryKey @{ Hive = 'Users'; Key = ''; View = $view }
    $me = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    foreach ($name in $users.GetSubKeyNames()) {
        if ($name -notmatch '^S-1-(5-21|12-1)-' -or $name -like '*_Classes') { continue }
        # WinRM loads the hive of its logon; only who is at the screen has this key.
        if ($name -eq $me -and $null -eq $users.OpenSubKey("$name\Volatile Environment")) { continue }
        $key = "$name\$($Target.key)"
        @{ Hive = 'Users'; Key = $key; Value = $Target.value; View = $view; Place = "HKU\$key$suffix" }
    }
}

function Open-RegistryKey {
    <#
    .SYNOPSIS
    The key of a place; null where it is not there. With Writable it is made when needed.
    #>
    param ($Place, [Switch] $Writable)
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey($Place.Hive, $Place.View)
    if ($Writable) { $base.CreateSubKey($Place.Key) } else { $base.OpenSubKey($Place.Key) }
}

function Read-RegistryValue {
    <#
    .SYNOPSIS
    The value at a place: State, Kind, Value as text, Code, Message.
    #>
    param ($Place)
    $fact = @{ State = 'absent'; Kind = ''; Value = $null; Code = 0; Message = '' }
    if (-not (Test-Windows)) {
        $fact.State = 'unsupported'
        $fact.Message = 'This system has no registry.'
        return $fact
    }
    try {
        $key = Open-RegistryKey $Place
        if ($null -eq $key) { return $fact }
        $data = $key.GetValue($Place.Value, $null, 'DoNotExpandEnvironmentNames')
        if ($null -eq $data) { return $fact }
        $fact.Kind = [String] $key.GetValueKind($Place.Value)
        $key.Dispose()
        $text = switch ($fact.Kind) {
            'DWord' { [String] [BitConverter]::ToUInt32([BitConverter]::GetBytes([Int32] $data), 0) }
            'QWord' { [String] [BitConverter]::ToUInt64([BitConverter]::GetBytes([Int64] $data), 0) }
            { $_ -in 'String', 'ExpandString' } { $data }
            default { throw [FormatException] "The value is of the kind $_." }
        }
        if ($text.Length -gt 4096) { throw [FormatException] 'The value is longer than 4096 characters.' }
        $fact.State = 'present'
        $fact.Value = $text
    } catch {
        $told = Get-ErrorFact $_
        $fact.State = if ($_.Exception.GetBaseException() -is [FormatException]) { 'malformed' } else { 'unreadable' }
        $fact.Code = $told.Code
        $fact.Message = $told.Message
    }
    $fact
}

function Set-DurableValue {
    <#
    .SYNOPSIS
    Writes a registry value; without a kind it is removed, and with it the keys below Root that are empty then.
    #>
    param ($Place, [String] $Kind, [String] $Value, [String] $Root)
    $key = Open-RegistryKey $Place -Writable
    if ($Kind) {
        $data = switch ($Kind) {
            'DWord' { [BitConverter]::ToInt32([BitConverter]::GetBytes([UInt32]::Parse($Value)), 0) }
            'QWord' { [BitConverter]::ToInt64([BitConverter]::GetBytes([UInt64]::Parse($Value)), 0) }
            default { $Value }
        }
        $key.SetValue($Place.Value, $data, $Kind)
    } else { $key.DeleteValue($Place.Value, $false) }
    $key.Flush()
    $path = $Place.Key
    while (-not $Kind -and $path.Length -gt $Root.Length -and $key.ValueCount + $key.SubKeyCount -eq 0) {
        $key.Dispose()
        $name = Split-KeyPath $path -Leaf
        $path = Split-KeyPath $path
        $key = Open-RegistryKey @{ Hive = $Place.Hive; View = $Place.View; Key = $path } -Writable
        $key.DeleteSubKey($name, $false)
    }
    $key.Dispose()
}

function Split-KeyPath {
    <#
    .SYNOPSIS
    A registry key's path without its last name, or that name.
    #>
    param ($Path, [Switch] $Leaf)
    $at = $Path.LastIndexOf([Char] '\')
    if ($Leaf) { $Path.Substring($at + 1) } else { $Path.Substring(0, [Math]::Max(0, $at)) }
}

function Get-ExistingKey {
    <#
    .SYNOPSIS
    The longest part of a place's key that is there already.
    #>
    param ($Place)
    $path = $Place.Key
    while ($path -and $null -eq (Open-RegistryKey @{ Hive = $Place.Hive; View = $Place.View; Key = $path })) { $path = Split-KeyPath $path }
    $path
}
