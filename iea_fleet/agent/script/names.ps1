# What the names of the request stand for, drive and all, and why the share logon was not connected.
$pathNames = @{}
$shareLogon = @{ Server = ''; Username = ''; Order = $null; Problem = $null }

function Open-Surrounding {
    <#
    .SYNOPSIS
    Defines the names of a request and connects its share logon; Round.Leave takes both back.
    .NOTES
    A name becomes a variable of this process, so that every path is expanded alike.
    #>
    param ($Request, $Round)
    $Round.Leave = {
        foreach ($name in @($pathNames.Keys)) { [Environment]::SetEnvironmentVariable($name, [NullString]::Value) }
        if ($shareLogon.Server) { try { Disconnect-Share $shareLogon.Order.path } catch { $null = $_ } }
    }
    foreach ($name in $Request.names) { [Environment]::SetEnvironmentVariable($name.name, [NullString]::Value) }
    foreach ($name in $Request.names) {
        $value = $name.text
        if ($null -eq $value) { $value = Read-Setting $name.at | Where-Object { $_.state -eq 'present' -and $_.value } | ForEach-Object { $_.value } | Select-Object -First 1 }
        if (-not $value) { continue }
        $value = [Environment]::ExpandEnvironmentVariables($value)
        $pathNames[$name.name] = $value
        [Environment]::SetEnvironmentVariable($name.name, (Resolve-Place $value).Network)
    }
    if ($null -ne $Request.connect) {
        $shareLogon.Order = $Request.connect.Clone()
        $shareLogon.Order.path = (Resolve-Place $Request.connect.path).Network
        $shareLogon.Server = Get-ServerName $shareLogon.Order.path
        Connect-Logon
    }
}

function Connect-Logon {
    <#
    .SYNOPSIS
    Connects the share logon in place of every session with its server; what goes wrong is told by the probes.
    #>
    $shareLogon.Problem = $null
    # Two identities towards one server are one too many (1219).
    try { Disconnect-Share $shareLogon.Order.path } catch { $null = $_ }
    try { Connect-Share $shareLogon.Order } catch { $shareLogon.Problem = Get-ErrorFact $_ }
}

function Resolve-Place {
    <#
    .SYNOPSIS
    What a path of a share names, with the names of the request in it.
    .OUTPUTS
    Path as it is named; Drive that it begins with and that this session does not have, Remembered for it by a person's profile; Network: the path with that put in.
    #>
    param ([String] $Path)
    foreach ($name in $pathNames.Keys) { $Path = [Regex]::Replace($Path, "%$name%", $pathNames[$name].Replace('$', '$$'), 'IgnoreCase') }
    $Path = [Environment]::ExpandEnvironmentVariables($Path)
    if ([IO.Path]::DirectorySeparatorChar -eq '\') { $Path = $Path.Replace('/', '\') }
    elseif (-not $Path.StartsWith('\\') -and $Path -notmatch '^[A-Za-z]:') { $Path = $Path.Replace('\', '/') }
    $place = @{ Path = $Path; Drive = ''; Remembered = ''; Network = $Path }
    if ($Path -notmatch '^[A-Za-z]:(\\|\z)') { return $place }
    $drive = $Path.Substring(0, 2).ToUpperInvariant()
    if (@([IO.DriveInfo]::GetDrives() | Where-Object { $_.Name -eq "$drive\" }).Count) { return $place }
    $place.Drive = $drive
    try { $place.Remembered = [String] (Get-Person | ForEach-Object { $_.Drives[$drive] } | Where-Object { $_ } | Select-Object -First 1) }
    catch { $place.Remembered = '' }
    if ($place.Remembered) { $place.Network = $place.Remembered.TrimEnd('\') + $Path.Substring(2) }
    $place
}

function Get-ServerName {
    <#
    .SYNOPSIS
    The server of a network path; empty: it is none.
    #>
    param ([String] $Path)
    [Regex]::Match($Path, '^\\\\([^\\]+)').Groups[1].Value
}

function Get-Person {
    <#
    .SYNOPSIS
    Who is logged on at the screen: Name, Sid, and Drives: what each drive letter is remembered to be.
    #>
    if (-not (Test-Windows)) { throw 'This system does not tell who is logged on.' }
    $users = Open-RegistryKey @{ Hive = 'Users'; Key = ''; View = 'Registry64' }
    # This logon's own account last: it may have a session there besides the person's.
    $me = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
    foreach ($sid in $users.GetSubKeyNames() | Sort-Object -Property { $_ -eq $me }) {
        if ($sid -notmatch '^S-1-(5-21|12-1)-' -or $sid -like '*_Classes') { continue }
        $told = $users.OpenSubKey("$sid\Volatile Environment")
        if ($null -eq $told) { continue }
        $person = @{ Name = "$($told.GetValue('USERDOMAIN'))\$($told.GetValue('USERNAME'))"; Sid = $sid; Drives = @{} }
        $network = $users.OpenSubKey("$sid\Network")
        if ($null -ne $network) {
            foreach ($letter in $network.GetSubKeyNames()) { $person.Drives["$($letter.ToUpperInvariant()):"] = [String] $network.OpenSubKey($letter).GetValue('RemotePath') }
        }
        $person
    }
}

function Read-People {
    <#
    .SYNOPSIS
    The facts of a people probe.
    #>
    param ($Probe)
    $fact = [ordered]@{ kind = 'people'; id = $Probe.id; state = 'present'; people = @() }
    try { $fact.people = @(Get-Person | Select-Object -First 32 | ForEach-Object { Limit-Text $_.Name 260 }) } catch { $fact.state = 'unsupported' }
    $fact
}
