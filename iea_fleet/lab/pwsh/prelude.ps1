# What Windows has and PowerShell on Linux has not, as far as the product's script asks for it: the service of the lab's
# application, one file a service with its state in it. Put before the product's own loader, and before nothing else.
function Get-Service {
    [CmdletBinding()]
    param ([Parameter(Position = 0)] [String[]] $Name)
    foreach ($wanted in $Name) {
        $file = Get-ChildItem -LiteralPath $env:IEA_LAB_SERVICES | Where-Object { $_.Name -eq $wanted }
        if ($null -eq $file) {
            Write-Error "Cannot find any service with service name '$wanted'."
            continue
        }
        $service = [PSCustomObject]@{ Name = $file.Name; ServiceName = $file.Name; Status = ([IO.File]::ReadAllText($file.FullName)).Trim() }
        $service | Add-Member -MemberType ScriptMethod -Name Refresh -Value {
            $this.Status = ([IO.File]::ReadAllText((Join-Path $env:IEA_LAB_SERVICES $this.Name))).Trim()
        }
        $service | Add-Member -MemberType ScriptMethod -Name WaitForStatus -Value { $this.Refresh() }
        $service
    }
}
function Set-LabService {
    [CmdletBinding()]
    param ([String[]] $Name, [String] $Status)
    foreach ($service in @(Get-Service -Name $Name)) {
        [IO.File]::WriteAllText((Join-Path $env:IEA_LAB_SERVICES $service.Name), $Status)
    }
}
function Start-Service {
    [CmdletBinding()]
    param ([Parameter(Position = 0)] [String[]] $Name)
    Set-LabService -Name $Name -Status 'Running'
}
function Stop-Service {
    [CmdletBinding()]
    param ([Parameter(Position = 0)] [String[]] $Name, [Switch] $Force)
    Set-LabService -Name $Name -Status 'Stopped'
}
function Restart-Service {
    [CmdletBinding()]
    param ([Parameter(Position = 0)] [String[]] $Name, [Switch] $Force)
    Set-LabService -Name $Name -Status 'Running'
}
