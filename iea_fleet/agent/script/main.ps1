function Invoke-Round {
    <#
    .SYNOPSIS
    Does one transaction and prints its answer.
    #>
    param ([String] $Line)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $Request = Expand-JsonNode (Read-JsonTree $Line)
    $answer = [ordered]@{
        schema = 1; transaction = $Request.transaction; status = 'done'; dry_run = $Request.dry_run; replayed = $false
        host = (Get-HostFact); recovered = $null; probes = @(); require = @(); ensure = @(); after = @(); verify = @(); error = $null; elapsed_ms = 0
    }
    $answer.probes = @(foreach ($probe in $Request.probe) {
        if ($probe.kind -eq 'setting') { [ordered]@{ kind = 'setting'; id = $probe.id; places = @(Read-Place $probe.target) } }
    })
    $answer.ensure = @(foreach ($step in $Request.ensure) {
        $place = Read-Place $step.target
        $file = Read-SettingsFile $place.place $step.target.encoding
        $text = Set-SettingText $file.Text $step.target $step.value
        $changed = -not (Test-SameText $text $file.Text)
        if ($changed -and -not $Request.dry_run) { [IO.File]::WriteAllBytes($place.place, (ConvertTo-FileByte $file $text)) }
        [ordered]@{ id = $step.id; places = @([ordered]@{ place = $place.place; state = $place.state; before = $place.value; after = $step.value; changed = $changed }) }
    })
    $answer.elapsed_ms = $clock.ElapsedMilliseconds
    Format-Answer $Request.nonce (ConvertTo-AsciiJson $answer)
}

Invoke-Round $Request
