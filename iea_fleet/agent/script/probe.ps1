function Invoke-Probe {
    <#
    .SYNOPSIS
    The facts of one probe; what goes wrong is told in them.
    #>
    param ($Probe, $Transaction)
    switch ($Probe.kind) {
        'setting' { [ordered]@{ kind = 'setting'; id = $Probe.id; places = @(Read-Setting $Probe.target) } }
        'url' { Test-Url $Probe }
        'process' {
            $count = @(Get-NamedProcess $Probe.name).Count
            [ordered]@{ kind = 'process'; id = $Probe.id; running = ($count -gt 0); count = $count }
        }
        'service' { [ordered]@{ kind = 'service'; id = $Probe.id; state = Get-ServiceState $Probe.name } }
        'log' { Read-Log $Probe }
        default { Invoke-WholeProbe $Probe $Transaction }
    }
}

function Get-NamedProcess {
    <#
    .SYNOPSIS
    The processes of this name, without case, without .exe.
    #>
    param ($Name)
    Get-Process | Where-Object { Test-SameText $_.ProcessName $Name -IgnoreCase }
}

function Get-ServiceState {
    <#
    .SYNOPSIS
    running, stopped, paused, pending, absent, or unsupported where the system has no services.
    #>
    param ($Name)
    try { $service = Get-Service -Name ([Management.Automation.WildcardPattern]::Escape($Name)) }
    catch {
        if ($_.FullyQualifiedErrorId -like 'NoServiceFoundForGivenName*') { return 'absent' }
        return 'unsupported'
    }
    $state = ([String] $service.Status).ToLowerInvariant()
    if ($state -in 'running', 'stopped', 'paused') { $state } else { 'pending' }
}

function Read-Log {
    <#
    .SYNOPSIS
    For each pattern the last line of a log's end that matches, and how many do.
    #>
    param ($Probe)
    $fact = [ordered]@{ kind = 'log'; id = $Probe.id; state = 'present'; matches = @() }
    try {
        $file = Read-FileByte (Expand-Path $Probe.path) $Probe.tail_bytes
        $content = $file.Content
        $form = Get-TextEncoding $content $file.Head $Probe.encoding
        $from = [Math]::Max(0, $form.Mark - $file.Offset)
        # The end may begin within a character.
        if ($file.Offset -gt 0 -and $form.Encoding -is [Text.UnicodeEncoding]) { $from += ($file.Offset + $from) % 2 }
        elseif ($file.Offset -gt 0) {
            while ($from -lt [Math]::Min(3, $content.Length) -and ($content[$from] -band 0xc0) -eq 0x80) { $from++ }
            $rest = [Byte[]]::new($content.Length - $from)
            [Array]::Copy($content, $from, $rest, 0, $rest.Length)
            $form = Get-TextEncoding $rest $file.Head $Probe.encoding
        }
        $lines = $form.Encoding.GetString($content, $from, $content.Length - $from) -split '\r\n|\n|\r'
        $fact.matches = @(foreach ($name in $Probe.patterns.Keys) {
            $pattern = New-Pattern $Probe.patterns[$name]
            $matching = @($lines | Where-Object { $pattern.IsMatch($_) })
            if ($matching.Count) { [ordered]@{ pattern = $name; line = (Limit-Text $matching[-1] 500); count = $matching.Count } }
        })
    } catch { $fact.state = if ((Get-ErrorFact $_).Code -in 2, 3) { 'file_missing' } else { 'unreadable' } }
    $fact
}

function Get-ProbeFact {
    <#
    .SYNOPSIS
    What a requirement compares, as text.
    #>
    param ($Facts, $Name)
    if ($Facts.kind -eq 'setting') { foreach ($place in $Facts.places) { if ($Name -in 'value', 'state') { [String] $place[$Name] } } }
    elseif ($Facts.Contains($Name)) { if ($Facts[$Name] -is [Boolean]) { ([String] $Facts[$Name]).ToLowerInvariant() } else { [String] $Facts[$Name] } }
}

function Test-Requirement {
    <#
    .SYNOPSIS
    Whether a requirement holds, and what was found; nothing found never holds.
    #>
    param ($Requirement, $Probes)
    $found = @(Get-ProbeFact ($Probes | Where-Object { $_.id -ceq $Requirement.probe }) $Requirement.fact)
    $wanted = $null -ne $Requirement.one_of
    $list = [String[]] $(if ($wanted) { $Requirement.one_of } else { $Requirement.none_of })
    $held = $found.Count -gt 0
    foreach ($value in $found) { if (([Array]::IndexOf($list, [String] $value) -ge 0) -ne $wanted) { $held = $false } }
    [ordered]@{ probe = $Requirement.probe; fact = $Requirement.fact; held = $held; found = $found }
}
