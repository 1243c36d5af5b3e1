#Requires -Version 5.1
#Requires -RunAsAdministrator
<#
.SYNOPSIS
Prepares this workstation for iea-fleet: WinRM over HTTPS, for named controllers only, with an account of its own.

.DESCRIPTION
Read it before you run it, in a PowerShell started as administrator:
    powershell -ExecutionPolicy Bypass -File prepare.ps1 -WhatIf       tells what it would do
    powershell -ExecutionPolicy Bypass -File prepare.ps1               does it
A second run changes nothing. It needs Windows 10, Windows Server 2016 or newer.

What it does:
  1. The service WinRM starts by itself, and runs.
  2. An HTTPS listener on port 5986, with the certificate that is named, else the one that it has, else a self-signed one
     that is made for this computer's name; its SHA-256 is printed, to be pinned as iea_certificate_sha256.
  3. Basic and unencrypted messages are off. HTTP (5985) is neither opened nor closed.
  4. A firewall rule lets the controllers that are named reach port 5986, and nobody else.
  5. A local account of its own, in Remote Management Users, with the right to open a command shell over WinRM.
  6. The rights that the account needs: the state folder of iea-fleet, and the settings folders that are named.
Quotas of WinRM (shells, memory, operations) are left as they are.

What a plain account can't do:
  - Restart the application's service, list other people's sessions, run something as the person at the screen, write
    settings in HKEY_LOCAL_MACHINE, restart the computer: these need an administrator (-Administrator).
  - It reads services only as far as Windows lets it; a report then says what could not be judged.
With -Administrator a local account other than the built-in Administrator is still refused over the network: Windows
filters its rights (UAC). -AllowRemoteAdministrators sets LocalAccountTokenFilterPolicy, which lifts this for EVERY local
administrator of this computer: whoever has the password, or only its hash, of one that several computers share then
opens all of them. So it is not set unless you ask; give each computer another password, or use a domain account.

.PARAMETER ComputerName
Name for the certificate: how the controller calls this workstation. Empty: its own.

.PARAMETER ControllerAddress
Addresses or networks that may connect to port 5986.

.PARAMETER AccountName
The local account; made where it is missing.

.PARAMETER Password
Its password; asked for when the account is made. Of an account that is there it is changed only when given.

.PARAMETER CertificateThumbprint
An existing certificate of the computer's own store, with its private key.

.PARAMETER CertificateYears
How long a self-signed certificate holds.

.PARAMETER SettingsFolder
Folders with the settings that the application profile names; the account may change what is in them.

.PARAMETER Administrator
Makes the account an administrator.

.PARAMETER AllowRemoteAdministrators
Sets LocalAccountTokenFilterPolicy to 1; see above what that costs.

.NOTES
To undo, as administrator:
    Remove-NetFirewallRule -Name iea-fleet-winrm-https
    Remove-WSManInstance -ResourceURI winrm/config/Listener -SelectorSet @{ Address = '*'; Transport = 'HTTPS' }
    Get-ChildItem Cert:\LocalMachine\My | Where-Object { $_.FriendlyName -eq 'iea-fleet WinRM' } | Remove-Item
    Set-WSManInstance -ResourceURI winrm/config/Service -ValueSet @{ RootSDDL = 'what this script printed as the former' }
    Remove-LocalUser -Name iea-fleet
    Remove-Item -Recurse "$env:ProgramData\iea-fleet"      (loses the journal: only when no push is under way)
    Remove-ItemProperty HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System -Name LocalAccountTokenFilterPolicy
    Set-Service WinRM -StartupType Manual; Stop-Service WinRM      (only when nothing else needs it)
In the security of each settings folder, remove the account's entry.
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param (
    [ValidatePattern('^[A-Za-z0-9.-]{0,253}$')]
    [String] $ComputerName = '',
    [ValidatePattern('^[0-9A-Fa-f.:/]{2,49}$')]
    [String[]] $ControllerAddress = @(),
    [ValidatePattern('^[A-Za-z0-9._-]{1,20}$')]
    [String] $AccountName = 'iea-fleet',
    [System.Security.SecureString] $Password,
    [ValidatePattern('^([0-9A-Fa-f]{40})?$')]
    [String] $CertificateThumbprint = '',
    [ValidateRange(1, 10)]
    [Int32] $CertificateYears = 3,
    [String[]] $SettingsFolder = @(),
    [Switch] $Administrator,
    [Switch] $AllowRemoteAdministrators
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$store = 'Cert:\LocalMachine\My'
$ourName = 'iea-fleet WinRM'
$ruleName = 'iea-fleet-winrm-https'
$port = 5986

function Add-Ace {
    <#
    .SYNOPSIS
    A security descriptor (SDDL) with one more entry: after those that deny, before all others, which is Windows' order.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Sddl, [Parameter(Mandatory = $true)] [String] $Ace)

    $parts = [Regex]::Match($Sddl, '^(.*?D:[A-Z]*(?:\(D;[^)]*\))*)(.*)$')
    if (-not $parts.Success) { throw "The security descriptor '$Sddl' has no list of rights." }
    $parts.Groups[1].Value + $Ace + $parts.Groups[2].Value
}

function ConvertTo-RuleAddress {
    <#
    .SYNOPSIS
    An address as a firewall rule tells it: an IPv4 network with its mask, where people write the length of its prefix.
    #>
    param ([Parameter(Mandatory = $true)] [String] $Address)

    $parts = [Regex]::Match($Address, '^([0-9.]+)/([0-9]{1,2})$')
    if (-not $parts.Success) { return $Address }
    $left = [Int32] $parts.Groups[2].Value
    $mask = foreach ($number in 1..4) {
        $bits = [Math]::Max(0, [Math]::Min(8, $left))
        256 - [Math]::Pow(2, 8 - $bits)
        $left -= 8
    }
    $parts.Groups[1].Value + '/' + ($mask -join '.')
}

function Get-Fingerprint {
    <#
    .SYNOPSIS
    SHA-256 of a certificate in lower-case hexadecimal digits: what iea_certificate_sha256 takes.
    #>
    param ([Parameter(Mandatory = $true)] $Certificate)

    $sha = [System.Security.Cryptography.SHA256]::Create()
    try { [BitConverter]::ToString($sha.ComputeHash($Certificate.RawData)).Replace('-', '').ToLowerInvariant() }
    finally { $sha.Dispose() }
}

function Test-Usable {
    <#
    .SYNOPSIS
    Whether a listener can go on with a certificate: its key is here, and it holds for another month.
    #>
    param ($Certificate)

    $null -ne $Certificate -and $Certificate.HasPrivateKey -and $Certificate.NotAfter -gt [DateTime]::Now.AddDays(30)
}

function Get-SettingText {
    <#
    .SYNOPSIS
    What a setting of WinRM says. One that a group policy holds is an element, with the policy's mark on it.
    #>
    param ($Value)

    if ($Value -is [System.Xml.XmlElement]) { $Value.InnerText } else { "$Value" }
}

function Get-StoredCertificate {
    <#
    .SYNOPSIS
    A certificate of the computer's store by its thumbprint; nothing when it is not there.
    #>
    param ([String] $Thumbprint)

    if ($Thumbprint) { Get-ChildItem -LiteralPath $store | Where-Object { $_.Thumbprint -eq $Thumbprint } }
}

# 0. What can't be meant is refused before anything is changed.
if ($ControllerAddress.Count -eq 0) { throw 'Name the controllers that may connect: -ControllerAddress 192.0.2.10' }
if ($AllowRemoteAdministrators -and -not $Administrator) { throw '-AllowRemoteAdministrators is of no use without -Administrator.' }
if (-not $ComputerName) { $ComputerName = [Environment]::MachineName }
foreach ($folder in $SettingsFolder) {
    if (-not (Test-Path -LiteralPath $folder -PathType Container)) { throw "The settings folder $folder is not there." }
}
if ($CertificateThumbprint) {
    $named = Get-StoredCertificate -Thumbprint $CertificateThumbprint
    if (-not (Test-Usable -Certificate $named)) {
        throw "$store has no certificate $CertificateThumbprint with its private key that holds for another 30 days."
    }
}
if (@(Get-NetConnectionProfile | Where-Object { "$($_.NetworkCategory)" -eq 'Public' }).Count) {
    Write-Warning -Message 'A network of this computer counts as public: Windows may refuse to change WinRM. Make it private (Settings, Network) if so.'
}

# 1. The service
$start = Get-ItemProperty -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\WinRM' -Name Start
if ($start.Start -ne 2 -and $PSCmdlet.ShouldProcess('WinRM', 'Let the service start by itself')) {
    Set-Service -Name WinRM -StartupType Automatic
}
if ("$((Get-Service -Name WinRM).Status)" -ne 'Running' -and $PSCmdlet.ShouldProcess('WinRM', 'Start the service')) {
    Start-Service -Name WinRM
}
# With -WhatIf a stopped service stays stopped, and its settings can't be read.
$running = "$((Get-Service -Name WinRM).Status)" -eq 'Running'
$service = $null
$listener = $null
if ($running) {
    $service = Get-WSManInstance -ResourceURI 'winrm/config/Service'
    $listener = Get-WSManInstance -ResourceURI 'winrm/config/Listener' -Enumerate |
        Where-Object { $_.Transport -eq 'HTTPS' -and $_.Address -eq '*' }
    if ($null -ne $listener) { $port = [Int32] $listener.Port }
} else { Write-Warning -Message 'The service WinRM does not run: its settings are not compared.' }

# 2. The certificate and the listener
if ($CertificateThumbprint) { $certificate = $named }
else {
    $certificate = if ($null -ne $listener) { Get-StoredCertificate -Thumbprint $listener.CertificateThumbprint }
    if (-not (Test-Usable -Certificate $certificate)) {
        $certificate = Get-ChildItem -LiteralPath $store |
            Where-Object { $_.FriendlyName -eq $ourName -and $_.GetNameInfo('DnsName', $false) -eq $ComputerName } |
            Where-Object { Test-Usable -Certificate $_ } | Sort-Object -Property NotAfter -Descending | Select-Object -First 1
    }
    if ($null -eq $certificate -and $PSCmdlet.ShouldProcess($ComputerName, 'Make a self-signed certificate')) {
        $wanted = @{
            DnsName           = $ComputerName
            CertStoreLocation = $store
            FriendlyName      = $ourName
            NotAfter          = [DateTime]::Now.AddYears($CertificateYears)
            KeyExportPolicy   = 'NonExportable'
            TextExtension     = @('2.5.29.37={text}1.3.6.1.5.5.7.3.1') # for servers only
        }
        $certificate = New-SelfSignedCertificate @wanted
    }
}
$selector = @{ Address = '*'; Transport = 'HTTPS' }
if ($null -ne $certificate) {
    if ($null -eq $listener) {
        if ($PSCmdlet.ShouldProcess("port $port", 'Make the HTTPS listener')) {
            $values = @{ Hostname = $ComputerName; CertificateThumbprint = $certificate.Thumbprint }
            $null = New-WSManInstance -ResourceURI 'winrm/config/Listener' -SelectorSet $selector -ValueSet $values
        }
    } elseif ($listener.CertificateThumbprint -ne $certificate.Thumbprint) {
        if ($PSCmdlet.ShouldProcess("port $port", "Give the HTTPS listener the certificate $($certificate.Thumbprint)")) {
            $values = @{ CertificateThumbprint = $certificate.Thumbprint }
            $null = Set-WSManInstance -ResourceURI 'winrm/config/Listener' -SelectorSet $selector -ValueSet $values
        }
    }
}

# 3. What the service lets pass
if ($running) {
    $kinds = Get-WSManInstance -ResourceURI 'winrm/config/Service/Auth'
    foreach ($wrong in @(
            @{ Value = $service.AllowUnencrypted; Place = 'winrm/config/Service'; Name = 'AllowUnencrypted'; Deed = 'Refuse unencrypted messages' }
            @{ Value = $kinds.Basic; Place = 'winrm/config/Service/Auth'; Name = 'Basic'; Deed = 'Switch Basic off' }
        )) {
        if ((Get-SettingText -Value $wrong.Value) -ne 'true') { continue }
        if ($wrong.Value -is [System.Xml.XmlElement]) { Write-Warning -Message "A group policy sets $($wrong.Name) to true: it can be changed there alone." }
        elseif ($PSCmdlet.ShouldProcess('WinRM', $wrong.Deed)) {
            $null = Set-WSManInstance -ResourceURI $wrong.Place -ValueSet @{ $wrong.Name = 'false' }
        }
    }
    if ((Get-SettingText -Value $kinds.Negotiate) -ne 'true') { Write-Warning -Message 'Negotiate is off: NTLM and Kerberos logons are refused.' }
}

# 4. The firewall
$addresses = @($ControllerAddress | ForEach-Object { ConvertTo-RuleAddress -Address $_ } | Sort-Object -Unique)
$rule = Get-NetFirewallRule -Name $ruleName -ErrorAction SilentlyContinue
$shape = @{ Name = $ruleName; Direction = 'Inbound'; Action = 'Allow'; Protocol = 'TCP'; LocalPort = "$port"; RemoteAddress = $addresses }
if ($null -eq $rule) {
    if ($PSCmdlet.ShouldProcess("port $port", "Let $($addresses -join ', ') connect")) {
        $null = New-NetFirewallRule @shape -DisplayName 'iea-fleet: WinRM over HTTPS' -Profile Any
    }
} else {
    $now = @(($rule | Get-NetFirewallAddressFilter).RemoteAddress | Sort-Object -Unique)
    $portNow = "$(($rule | Get-NetFirewallPortFilter).LocalPort)"
    $same = ($now -join ' ') -eq ($addresses -join ' ') -and $portNow -eq "$port" -and "$($rule.Enabled)" -eq 'True'
    if (-not $same -and $PSCmdlet.ShouldProcess("port $port", "Let $($addresses -join ', ') connect, nobody else")) {
        Set-NetFirewallRule @shape -Enabled True
    }
}
$others = @(Get-NetFirewallRule -Name 'WINRM-HTTP*' -ErrorAction SilentlyContinue | Where-Object { "$($_.Enabled)" -eq 'True' })
if ($others.Count) { Write-Warning -Message "Windows' own rules for WinRM are on ($($others.Name -join ', ')) and are left alone: iea-fleet does not need them." }

# 5. The account
$account = Get-LocalUser -Name $AccountName -ErrorAction SilentlyContinue
if ($null -eq $account) {
    if ($PSCmdlet.ShouldProcess($AccountName, 'Make the local account')) {
        if ($null -eq $Password) { $Password = Read-Host -Prompt "Password for $AccountName" -AsSecureString }
        $wanted = @{ Name = $AccountName; Password = $Password; Description = 'iea-fleet manages this workstation' }
        $account = New-LocalUser @wanted -AccountNeverExpires -PasswordNeverExpires -UserMayNotChangePassword
    }
} elseif ($null -ne $Password -and $PSCmdlet.ShouldProcess($AccountName, 'Change its password')) {
    Set-LocalUser -Name $AccountName -Password $Password
}
# Groups by their SIDs: their names are those of Windows' language. Administrators, Remote Management Users.
$groups = @(if ($Administrator) { 'S-1-5-32-544' }) + 'S-1-5-32-580'
foreach ($sid in $groups) {
    $group = Get-LocalGroup -SID $sid
    # Where a group has members that are of no domain any more, or of Azure AD, 5.1 can fail to list it.
    $isMember = $null -ne $account -and @(try { Get-LocalGroupMember -SID $sid -Member $AccountName -ErrorAction SilentlyContinue } catch { $null = $_ }).Count
    if (-not $isMember -and $PSCmdlet.ShouldProcess($AccountName, "Make it a member of $($group.Name)")) {
        try { Add-LocalGroupMember -SID $sid -Member $AccountName }
        catch { if ($_.FullyQualifiedErrorId -notlike 'MemberExists*') { throw } }
    }
}

# 6. Its rights. An administrator has them; with -WhatIf an account that is not there yet has no SID to name.
if ($null -ne $account -and -not $Administrator) {
    $sid = "$($account.SID)"
    # Remote Management Users opens PowerShell sessions; a command shell, which Ansible's winrm uses, is guarded apart.
    if ($running -and -not $service.RootSDDL.Contains(";;;$sid)")) {
        if ($PSCmdlet.ShouldProcess($AccountName, 'Let it open a command shell over WinRM (read and execute)')) {
            Write-Output -InputObject "Former RootSDDL, to undo: $($service.RootSDDL)"
            $sddl = Add-Ace -Sddl $service.RootSDDL -Ace "(A;;GXGR;;;$sid)"
            $null = Set-WSManInstance -ResourceURI 'winrm/config/Service' -ValueSet @{ RootSDDL = $sddl }
        }
    }
    $state = [Environment]::GetFolderPath('CommonApplicationData') + '\iea-fleet'
    $isThere = Test-Path -LiteralPath $state
    if ($isThere) {
        # Everybody may make folders there: what somebody else put into it would be believed.
        $owner = [Regex]::Match((Get-Acl -LiteralPath $state).Sddl, '^O:(.*?)G:').Groups[1].Value
        if ($owner -notin 'SY', 'BA', 'LA', $sid) { throw "The folder $state belongs to somebody else ($owner). Look at it, and remove it." }
    }
    if (-not ($isThere -and (Get-Acl -LiteralPath $state).Sddl.Contains("FA;;;$sid)"))) {
        if ($PSCmdlet.ShouldProcess($state, "Give it to administrators, SYSTEM and $AccountName alone")) {
            if (-not $isThere) { $null = New-Item -ItemType Directory -Path $state }
            $acl = Get-Acl -LiteralPath $state
            $acl.SetSecurityDescriptorSddlForm("O:BAG:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;$sid)")
            Set-Acl -LiteralPath $state -AclObject $acl
        }
    }
    foreach ($folder in $SettingsFolder) {
        $acl = Get-Acl -LiteralPath $folder
        if ($acl.Sddl.Contains("0x1301bf;;;$sid)")) { continue }
        if ($PSCmdlet.ShouldProcess($folder, "Let $AccountName change what is in it")) {
            $acl.SetSecurityDescriptorSddlForm((Add-Ace -Sddl $acl.Sddl -Ace "(A;OICI;0x1301bf;;;$sid)"), 'Access')
            # Set-Acl would write the owner too, which Windows refuses where that is SYSTEM or another person (1307).
            (Get-Item -LiteralPath $folder).SetAccessControl($acl)
        }
    }
}
if ($Administrator) {
    $policy = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
    $now = Get-ItemProperty -LiteralPath $policy
    $isLifted = $now.PSObject.Properties.Name -contains 'LocalAccountTokenFilterPolicy' -and $now.LocalAccountTokenFilterPolicy -eq 1
    if (-not $isLifted -and -not $AllowRemoteAdministrators) {
        Write-Warning -Message "Windows filters the rights of $AccountName over the network: logons fail, or come without rights. See -AllowRemoteAdministrators for what it costs to lift that."
    } elseif (-not $isLifted -and $PSCmdlet.ShouldProcess('every local administrator', 'Lift the filter of network logons (LocalAccountTokenFilterPolicy = 1)')) {
        $null = New-ItemProperty -LiteralPath $policy -Name LocalAccountTokenFilterPolicy -PropertyType DWord -Value 1 -Force
    }
}

# What the inventory needs
if ($null -ne $certificate) {
    Write-Output -InputObject @(
        'For the inventory:'
        "  ansible_host: $ComputerName"
        '  ansible_connection: winrm'
        "  ansible_port: $port"
        '  ansible_winrm_scheme: https'
        '  ansible_winrm_transport: ntlm'
        "  ansible_user: $AccountName"
        "  iea_computer_name: $([Environment]::MachineName)"
        "  iea_certificate_sha256: $(Get-Fingerprint -Certificate $certificate)"
        "The certificate ends on $($certificate.NotAfter.ToString('yyyy-MM-dd')). Get-Help with this file tells how to undo all this."
    )
}
