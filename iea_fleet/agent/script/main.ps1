function Invoke-Transaction {
    <#
    .SYNOPSIS
    One transaction in the order of docs/wire.md, told in the answer as it goes.
    .NOTES
    Round carries where it is: Step and Id for the failure that an exception becomes.
    #>
    param ($Request, $Folder, $Answer, $Round, $Clock)
    if (-not $Request.dry_run) {
        $Round.Step = 'recover'
        $Answer.recovered = Restore-Journal $Folder
    }
    $Round.Step = 'identity'
    foreach ($name in 'computer_name', 'machine_id') {
        $wanted = $Request.expect_host[$name]
        if ($null -ne $wanted -and -not (Test-SameText $wanted $Answer.host[$name] -IgnoreCase)) { throw "The $name is $($Answer.host[$name]), not $wanted." }
    }
    $Round.Step = 'probe'
    if ($Request.names.Count -or $null -ne $Request.connect) { Open-Surrounding $Request $Round }
    $probe = {
        foreach ($each in $Request.probe) {
            $Round.Id = $each.id
            Invoke-Probe $each $Request.transaction
        }
        $Round.Id = $null
    }
    $Answer.probes = @(& $probe)
    $Round.Step = 'require'
    $Answer.require = @(foreach ($requirement in $Request.require) { Test-Requirement $requirement $Answer.probes })
    foreach ($outcome in $Answer.require) {
        $Round.Id = $outcome.probe
        if (-not $outcome.held) { throw "The $($outcome.fact) of $($outcome.probe) is not as required." }
    }
    $Round.Step = 'act'
    $finished = $null -ne $Answer.recovered -and $Answer.recovered.outcome -eq 'finished'
    $Round.Changed = $finished
    Invoke-Work $Request 'act' $Answer $Round
    $Round.Step = 'plan'
    $plan = New-Plan $Request $Answer.probes $Round
    $Answer.ensure = $plan.Outcomes
    $Answer.release = $plan.Released
    if ($Request.dry_run) { return }
    $tidy = $true
    $writes = $plan.Files.Count + $plan.Values.Count -gt 0
    if ($writes) {
        $Round.Step = 'space'
        Assert-Space $plan $Folder $Round
        $tidy = Invoke-Write $plan $Folder $Request.transaction $Round
        $Round.Changed = $true
    }
    Invoke-Work $Request 'after' $Answer $Round
    $done = $writes -or $Answer.act.Count -or $Answer.after.Count
    if (($done -or $finished) -and -not $Round.Restarting) { $Answer.verify = @(& $probe) }
    $Answer.elapsed_ms = $Clock.ElapsedMilliseconds
    if (-not $done) { return }
    # The stores are right by now: without a record only a second answer to this transaction is lost.
    try {
        Write-DurableText "$Folder/last.json" (ConvertTo-AsciiJson $Answer)
        if ($tidy) { Remove-DurableFile "$Folder/journal.json" }
    } catch { $Round.Undone = $false }
}

function Read-Record {
    <#
    .SYNOPSIS
    The recorded answer to a transaction as it is told again; nothing when there is none.
    #>
    param ($Folder, $Transaction)
    $path = "$Folder/last.json"
    if (-not [IO.File]::Exists($path)) { return }
    try {
        $text = [Text.Encoding]::ASCII.GetString((Read-FileByte $path).Content)
        $recorded = Expand-JsonNode (Read-JsonTree $text)
        if ($recorded.transaction -ceq $Transaction) { $text.Replace('"replayed":false', '"replayed":true') }
    } catch { return }
}

function Invoke-Round {
    <#
    .SYNOPSIS
    Takes a request's line and prints the answer, whatever happens.
    #>
    param ($Line)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $names = @{}
    foreach ($name in 'transaction', 'nonce') {
        $match = [Regex]::Match($Line, '"' + $name + '":"([0-9a-f]{32})"')
        $names[$name] = if ($match.Success) { $match.Groups[1].Value } else { '0' * 32 }
    }
    $round = @{ Step = 'probe'; Id = $null; Undone = $true; Free = $null; Changed = $false; Restarting = $false; Leave = {} }
    $answer = [ordered]@{
        schema = 1; transaction = $names.transaction; status = 'done'; dry_run = $false; replayed = $false; host = Get-HostFact
        recovered = $null; probes = @(); require = @(); act = @(); ensure = @(); release = @(); after = @(); verify = @(); error = $null; elapsed_ms = 0
    }
    $lock = $null
    $told = $null
    try {
        try {
            $order = Expand-JsonNode (Read-JsonTree $Line)
            $answer.dry_run = $order.dry_run
            $folder = Expand-Path $order.state_folder
            $round.Step = 'journal'
            $lock = Open-StateFolder $folder $order.dry_run
            if ($null -eq $lock) { $answer.status = 'busy' } else {
                $told = Read-Record $folder $order.transaction
                if (-not $told) { Invoke-Transaction $order $folder $answer $round $clock }
            }
        } catch {
            $fact = Get-ErrorFact $_
            $answer.status = if ($round.Step -in 'identity', 'require') { 'refused' } else { 'failed' }
            $answer.error = [ordered]@{ step = $round.Step; id = $round.Id; win32_code = $fact.Code; message = $fact.Message; undone = $round.Undone; free_bytes = $round.Free }
        }
        # A recorded answer is told as it was recorded.
        if ($answer.elapsed_ms -eq 0) { $answer.elapsed_ms = $clock.ElapsedMilliseconds }
        if (-not $told) { $told = ConvertTo-AsciiJson $answer }
        Format-Answer $names.nonce $told
    } finally {
        & $round.Leave
        if ($null -ne $lock) { $lock.Dispose() }
    }
}

Invoke-Round $Request
