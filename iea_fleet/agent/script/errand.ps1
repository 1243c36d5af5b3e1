# What an errand needs of this script where it is run as somebody else.
$errandParts = @{
    'Invoke-ShareStep' = 'Invoke-ShareStep', 'Open-ShareStep', 'Find-Address', 'Connect-Address'
    'Reset-Share' = 'Reset-Share', 'Disconnect-Share', 'Invoke-ShareStep', 'Open-ShareStep', 'Find-Address', 'Connect-Address'
    'Restore-Drive' = 'Restore-Drive'
    'Show-Question' = 'Show-Question'
}

function Invoke-AsOther {
    <#
    .SYNOPSIS
    Runs one function of this script as the machine, or as the person at the screen, with its one argument.
    .NOTES
    A task that is started once and removed again. Its text and its answer are files of a folder to which nobody else can write: what a task may have for arguments is short. The text holds functions of this script and the order, no secret.
    .OUTPUTS
    layer, code, message and answer as the function gave them, bounded: whoever ran it could have written anything there.
    #>
    param ([String] $AsWhom, [String] $Errand, $Order, [Int64] $TimeoutMs)
    $machine = $AsWhom -eq 'machine'
    $sid = if ($machine) { 'S-1-5-18' } else { (Get-FirstPerson).Sid }
    $name = 'iea-fleet-' + [Guid]::NewGuid().ToString('N')
    $folder = [IO.Path]::Combine($env:ProgramData, $name)
    $null = [IO.Directory]::CreateDirectory($folder)
    try {
        $rules = [Security.AccessControl.DirectorySecurity]::new()
        $rules.SetSecurityDescriptorSddlForm("D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;$sid)", 'Access')
        Set-Acl -LiteralPath $folder -AclObject $rules
        [IO.File]::WriteAllText("$folder\errand", (Get-ErrandText $Errand $Order "$folder\answer"))
        $action = @{
            Execute = "$env:SystemRoot\System32\WindowsPowerShell\v1.0\powershell.exe"
            Argument = "-NoProfile -NonInteractive -WindowStyle Hidden -Command `"& ([ScriptBlock]::Create([IO.File]::ReadAllText('$folder\errand')))`""
        }
        $logon = if ($machine) { @{ LogonType = 'ServiceAccount' } } else { @{ LogonType = 'Interactive' } }
        # The person's ordinary rights: drives of the one are not those of an elevated one. Priority 4 is that of any program; a task's own, 7, is a slow disk's last.
        $task = @{
            TaskName = $name
            Action = New-ScheduledTaskAction @action
            Principal = New-ScheduledTaskPrincipal -UserId $sid @logon
            Settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -Priority 4 -ExecutionTimeLimit ([TimeSpan]::FromSeconds([Math]::Ceiling($TimeoutMs / 1000)))
        }
        $null = Register-ScheduledTask @task
        try {
            Start-ScheduledTask -TaskName $name
            $clock = [Diagnostics.Stopwatch]::StartNew()
            while (-not [IO.File]::Exists("$folder\answer")) {
                if ($clock.ElapsedMilliseconds -ge $TimeoutMs) { throw "The task gave no answer in time (its last result: $((Get-ScheduledTaskInfo -TaskName $name).LastTaskResult))." }
                Start-Sleep -Milliseconds 100
            }
        } finally {
            Stop-ScheduledTask -TaskName $name -ErrorAction SilentlyContinue
            Unregister-ScheduledTask -TaskName $name -Confirm:$false
        }
        Read-ErrandAnswer "$folder\answer"
    } finally { try { [IO.Directory]::Delete($folder, $true) } catch { $null = $_ } }
}

function Read-ErrandAnswer {
    <#
    .SYNOPSIS
    What a task wrote, as far as it can be believed.
    #>
    param ([String] $Path)
    if ([IO.FileInfo]::new($Path).Length -gt 65536) { throw 'The answer of the task is too long.' }
    $told = Expand-JsonNode (Read-JsonTree ([Text.Encoding]::ASCII.GetString((Read-FileByte $Path).Content)))
    $code = $told['code']
    if ($code -isnot [Int64] -or $code -lt 0 -or $code -gt [UInt32]::MaxValue) { $code = 0 }
    @{ layer = [String] $told['layer']; code = $code; message = Limit-Text ([String] $told['message']); answer = $told['answer'] }
}

function Get-ErrandText {
    <#
    .SYNOPSIS
    The script of a task: the functions, the call, and its answer put into a file whole.
    #>
    param ([String] $Errand, $Order, [String] $Path)
    $parts = foreach ($name in @('Limit-Text', 'Test-Windows', 'Get-ErrorFact') + $errandParts[$Errand]) { "function $name {`n$((Get-Command -Name $name -CommandType Function).Definition)}`n" }
    $json = (ConvertTo-AsciiJson $Order).Replace("'", "''")
    $end = "`$ErrorActionPreference = 'Stop'`ntry { `$told = $Errand (ConvertFrom-Json '$json') } catch { `$fact = Get-ErrorFact `$_; `$told = @{ code = `$fact.Code; message = `$fact.Message } }`n"
    # Characters beyond ASCII as \u: what 5.1 and 7 write of them differs.
    $end += "`$text = [Regex]::Replace((ConvertTo-Json `$told -Compress), '[^\x20-\x7e]', { param (`$m) '\u{0:x4}' -f [Int32] [Char] `$m.Value })`n"
    ($parts -join '') + $end + "[IO.File]::WriteAllText('$Path.new', `$text)`n[IO.File]::Move('$Path.new', '$Path')`n"
}

function Reset-Share {
    <#
    .SYNOPSIS
    Drops every session of this logon with the server of a path, and opens the share anew: code, message.
    #>
    param ($Order)
    try { Disconnect-Share $Order.path $true } catch { $null = $_ }
    Invoke-ShareStep $Order
}

function Restore-Drive {
    <#
    .SYNOPSIS
    Maps a drive to a network path, in the place of what it was mapped to.
    #>
    param ($Order)
    $network = New-Object -ComObject WScript.Network
    try { $null = $network.RemoveNetworkDrive($Order.drive, $true, $false) } catch { $null = $_ }
    $null = $network.MapNetworkDrive($Order.drive, $Order.remote, $true)
    @{ code = 0; message = '' }
}

function Show-Question {
    <#
    .SYNOPSIS
    Asks whoever is at the screen: answer 6 yes, 7 no, -1 nobody answered in time.
    #>
    param ($Order)
    # 4 yes and no, 32 a question mark, 4096 before all windows.
    @{ code = 0; answer = (New-Object -ComObject WScript.Shell).Popup($Order.message, $Order.seconds, $Order.title, 4132) }
}
