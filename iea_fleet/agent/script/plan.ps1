function New-Fault {
    <#
    .SYNOPSIS
    An exception that carries a Win32 code when there is one.
    #>
    param ([Int32] $Code, [String] $Message)
    if ($Code) { [ComponentModel.Win32Exception]::new($Code, $Message) } else { [InvalidOperationException]::new($Message) }
}

function New-Plan {
    <#
    .SYNOPSIS
    What a request would write: the bytes of every file and the registry values, computed before any write.
    .OUTPUTS
    Files and Values to write; Outcomes and Released as the answer tells them.
    #>
    param ($Request, $Probes, $Round)
    $open = [ordered]@{}
    $values = @()
    $outcomes = @(foreach ($step in $Request.ensure) {
        $Round.Id = $step.id
        if ($step.target.store -eq 'registry') {
            $places = @(foreach ($place in Get-RegistryPlace $step.target) {
                $value = New-ValueChange $step $place
                if ($value.Changed) { $values += $value }
                [ordered]@{ place = (Limit-Text $place.Place 1024); state = $value.State; before = $value.Before; after = $step.value; changed = $value.Changed }
            })
        } else {
            $path = Expand-Path $step.target.path
            $file = Open-PlanFile $open $step $path
            $found = Find-Setting $file.Text $step.target
            $changed = $found.State -ne 'present' -or -not (Test-SameText $found.Value $step.value)
            if ($changed) { $file.Text = Set-SettingText $file.Text $step.target $found $step.value }
            $file.Steps += $step
            $places = @([ordered]@{ place = (Limit-Text $path 1024); state = $found.State; before = $found['Value']; after = $step.value; changed = $changed })
        }
        [ordered]@{ id = $step.id; places = $places }
    })
    $released = @(if ($Request.release.Count) { New-Release $Request $open $Probes $Round })
    $files = @(foreach ($file in $open.Values) {
        $Round.Id = $file.Id
        $file.After = ConvertTo-FileByte $file.File $file.Text
        if ($file.After.Length -gt 8388608) { throw 'The file would be larger than 8 MiB.' }
        foreach ($step in $file.Steps) {
            $Round.Id = $step.id
            if (-not (Test-SameText (Find-Setting $file.Text $step.target).Value $step.value)) { throw 'Another change writes the same setting.' }
        }
        if ((Get-Sha256 $file.After) -ne (Get-Sha256 $file.Before)) { $file }
    })
    $Round.Id = $null
    @{ Files = $files; Values = @($values); Outcomes = $outcomes; Released = $released }
}

function Open-PlanFile {
    <#
    .SYNOPSIS
    The file of a step as it is planned so far; what several steps change is opened once.
    #>
    param ($Open, $Step, $Path)
    $full = [IO.Path]::GetFullPath($Path)
    $name = if (Test-Windows) { $full.ToUpperInvariant() } else { $full }
    if (-not $Open.Contains($name)) {
        $file = Read-SettingsFile $Path $Step.target.encoding
        if ($file.State -ne 'present') { throw (New-Fault $file.Code $file.Message) }
        $Open[$name] = @{ Id = $Step.id; Path = $full; Before = $file.Content; File = $file; Text = $file.Text; Steps = @() }
    }
    $Open[$name]
}

function New-ValueChange {
    <#
    .SYNOPSIS
    What becomes of one registry value.
    #>
    param ($Step, $Place)
    $now = Read-RegistryValue $Place
    if ($now.State -notin 'present', 'absent') { throw (New-Fault $now.Code $now.Message) }
    $kind = $now.Kind
    if (-not $kind) { $kind = @{ string = 'String'; expand_string = 'ExpandString'; dword = 'DWord' }[$Step.target.type] }
    $number = [UInt64] 0
    if ($kind -in 'DWord', 'QWord') {
        $fits = $Step.value -match '^(0|[1-9][0-9]*)\z' -and [UInt64]::TryParse($Step.value, [ref] $number) -and ($kind -eq 'QWord' -or $number -le [UInt32]::MaxValue)
        if (-not $fits) { throw "A value of the kind $kind can not hold this text." }
    }
    $changed = $now.State -eq 'absent' -or -not (Test-SameText $now.Value $Step.value)
    @{ Id = $Step.id; Place = $Place; State = $now.State; KindBefore = [String] $now.Kind; Before = $now.Value; Kind = $kind; After = $Step.value; Changed = $changed }
}

function Assert-Space {
    <#
    .SYNOPSIS
    Throws disk full (112) when a drive concerned lacks room for new files, backups and journal.
    #>
    param ($Plan, $Folder, $Round)
    $needed = 65536
    foreach ($file in $Plan.Files) { $needed += $file.Before.Length + $file.After.Length }
    foreach ($path in @($Folder) + @($Plan.Files | ForEach-Object { $_.Path })) {
        $free = Get-FreeByte $path
        if ($free -lt 0 -or $free -ge $needed) { continue }
        $Round.Free = $free
        throw (New-Fault 112 "$needed bytes are needed, $free are free.")
    }
}
