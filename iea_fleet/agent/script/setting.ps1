function Find-Setting {
    <#
    .SYNOPSIS
    Finds a setting in a file's text.
    .OUTPUTS
    State; present: Value, and Start and Length of the characters that hold it; absent: Start of where to add it, missing where it can't be added. Before and After stand around what is written, Quote and Bare tell how.
    #>
    param ($Text, $Target)
    try {
        $found = switch ($Target.store) {
            'ini' { Find-Ini $Text $Target }
            'json' { Find-Json $Text $Target }
            'xml' { Find-Xml $Text $Target }
            'properties' { Find-Property $Text $Target }
            'text' { Find-Pattern $Text $Target }
        }
        if ($found.State -eq 'present' -and $found.Value.Length -gt 4096) { throw 'The value is longer than 4096 characters.' }
        $found
    } catch { @{ State = 'malformed'; Message = (Get-ErrorFact $_).Message } }
}

function Set-SettingText {
    <#
    .SYNOPSIS
    A file's text with one setting changed, and nothing else. Throws where the file can't hold the value.
    #>
    param ($Text, $Target, $Found, $Value)
    if ($Found.State -eq 'malformed') { throw $Found.Message }
    if (-not $Found.ContainsKey('Start')) { throw 'The setting can not be added.' }
    $written = switch ($Target.store) {
        'json' { Format-Json $Value -Bare:$Found.ContainsKey('Bare') }
        'xml' { Format-Xml $Value $Found['Quote'] }
        'properties' { Format-Property $Value }
        default { $Value }
    }
    $changed = $Text.Remove($Found.Start, $Found.Length).Insert($Found.Start, $Found['Before'] + $written + $Found['After'])
    $again = Find-Setting $changed $Target
    if ($again.State -ne 'present' -or -not (Test-SameText $again.Value $Value)) { throw 'Read back it would be another value.' }
    $changed
}

function Read-Setting {
    <#
    .SYNOPSIS
    The places of a setting as the answer tells them.
    #>
    param ($Target)
    $all = if ($Target.store -eq 'registry') {
        foreach ($place in Get-RegistryPlace $Target) {
            $found = Read-RegistryValue $place
            $found.Place = $place.Place
            $found
        }
    } else {
        $path = Expand-Path $Target.path
        $found = Read-SettingsFile $path $Target.encoding
        if ($found.State -eq 'present') { $found = Find-Setting $found.Text $Target }
        $found.Place = $path
        $found
    }
    foreach ($found in $all) {
        [ordered]@{ place = (Limit-Text $found.Place 1024); state = $found.State; value = $found['Value']; win32_code = [Int32] $found['Code']; message = [String] $found['Message'] }
    }
}
