function Invoke-Work {
    <#
    .SYNOPSIS
    Does the steps of a part (act, after) that are due, and tells what became of each. What is not ok ends the part act.
    #>
    param ($Request, $Part, $Answer, $Round)
    foreach ($step in $Request[$Part]) {
        $Round.Id = $step.id
        if ($step.when -eq 'changed' -and -not $Round.Changed) { continue }
        if ($null -ne $step.only_if -and -not (Test-Requirement $step.only_if $Answer.probes).held) { continue }
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $outcome = [ordered]@{ id = $step.id; ok = $true; exit_code = $null; win32_code = 0; message = ''; elapsed_ms = 0 }
        try { if (-not $Request.dry_run) { Invoke-Step $step $outcome $clock $Round } }
        catch {
            $fact = Get-ErrorFact $_
            $outcome.ok = $false
            $outcome.win32_code = $fact.Code
            $outcome.message = $fact.Message
        }
        $outcome.elapsed_ms = $clock.ElapsedMilliseconds
        $Answer[$Part] += $outcome
        if ($outcome.ok) { $Round.Changed = $true }
        elseif ($Part -eq 'act') { throw (New-Fault $outcome.win32_code $outcome.message) }
    }
    $Round.Id = $null
}

function Invoke-Step {
    <#
    .SYNOPSIS
    Does one step; throws when it does not go well.
    #>
    param ($Step, $Outcome, $Clock, $Round)
    if ($Step.kind -eq 'restart_service') {
        Restart-Service -Name ([Management.Automation.WildcardPattern]::Escape($Step.name)) -Force
        while ((Get-ServiceState $Step.name) -ne 'running') { Wait-Step $Step $Clock 'It did not run in time.' }
    } elseif ($Step.kind -eq 'restart_process') {
        # One may end with another before its turn.
        foreach ($process in Get-NamedProcess $Step.name) { try { Stop-Process -Id $process.Id -Force } catch { if ($_.FullyQualifiedErrorId -notlike 'NoProcess*') { throw } } }
        while (@(Get-NamedProcess $Step.name).Count) { Wait-Step $Step $Clock 'It did not end in time.' }
        Start-Program (Expand-Path $Step.path) (Join-Argument $Step.arguments)
    } else { Invoke-WholeStep $Step $Outcome $Round }
}

function Wait-Step {
    <#
    .SYNOPSIS
    Waits a little within the time that a step has; throws when that is over.
    #>
    param ($Step, $Clock, $Message)
    if ($Clock.ElapsedMilliseconds -ge $Step.timeout_ms) { throw $Message }
    Start-Sleep -Milliseconds 100
}

function Join-Argument {
    <#
    .SYNOPSIS
    Arguments as one command line, in quotes where they need it: some programs know no switch in quotes.
    #>
    param ($Arguments)
    @($Arguments | ForEach-Object { if ($_ -match '^[^\s"]+\z') { $_ } else { '"' + ($_ -replace '(\\+)(?="|\z)', '$1$1').Replace('"', '\"') + '"' } }) -join ' '
}

function Start-Program {
    <#
    .SYNOPSIS
    Starts a program that outlives this script: what a WinRM shell starts itself ends with the shell.
    #>
    param ($Path, $Arguments)
    if (-not [IO.File]::Exists($Path)) { throw [IO.FileNotFoundException] "There is no program $Path." }
    $folder = [IO.Path]::GetDirectoryName($Path)
    if ((Test-Windows) -and (Get-Command -Name Invoke-CimMethod -ErrorAction SilentlyContinue)) {
        $told = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = "`"$Path`" $Arguments"; CurrentDirectory = $folder }
        $code = [Int32] $told.ReturnValue
        # The class has numbers of its own: access denied, privilege missing, path not found.
        switch ($code) { 2 { $code = 5 } 3 { $code = 1314 } 9 { $code = 3 } }
        if ($code) { throw [ComponentModel.Win32Exception] $code }
        return
    }
    $start = @{ FilePath = $Path; WorkingDirectory = $folder }
    if ($Arguments) { $start.ArgumentList = $Arguments }
    Start-Process @start
}
