function Invoke-WholeProbe {
    <#
    .SYNOPSIS
    The facts of a probe that the short edition does not have.
    #>
    param ($Probe, [String] $Transaction)
    switch ($Probe.kind) {
        'share' { Test-Share $Probe $Transaction }
        'records' { Read-RecordFile $Probe }
        'people' { Read-People $Probe }
    }
}

function Invoke-WholeStep {
    <#
    .SYNOPSIS
    Does one step that the short edition does not have; throws when it does not go well.
    #>
    param ($Step, $Outcome, $Round)
    switch ($Step.kind) {
        'run_command' { Invoke-CommandStep $Step $Outcome }
        'reconnect_share' { Invoke-ReconnectStep $Step }
        'restore_drive' { Invoke-DriveStep $Step }
        'restart_computer' { Invoke-RestartStep $Step $Round }
    }
}

function Assert-Told {
    <#
    .SYNOPSIS
    Throws what an errand told, when that is not good.
    #>
    param ($Told)
    if ($Told.code -or $Told.layer -notin '', 'none') { throw (New-Fault $Told.code $Told.message) }
}

function Get-SystemFault {
    <#
    .SYNOPSIS
    A fault with the system's own sentence for its code; elsewhere than on Windows with this one.
    #>
    param ([Int32] $Code, [String] $Message)
    if (Test-Windows) { [ComponentModel.Win32Exception]::new($Code) } else { New-Fault $Code $Message }
}

function Invoke-ReconnectStep {
    <#
    .SYNOPSIS
    Drops every session with a server and opens the share anew, with the share logon where there is one.
    #>
    param ($Step)
    $path = (Resolve-Place $Step.path).Network
    $server = Get-ServerName $path
    if (-not $server) { throw (Get-SystemFault 2250 'The path is on no file server.') }
    $order = @{ path = $path; file = ''; mark = ''; timeout = $Step.timeout_ms; steps = @('share') }
    if ($Step.as_whom -ne 'logon') { Assert-Told (Invoke-AsOther $Step.as_whom 'Reset-Share' $order $Step.timeout_ms) }
    elseif ($server -ne $shareLogon.Server) { Assert-Told (Reset-Share $order) }
    else {
        Connect-Logon
        if ($null -ne $shareLogon.Problem) { throw (New-Fault $shareLogon.Problem.Code $shareLogon.Problem.Message) }
        Assert-Told (Invoke-ShareStep $order)
    }
}

function Invoke-DriveStep {
    <#
    .SYNOPSIS
    Has the person at the screen map a drive again to what their profile remembers for it.
    #>
    param ($Step)
    $drive = (Resolve-Place $Step.path).Drive
    $person = Get-FirstPerson
    $remote = if ($drive) { $person.Drives[$drive] }
    if (-not $remote) { throw (Get-SystemFault 2250 'No profile remembers this drive.') }
    Assert-Told (Invoke-AsOther 'user' 'Restore-Drive' @{ drive = $drive; remote = $remote } $Step.timeout_ms)
}

function Invoke-RestartStep {
    <#
    .SYNOPSIS
    Restarts the workstation; a person at the screen is asked, or told, before.
    #>
    param ($Step, $Round)
    # The answer has to be out before.
    $delay = 5
    # Where Windows does not tell who is there, somebody may be: that fails.
    if (@(Get-Person).Count) {
        if ($Step.ask) {
            $order = @{ title = $Step.title; message = $Step.message; seconds = [Math]::Max(1, $Step.delay_s) }
            $told = Invoke-AsOther 'user' 'Show-Question' $order (1000 * $Step.delay_s + $Step.timeout_ms)
            Assert-Told $told
            if ($told.answer -eq 7) { throw (Get-SystemFault 1223 'The person at the screen said no.') }
        } else { $delay = [Math]::Max($delay, $Step.delay_s) }
    }
    Restart-Workstation $delay $Step.message
    $Round.Restarting = $true
}

function Restart-Workstation {
    <#
    .SYNOPSIS
    Has Windows restart after some seconds; whoever is logged on sees the message.
    #>
    param ([Int32] $DelayS, [String] $Message)
    $text = (Limit-Text ($Message -replace '[\r\n"]+', ' ') 500).TrimEnd('\')
    $told = Invoke-Program "$env:SystemRoot\System32\shutdown.exe" "/r /t $DelayS /c `"$text`"" '' 30000
    if ($told.ExitCode) { throw (New-Fault $told.ExitCode $told.Text) }
}
