function Find-Setting {
    <#
    .SYNOPSIS
    Finds a setting in a file's text.
    .OUTPUTS
    State; present: Value, Start, Length of the characters that hold it; absent: Start, Before and After of what to add, none where it can't be added.
    #>
    param ([String] $Text, $Target)
    try {
        $found = switch ($Target.store) {
            'ini' { Find-Ini $Text $Target }
            'text' { Find-Pattern $Text $Target }
            default { throw [NotSupportedException] "The store $($Target.store) is not known." }
        }
        if ($found.State -eq 'present' -and $found.Value.Length -gt 4096) { throw [FormatException] 'The value is longer than 4096 characters.' }
        $found
    } catch { @{ State = 'malformed'; Message = (Get-ErrorFact $_).Message } }
}

function Set-SettingText {
    <#
    .SYNOPSIS
    A file's text with one setting changed, and nothing else. Throws where the file can't hold the value.
    #>
    param ([String] $Text, $Target, [String] $Value)
    $found = Find-Setting $Text $Target
    $written = $Value
    if ($found.State -eq 'present') {
        if (Test-SameText $found.Value $Value) { return $Text }
        $changed = $Text.Remove($found.Start, $found.Length).Insert($found.Start, $written)
    } elseif ($found.State -eq 'absent' -and $found.ContainsKey('Before')) {
        $changed = $Text.Insert($found.Start, $found.Before + $written + $found.After)
    } else { throw [InvalidOperationException] 'The setting is not there and is not added to this kind of file.' }
    $again = Find-Setting $changed $Target
    if ($again.State -ne 'present' -or -not (Test-SameText $again.Value $Value)) { throw [FormatException] 'The file can not hold this value: read again, it would be another.' }
    $changed
}

function Read-Place {
    <#
    .SYNOPSIS
    The places of a setting as the answer tells them.
    #>
    param ($Target)
    $path = Expand-Path $Target.path
    $file = Read-SettingsFile $path $Target.encoding
    $place = [ordered]@{ place = (Limit-Text $path 1024); state = $file.State; value = $null; win32_code = $file.Code; message = $file.Message }
    if ($file.State -eq 'present') {
        $found = Find-Setting $file.Text $Target
        $place.state = $found.State
        if ($found.State -eq 'present') { $place.value = $found.Value }
        if ($found.State -eq 'malformed') { $place.message = $found.Message }
    }
    $place
}
