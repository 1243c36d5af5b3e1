# What Windows has and PowerShell on Linux has not, as far as the product's script asks for it: services, a file each
# with the state in it, and the workstation's own processes. Put before the product's own loader and before nothing else.
# Counts the durable steps of the script where a power cut is to be played.
$global:LabStep = 0
function Get-Service {
    [CmdletBinding()]
    param ([Parameter(Position = 0)] [String[]] $Name)
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
    }
}
function Get-Process {
    foreach ($file in @(Get-ChildItem -LiteralPath $env:IEA_LAB_PROCESSES)) {
        [PSCustomObject]@{ ProcessName = $file.Name; Id = [Int32]::MaxValue }
    }
}
