function Find-Record {
    <#
    .SYNOPSIS
    The lines of a text that are records.
    .OUTPUTS
    Start and Length of the line; End: where the next one begins; Match; Fields: name and text of each.
    #>
    param ([String] $Text, $Target)
    $pattern = New-Pattern $Target.pattern
    for ($line = ([Regex] '\G([^\r\n]*)(?:\r\n|\n|\r|\z)').Match($Text, 0); $line.Success -and $line.Length; $line = $line.NextMatch()) {
        $match = $pattern.Match($line.Groups[1].Value)
        if (-not $match.Success) { continue }
        $fields = [ordered]@{}
        for ($index = 0; $index -lt $Target.fields.Count; $index++) {
            $value = $match.Groups[$index + 1].Value
            if ($value.Length -gt 4096) { throw 'A field is longer than 4096 characters.' }
            $fields[$Target.fields[$index]] = $value
        }
        @{ Start = $line.Index; Length = $line.Groups[1].Length; End = $line.Index + $line.Length; Match = $match; Fields = $fields }
    }
}

function Read-RecordFile {
    <#
    .SYNOPSIS
    The facts of a records probe.
    #>
    param ($Probe)
    $path = Expand-Path $Probe.target.path
    $file = Read-SettingsFile $path $Probe.target.encoding
    $fact = [ordered]@{ kind = 'records'; id = $Probe.id; place = Limit-Text $path 1024; state = $file.State; records = @(); total = 0; win32_code = $file.Code; message = $file.Message }
    if ($file.State -ne 'present') { return $fact }
    try {
        $found = @(Find-Record $file.Text $Probe.target)
        $fact.total = $found.Count
        $room = 200000
        $fact.records = @(foreach ($record in $found | Select-Object -First 256) {
            foreach ($value in $record.Fields.Values) { $room -= $value.Length }
            if ($room -lt 0) { break }
            $record.Fields
        })
    } catch {
        $fact.state = 'malformed'
        $fact.message = (Get-ErrorFact $_).Message
    }
    $fact
}

function New-Release {
    <#
    .SYNOPSIS
    Puts the releases of a request into the texts of the files that are planned, and gives their outcomes.
    .NOTES
    Every release looks for its records in the text as the settings left it; then the changes are made, the last line first.
    #>
    param ($Request, $Open, $Probes, $Round)
    foreach ($step in $Request.release) {
        $Round.Id = $step.id
        $path = Expand-Path $step.target.path
        $outcome = [ordered]@{ id = $step.id; place = Limit-Text $path 1024; due = $true; records = @() }
        if ($null -ne $step.only_if -and -not (Test-Requirement $step.only_if $Probes).held) { $outcome.due = $false }
        else { $outcome.records = @(Add-Release $step (Open-PlanFile $Open $step $path)) }
        $outcome
    }
    foreach ($file in $Open.Values) {
        if (-not $file.ContainsKey('Lines')) { continue }
        foreach ($start in $file.Lines.Keys | Sort-Object -Descending) {
            $line = $file.Lines[$start]
            $file.Text = $file.Text.Remove($start, $line.Length).Insert($start, $line.Text)
        }
    }
}

function Add-Release {
    <#
    .SYNOPSIS
    Notes what one release does to the lines of its file, and tells the records that it changes.
    #>
    param ($Step, $File)
    if (-not $File.ContainsKey('Lines')) { $File.Lines = @{} }
    $told = 0
    foreach ($record in @(Find-Record $File.Text $Step.target)) {
        if (-not (Test-Match $record.Fields $Step.match) -or ($Step.one -and ($told -or $File.Lines.ContainsKey($record.Start)))) { continue }
        if ($null -eq $Step.values) {
            $after = $null
            $line = @{ Length = $record.End - $record.Start; Text = '' }
        } else {
            if (@($Step.values.Keys | Where-Object { -not $record.Fields.Contains($_) }).Count) { throw 'The records have no such field.' }
            $after = [ordered]@{}
            foreach ($name in $record.Fields.Keys) { $after[$name] = if ($Step.values.ContainsKey($name)) { $Step.values[$name] } else { $record.Fields[$name] } }
            if (Test-SameField $after $record.Fields) { continue }
            $line = @{ Length = $record.Length; Text = Set-RecordText $File.Text $record $Step.target $after }
        }
        $other = $File.Lines[$record.Start]
        if ($null -ne $other -and ($other.Length -ne $line.Length -or -not (Test-SameText $other.Text $line.Text))) { throw 'Another change writes the same record.' }
        $File.Lines[$record.Start] = $line
        if (++$told -gt 256) { throw 'More than 256 records are concerned.' }
        [ordered]@{ before = $record.Fields; after = $after }
    }
}

function Test-Match {
    <#
    .SYNOPSIS
    Whether a record has every field of one of some wanted ones, without case.
    #>
    param ($Fields, $Wanted)
    foreach ($one in $Wanted) {
        $differs = @($one.Keys | Where-Object { -not $Fields.Contains($_) -or -not (Test-SameText $Fields[$_] $one[$_] -IgnoreCase) })
        if (-not $differs.Count) { return $true }
    }
    $false
}

function Test-SameField {
    <#
    .SYNOPSIS
    Whether two records have the same text in every field.
    #>
    param ($Left, $Right)
    foreach ($name in $Left.Keys) { if (-not (Test-SameText $Left[$name] $Right[$name])) { return $false } }
    $true
}

function Set-RecordText {
    <#
    .SYNOPSIS
    A record's line with other texts in its fields; throws where the line would not be read so.
    #>
    param ([String] $Text, $Record, $Target, $After)
    $line = $Text.Substring($Record.Start, $Record.Length)
    $groups = for ($index = 0; $index -lt $Target.fields.Count; $index++) {
        $group = $Record.Match.Groups[$index + 1]
        $value = $After[$Target.fields[$index]]
        if (Test-SameText $group.Value $value) { continue }
        if (-not $group.Success) { throw 'The record has no place for this field.' }
        @{ Start = $group.Index; Length = $group.Length; Text = $value }
    }
    foreach ($group in $groups | Sort-Object -Property { $_.Start } -Descending) { $line = $line.Remove($group.Start, $group.Length).Insert($group.Start, $group.Text) }
    $again = @(Find-Record $line $Target)
    if ($line -match '[\r\n]' -or $again.Count -ne 1 -or -not (Test-SameField $After $again[0].Fields)) { throw 'Read back, the record would be another one.' }
    $line
}
