# Services for a system that has none.
$global:Services = @{ 'iea [1]' = 'Stopped'; 'slow' = 'StartPending' }
function global:Get-Service {
    param ([String] $Name)
    foreach ($known in $global:Services.Keys) {
        if ($known -like $Name) { return @{ Status = $global:Services[$known] } }
    }
    Write-Error -Message 'Not found.' -ErrorId 'NoServiceFoundForGivenName' -ErrorAction Stop
}
function global:Restart-Service {
    param ([String] $Name, [Switch] $Force)
    foreach ($known in @($global:Services.Keys)) {
        if ($known -notlike $Name) { continue }
        if ($known -ne 'slow') { $global:Services[$known] = 'Running' }
        return
    }
    Write-Error -Message 'No such service.' -ErrorAction Stop
}
