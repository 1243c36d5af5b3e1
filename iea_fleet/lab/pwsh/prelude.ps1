# What Windows has and PowerShell on Linux has not, as far as the product's script asks for it: services, a file each
# with the state in it, the workstation's own processes, and its file server. Put before the product's own loader and
# before nothing else. An alias goes before a function of the same name: so the script's own functions are replaced.
#
# IEA_LAB_SHARE names a file that says how the workstation sees its file server; without it there is none. JSON, UTF-8:
#   share      "\\\\SRV\\Impact": server and share. What lies below them lies in root.
#   root       the folder on this machine.
#   addresses  ["192.0.2.20"]: what the server's name stands for.
#   person     "ASSO\\marie"; null: nobody is logged on.
#   machine    "ASSO\\POSTE-01$": the machine's account.
#   drives     {"P:": "\\\\SRV\\Impact"}: what the person's profile remembers.
#   declines   true: the person says no to a restart.
#   faults     [{"layer": "share", "code": 64, "message": "...", "concerns": ["logon", "user"], "despite_logon": false,
#              "opened": {"code": 53, "message": "..."}, "ends": "reconnect_share"}], as they are met. concerns null:
#              everybody's accesses. despite_logon false: not met by a connected share logon. opened: what a program
#              meets that opens a file there, of layers name, tcp, share and path, or that writes one, of write; without
#              it code and message. ends: the kind of step that ends it (reconnect_share, restore_drive, restart_service,
#              restart_computer); null: none.
# The script writes the file again: without the faults that its steps have ended, and with "restarted": true after a
# restart of the computer.

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
        # What the application does as its service starts.
        if ($env:IEA_LAB_STARTED) { $null = & $env:IEA_LAB_STARTED $service.Name }
    }
}
function Get-Process {
    foreach ($file in @(Get-ChildItem -LiteralPath $env:IEA_LAB_PROCESSES)) {
        [PSCustomObject]@{ ProcessName = $file.Name; Id = [Int32]::MaxValue }
    }
}
