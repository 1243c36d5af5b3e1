function ConvertTo-AsciiJson {
    <#
    .SYNOPSIS
    Writes a value as JSON in plain ASCII: dictionaries, lists, text, numbers, booleans, null.
    .NOTES
    ConvertTo-Json of 5.1 gives some arrays as {"value": ..., "Count": ...} and leaves characters beyond ASCII bare.
    #>
    param ($Value)
    if ($null -eq $Value) { return 'null' }
    if ($Value -is [Boolean]) { return ([String] $Value).ToLowerInvariant() }
    if ($Value -is [String]) {
        # Half a surrogate pair is no text that a reader could take.
        $text = [Regex]::Replace($Value, '[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]', [String] [Char] 0xfffd)
        $escape = { param ($Match) '\u{0:x4}' -f [Int32] [Char] $Match.Value }
        return '"' + [Regex]::Replace($text, '["\\]|[^\x20-\x7e]', $escape) + '"'
    }
    if ($Value -is [Collections.IDictionary]) {
        $members = foreach ($name in $Value.Keys) { (ConvertTo-AsciiJson $name) + ':' + (ConvertTo-AsciiJson $Value[$name]) }
        return '{' + (@($members) -join ',') + '}'
    }
    if ($Value -is [Collections.IEnumerable]) {
        $items = foreach ($item in $Value) { ConvertTo-AsciiJson $item }
        return '[' + (@($items) -join ',') + ']'
    }
    $Value.ToString([CultureInfo]::InvariantCulture)
}

function Get-Sha256 {
    <#
    .SYNOPSIS
    SHA-256 of bytes in lower-case hexadecimal.
    #>
    param ([Byte[]] $Content)
    [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($Content)).Replace('-', '').ToLowerInvariant()
}

function Format-Answer {
    <#
    .SYNOPSIS
    Puts an answer's JSON between the markers that its reader looks for.
    #>
    param ($Nonce, $Json)
    $hash = Get-Sha256 ([Text.Encoding]::ASCII.GetBytes($Json))
    "<<iea-fleet:${Nonce}:$($Json.Length):$hash>>$Json<<iea-fleet:${Nonce}:end>>"
}

function Limit-Text {
    <#
    .SYNOPSIS
    Cuts a text to what the answer's schema takes.
    #>
    param ([String] $Text, [Int32] $Length = 2000)
    if ($Text.Length -gt $Length) { $Text.Substring(0, $Length) } else { $Text }
}

function Format-Moment {
    <#
    .SYNOPSIS
    A time in UTC as RFC 3339 writes it, whatever the culture's calendar.
    #>
    param ([DateTime] $Time)
    $Time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", [CultureInfo]::InvariantCulture)
}

function Test-Windows {
    <#
    .SYNOPSIS
    Whether this is Windows; elsewhere the script runs for the sake of tests.
    #>
    [Environment]::OSVersion.Platform -eq 'Win32NT'
}

function Get-ErrorFact {
    <#
    .SYNOPSIS
    What an error record says: the Win32 code in its HRESULT ([MS-ERREF] 2.1), 0 when it has none, and its sentence.
    #>
    param ($ErrorRecord)
    $base = $ErrorRecord.Exception.GetBaseException()
    $code = 0
    if ($base -is [ComponentModel.Win32Exception]) { $code = $base.NativeErrorCode }
    # The registry's "access denied", whose HRESULT is .NET's own.
    elseif ($base -is [Security.SecurityException]) { $code = 5 }
    # 87 is what .NET gives for its own arguments.
    elseif (($base.HResult -band 0xffff0000) -eq 0x80070000 -and $base.HResult -ne 0x80070057) { $code = $base.HResult -band 0xffff }
    # Elsewhere the HRESULT is errno: 28 ENOSPC, 11 EWOULDBLOCK.
    elseif ($base.HResult -eq 28) { $code = 112 }
    elseif ($base.HResult -eq 11) { $code = 32 }
    @{ Code = $code; Message = (Limit-Text $base.Message) }
}

function Get-HostFact {
    <#
    .SYNOPSIS
    Who answers, and what it can do.
    #>
    $now = [DateTime]::UtcNow
    # The performance counter begins with the system; WMI would cost a second and is broken on some workstations.
    $seconds = [Diagnostics.Stopwatch]::GetTimestamp() / [Diagnostics.Stopwatch]::Frequency
    $name = $env:COMPUTERNAME
    if (-not $name) { $name = [Environment]::MachineName }
    $id = Read-RegistryValue @{ Hive = 'LocalMachine'; Key = 'SOFTWARE\Microsoft\Cryptography'; Value = 'MachineGuid'; View = 'Registry64' }
    [ordered]@{
        computer_name = Limit-Text $name 260
        machine_id = Limit-Text $id.Value 260
        user = Limit-Text ([Environment]::UserDomainName + '\' + [Environment]::UserName) 260
        os_version = Limit-Text ([Environment]::OSVersion.VersionString) 260
        powershell = [String] $PSVersionTable.PSVersion
        edition = [String] $PSVersionTable.PSEdition
        culture = [CultureInfo]::CurrentCulture.Name
        time = Format-Moment $now
        boot_time = Format-Moment $now.AddSeconds(-$seconds)
        utc_offset_min = [Int32] [TimeZoneInfo]::Local.GetUtcOffset($now).TotalMinutes
        # 544: Administrators. Of a filtered token (UAC) the group is no member's.
        elevated = if (Test-Windows) { ([Security.Principal.WindowsPrincipal] [Security.Principal.WindowsIdentity]::GetCurrent()).IsInRole(544) }
    }
}
