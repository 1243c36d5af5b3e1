function Get-RegistryPlace {
    <#
    .SYNOPSIS
    The places of a registry setting: one of the machine, or one in every loaded hive of a person.
    #>
    param ($Target)
    $suffix = if ($Target.view -eq 32) { '(32)' } else { '' }
    $place = @{ Hive = 'LocalMachine'; Key = $Target.key; Value = $Target.value; View = "Registry$($Target.view)" }
    if (-not (Test-Windows) -or $Target.hive -eq 'HKLM') {
        $place.Place = "$($Target.hive)\$($Target.key):$($Target.value)$suffix"
        return $place
    }
    $users = [Microsoft.Win32.RegistryKey]::OpenBaseKey('Users', $place.View)
    try { $names = $users.GetSubKeyNames() } finally { $users.Dispose() }
    foreach ($name in $names) {
        if ($name -notmatch '^S-1-(5-21|12-1)-' -or $name -like '*_Classes') { continue }
        @{ Hive = 'Users'; Key = "$name\$($Target.key)"; Value = $Target.value; View = $place.View; Place = "HKU\$name\$($Target.key):$($Target.value)$suffix" }
    }
}

function Open-RegistryKey {
    <#
    .SYNOPSIS
    The key of a place; null where it is not there. With Writable it is made when needed.
    #>
    param ($Place, [Switch] $Writable)
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey($Place.Hive, $Place.View)
    try { if ($Writable) { $base.CreateSubKey($Place.Key) } else { $base.OpenSubKey($Place.Key) } } finally { $base.Dispose() }
}

function Read-RegistryValue {
    <#
    .SYNOPSIS
    The value at a place: State, Kind, Value as text, Code, Message.
    #>
    param ($Place)
    $fact = @{ State = 'absent'; Kind = $null; Value = $null; Code = 0; Message = '' }
    if (-not (Test-Windows)) {
        $fact.State = 'unsupported'
        $fact.Message = 'This system has no registry.'
        return $fact
    }
    try {
        $key = Open-RegistryKey $Place
        if ($null -eq $key) { return $fact }
        try {
            $data = $key.GetValue($Place.Value, $null, 'DoNotExpandEnvironmentNames')
            if ($null -eq $data) { return $fact }
            $fact.Kind = [String] $key.GetValueKind($Place.Value)
        } finally { $key.Dispose() }
        $fact.State = 'present'
        $fact.Value = switch ($fact.Kind) {
            'DWord' { [String] [BitConverter]::ToUInt32([BitConverter]::GetBytes([Int32] $data), 0) }
            'QWord' { [String] [BitConverter]::ToUInt64([BitConverter]::GetBytes([Int64] $data), 0) }
            { $_ -in 'String', 'ExpandString' } { $data }
            default { throw [FormatException] "The value is of the kind $_." }
        }
        if ($fact.Value.Length -gt 4096) { throw [FormatException] 'The value is longer than 4096 characters.' }
    } catch {
        $told = Get-ErrorFact $_
        $fact.State = if ($_.Exception.GetBaseException() -is [FormatException]) { 'malformed' } else { 'unreadable' }
        $fact.Value = $null
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
    try {
        if ($Kind) {
            $data = switch ($Kind) {
                'DWord' { [BitConverter]::ToInt32([BitConverter]::GetBytes([UInt32]::Parse($Value)), 0) }
                'QWord' { [BitConverter]::ToInt64([BitConverter]::GetBytes([UInt64]::Parse($Value)), 0) }
                default { $Value }
            }
            $key.SetValue($Place.Value, $data, $Kind)
        } else { $key.DeleteValue($Place.Value, $false) }
        $key.Flush()
    } finally { $key.Dispose() }
    if ($Kind) { return }
    $path = $Place.Key
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey($Place.Hive, $Place.View)
    try {
        while ($path.Length -gt $Root.Length) {
            $key = $base.OpenSubKey($path)
            $used = $key.ValueCount + $key.SubKeyCount
            $key.Dispose()
            if ($used) { break }
            $base.DeleteSubKey($path, $false)
            $path = $path.Substring(0, [Math]::Max(0, $path.LastIndexOf([Char] '\')))
        }
    } finally { $base.Dispose() }
}

function Get-ExistingKey {
    <#
    .SYNOPSIS
    The longest part of a place's key that is there already.
    #>
    param ($Place)
    $path = $Place.Key
    while ($path) {
        $key = Open-RegistryKey @{ Hive = $Place.Hive; View = $Place.View; Key = $path }
        if ($null -ne $key) {
            $key.Dispose()
            break
        }
        $path = $path.Substring(0, [Math]::Max(0, $path.LastIndexOf([Char] '\')))
    }
    $path
}
