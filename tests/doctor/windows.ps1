# A workstation in memory for a system that is none: the commands that prepare.ps1 uses, and a list of what was changed.
param ([String] $Script, [String] $Document)
$ErrorActionPreference = 'Stop'
$given = ConvertFrom-Json -InputObject $Document -AsHashtable
$global:Changes = [System.Collections.Generic.List[String]]::new()
$global:W = @{
    Start = 3; Status = 'Stopped'; Unencrypted = 'true'; Basic = 'true'; Listener = $null; Certificates = @(); Rule = $null
    Sddl = 'O:NSG:BAD:P(D;;GA;;;BG)(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)'; Users = @{}; Members = @{}; Acls = @{}; Filter = $null; State = $null; Network = 'Private'; Policy = $false; Listable = $true
}
foreach ($name in @($given.world.Keys)) { $global:W[$name] = $given.world[$name] }
foreach ($folder in $given.folders) { $global:W.Acls[$folder] = 'O:BAG:SYD:AI(D;;FW;;;BG)(A;ID;FA;;;BA)' }
function global:Note([String] $Text) { $global:Changes.Add($Text) }
function global:New-Certificate($Name, $Friendly, $Days) {
    $raw = [Text.Encoding]::ASCII.GetBytes("$Name $Days")
    $made = [PSCustomObject]@{ FriendlyName = $Friendly; HasPrivateKey = $true; NotAfter = [DateTime]::Now.AddDays($Days); RawData = $raw; For = $Name; Thumbprint = ([BitConverter]::ToString([Security.Cryptography.SHA1]::HashData($raw)) -replace '-') }
    Add-Member -InputObject $made -MemberType ScriptMethod -Name GetNameInfo -Value { $this.For } -PassThru
}
foreach ($one in $given.certificates) { $global:W.Certificates += New-Certificate $one.name $one.friendly $one.days }
if ($given.listener) { $global:W.Listener = @{ Transport = 'HTTPS'; Address = '*'; Port = '5986'; CertificateThumbprint = $global:W.Certificates[0].Thumbprint } }
function global:Get-NetConnectionProfile { [PSCustomObject]@{ NetworkCategory = $global:W.Network } }
function global:Get-Service { [PSCustomObject]@{ Status = $global:W.Status } }
function global:Set-Service { param ($Name, $StartupType) $global:W.Start = 2; Note "service $StartupType" }
function global:Start-Service { param ($Name) $global:W.Status = 'Running'; Note 'service started' }
function global:Get-ItemProperty {
    param ($LiteralPath, $Name)
    if ($LiteralPath -like '*\WinRM') { return [PSCustomObject]@{ Start = $global:W.Start } }
    if ($null -eq $global:W.Filter) { [PSCustomObject]@{ EnableLUA = 1 } } else { [PSCustomObject]@{ LocalAccountTokenFilterPolicy = $global:W.Filter } }
}
function global:New-ItemProperty { param ($LiteralPath, $Name, $PropertyType, $Value, [Switch] $Force) $global:W.Filter = $Value; Note "$Name = $Value" }
# A setting that a group policy holds.
function global:Get-Held($Value) { if ($global:W.Policy) { ([Xml] "<Held Source=`"GPO`">$Value</Held>").DocumentElement } else { $Value } }
function global:Get-WSManInstance {
    param ($ResourceURI, [Switch] $Enumerate)
    if ($global:W.Status -ne 'Running') { throw 'the service does not run' }
    switch ($ResourceURI) {
        'winrm/config/Service' { [PSCustomObject]@{ AllowUnencrypted = (Get-Held $global:W.Unencrypted); RootSDDL = $global:W.Sddl } }
        'winrm/config/Service/Auth' { [PSCustomObject]@{ Basic = (Get-Held $global:W.Basic); Negotiate = (Get-Held 'true') } }
        'winrm/config/Listener' { [PSCustomObject]@{ Transport = 'HTTP'; Address = '*'; Port = '5985'; CertificateThumbprint = '' }; if ($global:W.Listener) { [PSCustomObject] $global:W.Listener } }
    }
}
function global:New-WSManInstance { param ($ResourceURI, $SelectorSet, $ValueSet) $global:W.Listener = @{ Port = '5986' } + $SelectorSet + $ValueSet; Note "listener for $($ValueSet.Hostname)" }
function global:Set-WSManInstance {
    param ($ResourceURI, $SelectorSet, $ValueSet)
    foreach ($name in $ValueSet.Keys) {
        Note "$ResourceURI $name = $($ValueSet[$name])"
        switch ($name) { 'AllowUnencrypted' { $global:W.Unencrypted = $ValueSet[$name] } 'Basic' { $global:W.Basic = $ValueSet[$name] } 'RootSDDL' { $global:W.Sddl = $ValueSet[$name] } 'CertificateThumbprint' { $global:W.Listener.CertificateThumbprint = $ValueSet[$name] } }
    }
}
function global:Get-ChildItem { param ($LiteralPath) $global:W.Certificates }
function global:New-SelfSignedCertificate {
    param ($DnsName, $CertStoreLocation, $FriendlyName, $NotAfter, $KeyExportPolicy, $TextExtension)
    $made = New-Certificate $DnsName $FriendlyName ([Int32] ($NotAfter - [DateTime]::Now).TotalDays)
    $global:W.Certificates += $made
    Note "certificate for $DnsName, $KeyExportPolicy"
    $made
}
function global:Get-NetFirewallRule {
    [CmdletBinding()] param ($Name)
    if ($Name -like 'WINRM*') { return [PSCustomObject]@{ Name = 'WINRM-HTTP-In-TCP'; Enabled = 'True' } }
    if ($global:W.Rule) { [PSCustomObject] $global:W.Rule }
}
function global:Get-NetFirewallAddressFilter { param ([Parameter(ValueFromPipeline)] $Rule) process { [PSCustomObject]@{ RemoteAddress = $Rule.RemoteAddress } } }
function global:Get-NetFirewallPortFilter { param ([Parameter(ValueFromPipeline)] $Rule) process { [PSCustomObject]@{ LocalPort = $Rule.LocalPort } } }
function global:New-NetFirewallRule { param ($Name, $Direction, $Action, $Protocol, $LocalPort, $RemoteAddress, $DisplayName, $Profile) $global:W.Rule = @{ Name = $Name; Enabled = 'True'; RemoteAddress = $RemoteAddress; LocalPort = $LocalPort }; Note "rule $LocalPort for $($RemoteAddress -join ' ')" }
function global:Set-NetFirewallRule { param ($Name, $Direction, $Action, $Protocol, $LocalPort, $RemoteAddress, $Enabled) $global:W.Rule = @{ Name = $Name; Enabled = $Enabled; RemoteAddress = $RemoteAddress; LocalPort = $LocalPort }; Note "rule again for $($RemoteAddress -join ' ')" }
function global:Get-LocalUser { [CmdletBinding()] param ($Name) if ($global:W.Users[$Name]) { [PSCustomObject]@{ Name = $Name; SID = $global:W.Users[$Name] } } }
function global:New-LocalUser { param ($Name, $Password, $Description, [Switch] $AccountNeverExpires, [Switch] $PasswordNeverExpires, [Switch] $UserMayNotChangePassword) $global:W.Users[$Name] = 'S-1-5-21-1-2-3-1001'; Note "account $Name"; Get-LocalUser -Name $Name }
function global:Set-LocalUser { param ($Name, $Password) Note "password of $Name" }
function global:Get-LocalGroup { param ($SID) [PSCustomObject]@{ Name = "group $SID" } }
function global:Get-LocalGroupMember { [CmdletBinding()] param ($SID, $Member) if (-not $global:W.Listable) { throw [InvalidOperationException] 'Failed to compare two elements in the array.' }; if ($global:W.Members["$SID $Member"]) { $Member } }
function global:Add-LocalGroupMember { [CmdletBinding()] param ($SID, $Member) if ($global:W.Members["$SID $Member"]) { Write-Error -ErrorId MemberExists 'It is a member already.' }; $global:W.Members["$SID $Member"] = $true; Note "$Member in $SID" }
function global:Test-Path { param ($LiteralPath, $PathType) $global:W.Acls.ContainsKey($LiteralPath) -or ($LiteralPath -like '*iea-fleet' -and $global:W.State) }
function global:New-Item { param ($ItemType, $Path) $global:W.State = 'O:BAG:BAD:'; Note 'state folder made' }
function global:Get-Acl {
    param ($LiteralPath)
    $sddl = if ($LiteralPath -like '*iea-fleet') { $global:W.State } else { $global:W.Acls[$LiteralPath] }
    $acl = [PSCustomObject]@{ Sddl = $sddl }
    Add-Member -InputObject $acl -MemberType ScriptMethod -Name SetSecurityDescriptorSddlForm -Value { param ($Text, $Part) $this.Sddl = $Text } -PassThru
}
function global:Get-Item {
    param ($LiteralPath)
    Add-Member -InputObject ([PSCustomObject]@{ Path = $LiteralPath }) -MemberType ScriptMethod -Name SetAccessControl -Value { param ($Acl) $global:W.Acls[$this.Path] = $Acl.Sddl; Note "rights $($Acl.Sddl)" } -PassThru
}
function global:Set-Acl { param ($LiteralPath, $AclObject) if ($LiteralPath -notlike '*iea-fleet') { throw 'The security identifier is not allowed to be the owner of this object.' }; $global:W.State = $AclObject.Sddl; Note "rights $($AclObject.Sddl)" }
function global:Read-Host { param ($Prompt, [Switch] $AsSecureString) $made = [Security.SecureString]::new(); $made.AppendChar('x'); $made }

$runs = foreach ($arguments in $given.runs) {
    $global:Changes.Clear()
    $problem = ''
    $output = try { & $Script @arguments 3>&1 | ForEach-Object { "$_" } } catch { $problem = "$_" }
    @{ changes = @($global:Changes); output = @($output); error = $problem }
}
'<<result>>' + (ConvertTo-Json -InputObject @($runs) -Depth 6 -Compress)
