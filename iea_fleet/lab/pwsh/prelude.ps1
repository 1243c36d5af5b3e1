# What Windows has and PowerShell on Linux has not, as far as the product's script asks for it: services, a file each
# with the state in it, the workstation's own processes, and its file server. Put before the product's own loader and
# before nothing else. An alias goes before a function of the same name: so the script's own functions are replaced.
#
# IEA_LAB_SHARE names a file that says how the workstation sees its file server; without it there is none. JSON, UTF-8:
#   share      "\\\\SRV\\Impact": server and share. What lies below them lies in root.
#   root       the folder on this machine.
#   addresses  ["192.0.2.20"]: what the server's name stands for.
#   person     "ASSO\\marie"; null: nobody is logged on.
#   machine    "POSTE-01$": the machine's account.
#   drives     {"P:": "\\\\SRV\\Impact"}: what the person's profile remembers.
#   declines   true: the person says no to a restart.
#   plain_user "ASSO\\iea": the logon, which is without administrator's rights; null: it has them.
#   accounts   {"marie": {"password": "...", "code": 0}}: those of the server, by name in lower case, without a domain;
#              code: what a logon with the right password meets. Any other logon meets 1326.
#   faults     [{"layer": "share", "code": 64, "concerns": ["logon", "user"], "despite_logon": false, "opened": 53,
#              "ends": "reconnect_share"}], as they are met. concerns null: everybody's accesses. despite_logon false: not
#              met by a connected share logon. opened: the code that a program meets which opens a file there or by the
#              drive, or writes one (layer write). ends: what ends it: reconnect_share, restore_drive (of a lost drive:
#              met by the drive alone), "restart_service NAME", restart_computer, several in one text; null: nothing.
#   sentences  {"53": "..."}: what the system says for a code.
# The script writes the file again: without the faults that its steps have ended, and with "restart_delay_s" once
# the computer was told to restart. IEA_LAB_BOOTED is when the workstation started, as an answer tells it.

# Counts the durable steps of the script where a power cut is to be played.
$global:LabStep = 0
function Get-Service {
    [CmdletBinding()]
    param ([Parameter(Position = 0)] [String[]] $Name)
    if (Get-LabPlainUser) { throw "Cannot open Service Control Manager on computer '.'. This operation might require other privileges." }
    foreach ($wanted in $Name) {
        $files = @(Get-ChildItem -LiteralPath $env:IEA_LAB_SERVICES | Where-Object { $_.Name -like $wanted })
        if ($files.Count -eq 0) {
            Write-Error -ErrorId 'NoServiceFoundForGivenName' "Cannot find any service with service name '$wanted'."
        }
        foreach ($file in $files) {
            [PSCustomObject]@{ Name = $file.Name; Status = ([IO.File]::ReadAllText($file.FullName)).Trim() }
        }
    }
}
function Restart-Service {
    [CmdletBinding()]
    param ([Parameter(Position = 0)] [String[]] $Name, [Switch] $Force)
    foreach ($service in @(Get-Service -Name $Name)) {
        [IO.File]::WriteAllText((Join-Path $env:IEA_LAB_SERVICES $service.Name), 'Running')
        Complete-LabStep "restart_service $($service.Name)"
        # What the application does as its service starts.
        if ($env:IEA_LAB_STARTED) { $null = & $env:IEA_LAB_STARTED $service.Name }
    }
}
function Get-Process {
    foreach ($file in @(Get-ChildItem -LiteralPath $env:IEA_LAB_PROCESSES)) {
        [PSCustomObject]@{ ProcessName = $file.Name; Id = [Int32]::MaxValue }
    }
}
function Get-LabShare {
    if ($env:IEA_LAB_SHARE) { ConvertFrom-Json -AsHashtable ([IO.File]::ReadAllText($env:IEA_LAB_SHARE)) }
}
# An exception as the workstation's system would give it.
function New-LabFault {
    param ($Share, $Code)
    $sentence = if ($null -ne $Share -and $null -ne $Share['sentences']) { $Share.sentences["$Code"] }
    [ComponentModel.Win32Exception]::new([Int32] $Code, [String] $sentence)
}
function Get-LabPlainUser {
    $share = Get-LabShare
    if ($null -ne $share) { $share['plain_user'] }
}
function Assert-LabAdministrator {
    if (Get-LabPlainUser) { throw (New-LabFault (Get-LabShare) 5) }
}
# Ends the faults that something ends.
function Complete-LabStep {
    param ([String] $What, $RestartDelayS)
    $share = Get-LabShare
    if ($null -eq $share) { return }
    $share.faults = @($share.faults | Where-Object { -not $_['ends'] -or -not $_.ends.Contains($What) })
    if ($null -ne $RestartDelayS) { $share.restart_delay_s = $RestartDelayS }
    [IO.File]::WriteAllText($env:IEA_LAB_SHARE, (ConvertTo-Json -Depth 5 -InputObject $share))
}
# Throws what an access meets at these layers. Opening: as a program meets it. Drive: by the person's drive.
function Assert-LabLayer {
    param ($Share, [String[]] $Layer, [String] $AsWhom, [Switch] $Opening, [Switch] $Drive)
    foreach ($fault in $Share.faults) {
        if ($fault.layer -notin $Layer -or ($null -ne $fault['concerns'] -and $AsWhom -notin $fault.concerns)) { continue }
        if ($global:LabLogon -and $AsWhom -eq 'logon' -and $fault['despite_logon'] -eq $false) { continue }
        if ("$($fault['ends'])".Contains('restore_drive') -and -not $Drive) { continue }
        $code = if ($Opening -and $null -ne $fault['opened']) { $fault.opened } else { $fault.code }
        throw (New-LabFault $Share $code)
    }
}
# The network path that a path is for a person with the drives that they have.
function Get-LabNetworkPath {
    param ($Share, [String] $Path, [String] $AsWhom)
    $plain = $Path.Replace('/', '\')
    if ($null -eq $Share -or $AsWhom -ne 'user') { return $plain }
    foreach ($drive in $Share.drives.Keys) {
        if ($plain.StartsWith($drive, 'OrdinalIgnoreCase')) { return $Share.drives[$drive] + $plain.Substring($drive.Length) }
    }
    $plain
}
# Where a network path lies on this machine; null: not on the share.
function Get-LabPath {
    param ($Share, [String] $NetworkPath)
    if ($null -ne $Share -and "$NetworkPath\".StartsWith($Share.share + '\', 'OrdinalIgnoreCase')) {
        $Share.root + $NetworkPath.Substring($Share.share.Length).Replace('\', '/').TrimEnd('/')
    }
}
# A function of the script that the lab's one stands before.
function Get-Own {
    param ([String] $Name)
    Get-Command -Name $Name -CommandType Function
}
function Expand-LabPath {
    param ([String] $Path)
    $own = & (Get-Own Expand-Path) $Path
    $real = Get-LabPath (Get-LabShare) $own.Replace('/', '\')
    if ($null -eq $real) { $own } else { $real }
}
function Test-LabServerFile {
    param ([String] $Path)
    $share = Get-LabShare
    $null -ne $share -and $Path.StartsWith($share.root + '/')
}
# Throws what a program of the logon meets that opens, or writes, a file of the share.
function Assert-LabFile {
    param ([String] $Path, [Switch] $Write)
    if (-not (Test-LabServerFile $Path)) { return }
    $share = Get-LabShare
    Assert-LabLayer $share ('name', 'tcp', 'share', 'path') 'logon' -Opening
    if ($global:LabLogonRefused) { throw (New-LabFault $share $global:LabLogonRefused) }
    if ($Write) { Assert-LabLayer $share 'write' 'logon' -Opening }
}
function Read-LabFile {
    param ([String] $Path, [Int64] $Tail = 0)
    Assert-LabFile $Path
    & (Get-Own Read-FileByte) $Path $Tail
}
function Write-LabFile {
    param ([String] $Path, [Byte[]] $Content, [String] $Like)
    # Beside the settings files an ordinary account may make none; the state folder is its own.
    if ($Path -match '\.[0-9a-f]{32}\.new$' -and -not (Test-LabServerFile $Path)) { Assert-LabAdministrator }
    Assert-LabFile $Path -Write
    & (Get-Own Write-DurableFile) $Path $Content $Like
}
function Open-LabShareStep {
    param ([String] $Step, [String] $Path, [String] $File, [String] $Mark, [Int32] $TimeoutMs, [String] $AsWhom = 'logon')
    $share = Get-LabShare
    $network = Get-LabNetworkPath $share $Path $AsWhom
    $real = Get-LabPath $share $network
    if ($null -ne $real) {
        $byDrive = -not $Path.StartsWith('\\')
        if ($byDrive -and $Step -eq 'path') {
            Assert-LabLayer $share 'path' $AsWhom -Drive
            Assert-LabLayer $share ('name', 'tcp', 'share') $AsWhom -Opening
        }
        Assert-LabLayer $share $Step $AsWhom
        if ($Step -eq 'name') { return $share.addresses }
        if ($Step -in 'tcp', 'share') { return }
    } elseif ($network.StartsWith('\\')) {
        $known = $null -ne $share -and ($share.share -split '\\')[2] -eq ($network -split '\\')[2]
        if (-not $known) { throw (New-LabFault $share 11001) }
        if ($Step -eq 'name') { return $share.addresses }
        if ($Step -eq 'tcp') { return }
        throw (New-LabFault $share 67)
    } else { $real = $Path }
    try { & (Get-Own Open-ShareStep) $Step $real $File $Mark $TimeoutMs }
    catch {
        $code = (& (Get-Own Get-ErrorFact) $_).Code
        if ($null -eq $share -or -not $code) { throw }
        throw (New-LabFault $share $code)
    }
}
function Connect-LabShare {
    param ($Logon)
    $share = Get-LabShare
    $global:LabLogonRefused = 0
    if ($null -eq (Get-LabPath $share $Logon.path)) { return }
    $name = ($Logon.username -split '[\\]')[-1].Split('@')[0].ToLowerInvariant()
    $account = if ($null -ne $share['accounts']) { $share.accounts[$name] }
    # A lock is told before the password is looked at.
    if ($null -eq $account -or ($account.code -ne 1909 -and $account.password -cne $Logon.password)) { $global:LabLogonRefused = 1326 }
    else { $global:LabLogonRefused = $account.code }
    if ($global:LabLogonRefused) { throw (New-LabFault $share $global:LabLogonRefused) }
    $global:LabLogon = $true
}
function Disconnect-LabShare {
    param ([String] $Path, [Boolean] $Again)
    $global:LabLogon = $false
    $global:LabLogonRefused = 0
    Complete-LabStep 'reconnect_share'
}
function Get-LabHostFact {
    $fact = & (Get-Own Get-HostFact)
    $user = Get-LabPlainUser
    $fact.elevated = -not $user
    if ($user) { $fact.user = $user }
    # This machine does not restart, so its boot time is not the workstation's.
    if ($env:IEA_LAB_BOOTED) { $fact.boot_time = $env:IEA_LAB_BOOTED }
    $fact
}
function Get-LabPerson {
    $share = Get-LabShare
    Assert-LabAdministrator
    if ($null -ne $share -and $share.person) { @{ Name = $share.person; Sid = 'S-1-5-21-1'; Drives = $share.drives } }
}
function Get-LabMachineAccount {
    $share = Get-LabShare
    if ($null -eq $share) { "$env:COMPUTERNAME$" } else { $share.machine }
}
function Invoke-LabAsOther {
    param ([String] $AsWhom, [String] $Errand, $Order, [Int64] $TimeoutMs)
    $share = Get-LabShare
    Assert-LabAdministrator
    if ($AsWhom -eq 'user' -and -not ($null -ne $share -and $share.person)) { throw 'Nobody is logged on.' }
    if ($Errand -eq 'Show-Question') { return @{ layer = ''; code = 0; message = ''; answer = $(if ($share['declines']) { 7 } else { 6 }) } }
    $path = $Order['path']
    $steps = $Order['steps']
    if ($Errand -eq 'Reset-Share') { Complete-LabStep 'reconnect_share' }
    if ($Errand -eq 'Restore-Drive') { $path, $steps = $Order.remote, @('share') }
    $told = @{ layer = 'none'; code = 0; message = '' }
    foreach ($step in $steps) {
        try { $null = Open-LabShareStep $step $path $Order['file'] $Order['mark'] 0 $AsWhom }
        catch {
            $told = @{ layer = $step; code = $_.Exception.GetBaseException().NativeErrorCode; message = $_.Exception.GetBaseException().Message }
            break
        }
    }
    if ($Errand -eq 'Restore-Drive' -and $told.layer -eq 'none') { Complete-LabStep 'restore_drive' }
    $told
}
function Restart-LabWorkstation {
    param ([Int32] $DelayS)
    Assert-LabAdministrator
    Complete-LabStep 'restart_computer' $DelayS
}
$global:LabLogon = $false
$global:LabLogonRefused = 0
$replaced = @{
    'Expand-Path' = 'Expand-LabPath'; 'Read-FileByte' = 'Read-LabFile'; 'Write-DurableFile' = 'Write-LabFile'
    'Open-ShareStep' = 'Open-LabShareStep'; 'Connect-Share' = 'Connect-LabShare'; 'Disconnect-Share' = 'Disconnect-LabShare'
    'Invoke-AsOther' = 'Invoke-LabAsOther'; 'Get-Person' = 'Get-LabPerson'; 'Get-MachineAccount' = 'Get-LabMachineAccount'
    'Restart-Workstation' = 'Restart-LabWorkstation'; 'Get-HostFact' = 'Get-LabHostFact'
}
foreach ($name in $replaced.Keys) { Set-Alias -Scope Global -Name $name -Value $replaced[$name] }
