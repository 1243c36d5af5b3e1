function Write-Journal {
    <#
    .SYNOPSIS
    Writes the journal with a state: prepared, or committed, which is the moment of truth.
    #>
    param ($Folder, $Journal, $State)
    $Journal.state = $State
    Write-DurableText "$Folder/journal.json" (ConvertTo-AsciiJson $Journal)
}

function Get-FileSum {
    <#
    .SYNOPSIS
    SHA-256 of a file; empty when there is none.
    #>
    param ($Path)
    if ([IO.File]::Exists($Path)) { Get-Sha256 (Read-FileByte $Path).Content } else { '' }
}

function Undo-Change {
    <#
    .SYNOPSIS
    Puts back everything that a journal names, newest first, and removes what was made.
    .OUTPUTS
    The places that somebody else changed since; they are left as they are.
    #>
    param ($Journal)
    for ($index = $Journal.values.Count - 1; $index -ge 0; $index--) {
        $entry = $Journal.values[$index]
        $place = @{ Hive = $entry.hive; Key = $entry.key; Value = $entry.value; View = $entry.view }
        $now = Read-RegistryValue $place
        $is = "$($now.Kind):$($now.Value)"
        if (Test-SameText $is "$($entry.kind):$($entry.after)") { Set-DurableValue $place $entry.kind_before ([String] $entry.before) $entry.root }
        elseif (-not (Test-SameText $is "$($entry.kind_before):$($entry.before)")) { $entry.place }
    }
    for ($index = $Journal.files.Count - 1; $index -ge 0; $index--) {
        $entry = $Journal.files[$index]
        $is = Get-FileSum $entry.path
        if ($is -eq '' -or $is -eq $entry.after) {
            if ([IO.File]::Exists($entry.old)) { Invoke-Patiently { Move-DurableFile $entry.old $entry.path } }
            elseif ($is -ne '') { $entry.path }
        } elseif ($is -ne $entry.before) { $entry.path }
        Clear-Made $entry
    }
}

function Clear-Made {
    <#
    .SYNOPSIS
    Removes the files that a transaction made beside a settings file.
    #>
    param ($Entry)
    foreach ($path in $Entry.new, $Entry.old) { if ([IO.File]::Exists($path)) { Invoke-Patiently { Remove-DurableFile $path } } }
}

function Restore-Journal {
    <#
    .SYNOPSIS
    Finishes or undoes the transaction that a power cut ended, and tells which; nothing when there was none.
    #>
    param ($Folder)
    $path = "$Folder/journal.json"
    # What was half written as the power went.
    foreach ($torn in "$path.new", "$Folder/last.json.new") { if ([IO.File]::Exists($torn)) { Remove-DurableFile $torn } }
    if (-not [IO.File]::Exists($path)) { return }
    $journal = Expand-JsonNode (Read-JsonTree ([Text.Encoding]::ASCII.GetString((Read-FileByte $path).Content)))
    $foreign = @()
    if ($journal.state -eq 'committed') { foreach ($entry in $journal.files) { Clear-Made $entry } }
    else { $foreign = @(Undo-Change $journal) }
    Remove-DurableFile $path
    if ($foreign.Count) { throw "Changed by somebody else since transaction $($journal.transaction) was cut off: $($foreign -join ', ')" }
    [ordered]@{ transaction = $journal.transaction; outcome = $(if ($journal.state -eq 'committed') { 'finished' } else { 'undone' }) }
}

function Invoke-Write {
    <#
    .SYNOPSIS
    Carries a plan out, all of it or nothing: new files, journal, replace, read back, commit.
    #>
    param ($Plan, $Folder, $Transaction, $Round)
    $journal = @{ transaction = $Transaction; state = ''; files = @(); values = @() }
    try {
        $Round.Step = 'backup'
        foreach ($file in $Plan.Files) {
            $Round.Id = $file.Id
            # What a transaction left that was cut off before it had a journal.
            $name = [IO.Path]::GetFileName($file.Path)
            foreach ($orphan in [IO.Directory]::GetFiles([IO.Path]::GetDirectoryName($file.Path), "$name.*.new")) {
                if ($orphan -match '\.[0-9a-f]{32}\.new$') { Remove-DurableFile $orphan }
            }
            $entry = @{ path = $file.Path; new = "$($file.Path).$Transaction.new"; old = "$($file.Path).$Transaction.old"; before = Get-Sha256 $file.Before; after = Get-Sha256 $file.After }
            $journal.files += $entry
            Invoke-Patiently {
                Remove-DurableFile $entry.new
                Write-DurableFile $entry.new $file.After $file.Path
            }
        }
        $journal.values = @(foreach ($value in $Plan.Values) {
            $place = $value.Place
            @{
                place = $place.Place; hive = $place.Hive; key = $place.Key; value = $place.Value; view = $place.View; root = Get-ExistingKey $place
                kind_before = $value.KindBefore; before = $value.Before; kind = $value.Kind; after = $value.After
            }
        })
        $Round.Step = 'journal'
        $Round.Id = $null
        Write-Journal $Folder $journal 'prepared'
        $Round.Step = 'write'
        for ($index = 0; $index -lt $Plan.Files.Count; $index++) {
            $entry = $journal.files[$index]
            $Round.Id = $Plan.Files[$index].Id
            $other = Invoke-Patiently {
                # Somebody else may have written since the plan was made; what they wrote stays.
                $is = Get-FileSum $entry.path
                if ($is -ne $entry.before) { return $is }
                Move-DurableFile $entry.new $entry.path $entry.old
            }
            if ($other) {
                $entry.before = $other
                throw (New-Fault 33 'Another program changed it meanwhile.')
            }
        }
        foreach ($value in $Plan.Values) {
            $Round.Id = $value.Id
            Set-DurableValue $value.Place $value.Kind $value.After
        }
        $Round.Step = 'read_back'
        foreach ($entry in $journal.files) {
            $Round.Id = $Plan.Files[[Array]::IndexOf($journal.files, $entry)].Id
            if ((Get-FileSum $entry.path) -ne $entry.after) { throw 'The file has other bytes now.' }
        }
        foreach ($value in $Plan.Values) {
            $Round.Id = $value.Id
            if (-not (Test-SameText (Read-RegistryValue $value.Place).Value $value.After)) { throw 'The registry has another value now.' }
        }
        $Round.Step = 'journal'
        $Round.Id = $null
        Write-Journal $Folder $journal 'committed'
    } catch {
        $problem = $_
        $Round.Undone = $false
        try {
            $Round.Undone = @(Undo-Change $journal).Count -eq 0
            Remove-DurableFile "$Folder/journal.json.new"
            Remove-DurableFile "$Folder/journal.json"
        } catch { $Round.Undone = $false }
        throw $problem
    }
    # What can't be removed now is removed by the next transaction, that finds this journal.
    try { foreach ($entry in $journal.files) { Clear-Made $entry } } catch { return $false }
    $true
}
