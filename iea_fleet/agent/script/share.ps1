function Test-Share {
    <#
    .SYNOPSIS
    Reaches a folder, and a file in it, step by step, and tells at which step that ended.
    #>
    param ($Probe, [String] $Transaction)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $place = Resolve-Place $Probe.path
    $other = $Probe.as_whom -ne 'logon'
    $path = if ($Probe.as_whom -eq 'user') { $place.Path } else { $place.Network }
    $server = Get-ServerName $path
    $fact = [ordered]@{
        kind = 'share'; id = $Probe.id; ok = $false; layer = 'identity'; as_whom = $Probe.as_whom; account = ''; path = Limit-Text $path 1024; server = Limit-Text $server 260
        addresses = @(); drive = $place.Drive; drive_path = Limit-Text $place.Remembered 1024; win32_code = 0; message = ''; elapsed_ms = 0
    }
    $order = @{ path = $path; file = [String] $Probe.file; mark = "iea-fleet-$Transaction.tmp"; timeout = $Probe.timeout_ms; steps = @(Get-ShareStep $path $Probe) }
    try {
        $fact.account = Limit-Text (Get-Account $Probe.as_whom $server) 260
        # Name and port are the same for everybody, and need no task.
        $refused = -not $other -and $server -and $server -eq $shareLogon.Server -and $null -ne $shareLogon.Problem
        $here = @($order.steps | Where-Object { $_ -in 'name', 'tcp' -or -not ($other -or $refused) })
        $order.steps = @($order.steps | Where-Object { $_ -notin $here })
        $told = Invoke-ShareStep @{ path = $path; file = $order.file; mark = $order.mark; timeout = $order.timeout; steps = $here }
        $fact.addresses = @($told.addresses | ForEach-Object { Limit-Text ([String] $_) 260 })
        if ($told.layer -eq 'none' -and $refused) { $told = @{ layer = 'share'; code = $shareLogon.Problem.Code; message = $shareLogon.Problem.Message } }
        elseif ($told.layer -eq 'none' -and $order.steps.Count) {
            $told = Invoke-AsOther $Probe.as_whom 'Invoke-ShareStep' $order (2 * $Probe.timeout_ms + 10000)
            if ($told.layer -notin $order.steps + 'none') { throw 'The task gave no answer.' }
        }
        $fact.layer = $told.layer
        $fact.win32_code = $told.code
        $fact.message = Limit-Text $told.message
        $fact.ok = $told.layer -eq 'none'
    } catch {
        $fact.account = ''
        $fact.message = (Get-ErrorFact $_).Message
    }
    $fact.elapsed_ms = $clock.ElapsedMilliseconds
    $fact
}

function Get-ShareStep {
    <#
    .SYNOPSIS
    The steps of a probe of a path, in their order.
    #>
    param ([String] $Path, $Probe)
    if (Get-ServerName $Path) { 'name', 'tcp', 'share' }
    'path'
    if ($Probe.file) { 'file', 'read' }
    if ($Probe.write) { 'write' }
}

function Get-Account {
    <#
    .SYNOPSIS
    Who makes an access to a server; throws where nobody is logged on.
    #>
    param ([String] $AsWhom, [String] $Server)
    switch ($AsWhom) {
        'machine' { Get-MachineAccount }
        'user' { (Get-FirstPerson).Name }
        default {
            if ($Server -and $Server -eq $shareLogon.Server) { $shareLogon.Order.username } else { [Environment]::UserDomainName + '\' + [Environment]::UserName }
        }
    }
}

function Get-MachineAccount {
    <#
    .SYNOPSIS
    The workstation's own account as a server sees it.
    #>
    $name = $env:COMPUTERNAME
    if (-not $name) { $name = [Environment]::MachineName }
    $name + '$'
}

function Get-FirstPerson {
    <#
    .SYNOPSIS
    The person at the screen; the first where there are several. Throws where there is none.
    #>
    $person = @(try { Get-Person } catch { $null = $_ })
    if (-not $person.Count) { throw 'Nobody is logged on.' }
    $person[0]
}

function Invoke-ShareStep {
    <#
    .SYNOPSIS
    Takes steps until one fails: layer (none: all went well), code, message, addresses.
    #>
    param ($Order)
    $told = @{ layer = 'none'; code = 0; message = ''; addresses = @() }
    foreach ($step in $Order.steps) {
        try {
            $found = @(Open-ShareStep $step $Order.path $Order.file $Order.mark $Order.timeout)
            if ($step -eq 'name') { $told.addresses = $found }
        } catch {
            $fact = Get-ErrorFact $_
            $base = $_.Exception.GetBaseException()
            if ($base -is [TimeoutException]) { $fact.Code = 10060 }
            if ($base -is [Net.Sockets.SocketException]) { $fact.Code = [Int32] $base.SocketErrorCode }
            # The system's own sentence, without a path.
            if ($fact.Code -and (Test-Windows)) { $fact.Message = [ComponentModel.Win32Exception]::new([Int32] $fact.Code).Message }
            $told.layer = $step
            $told.code = $fact.Code
            $told.message = $fact.Message
            return $told
        }
    }
    $told
}

function Open-ShareStep {
    <#
    .SYNOPSIS
    One step towards a folder and its file, in this session; throws what the system says. The step name gives addresses.
    .PARAMETER Mark
    The name of the file that the step write makes and removes again.
    #>
    param ([String] $Step, [String] $Path, [String] $File, [String] $Mark, [Int32] $TimeoutMs)
    $open = {
        param ($Folder)
        # GetAttributes of .NET Framework asks again by FindFirstFile and gives that one's code.
        $entries = [IO.Directory]::EnumerateFileSystemEntries($Folder).GetEnumerator()
        try { $null = $entries.MoveNext() } finally { $entries.Dispose() }
    }
    $server, $share = ($Path.TrimStart('\') -split '\\', 3)[0, 1]
    $inside = [IO.Path]::Combine($Path, $File.Replace('\', [String] [IO.Path]::DirectorySeparatorChar))
    switch ($Step) {
        'name' { Find-Address $server $TimeoutMs ([Diagnostics.Stopwatch]::StartNew()) }
        'tcp' {
            $clock = [Diagnostics.Stopwatch]::StartNew()
            (Connect-Address @(Find-Address $server $TimeoutMs $clock) 445 $TimeoutMs $clock).Close()
        }
        'share' {
            # A share whose root is closed to an account may have folders that are open to it.
            try { & $open "\\$server\$share\" } catch { if ((Get-ErrorFact $_).Code -ne 5) { throw } else { & $open $Path } }
        }
        'path' { & $open "$Path$([IO.Path]::DirectorySeparatorChar)" }
        'file' { $null = [IO.File]::GetAttributes($inside) }
        'read' {
            $stream = [IO.File]::Open($inside, 'Open', 'Read', 'ReadWrite, Delete')
            try { $null = $stream.ReadByte() } finally { $stream.Dispose() }
        }
        'write' {
            $made = [IO.Path]::Combine($Path, $Mark)
            try { [IO.File]::WriteAllText($made, 'iea-fleet') } finally { [IO.File]::Delete($made) }
        }
    }
}

function Connect-Share {
    <#
    .SYNOPSIS
    A session of this logon with a file server, under other credentials: every access to that server is made with it.
    #>
    param ($Logon)
    $server, $share = ($Logon.path.TrimStart('\') -split '\\', 3)[0, 1]
    # Built here, so that the password is in no argument of a program.
    $credential = [Management.Automation.PSCredential]::new($Logon.username, [Net.NetworkCredential]::new('', $Logon.password).SecurePassword)
    try { $null = New-PSDrive -Name 'iea-fleet' -PSProvider FileSystem -Root "\\$server\$share" -Credential $credential -Scope Global }
    # The session is there by then; the root of the share is closed to this account.
    catch { if ($_.FullyQualifiedErrorId -notlike 'DriveRootError*') { throw } }
}

function Disconnect-Share {
    <#
    .SYNOPSIS
    Drops every session of this logon with the server of a path, and connects the drives among them again when asked.
    #>
    param ([String] $Path, [Boolean] $Again)
    Get-PSDrive -Name 'iea-fleet' -Scope Global -ErrorAction SilentlyContinue | Remove-PSDrive -Force -Scope Global
    $network = New-Object -ComObject WScript.Network
    $server = '\\' + ($Path.TrimStart('\') -split '\\', 2)[0] + '\'
    $pairs = @($network.EnumNetworkDrives())
    for ($index = 0; $index + 1 -lt $pairs.Count; $index += 2) {
        $letter, $remote = $pairs[$index, ($index + 1)]
        if (-not $remote.StartsWith($server, 'OrdinalIgnoreCase')) { continue }
        $null = $network.RemoveNetworkDrive($(if ($letter) { $letter } else { $remote }), $true, $false)
        if ($letter -and $Again) { $null = $network.MapNetworkDrive($letter, $remote, $false) }
    }
}
