function Find-Property {
    <#
    .SYNOPSIS
    A key of a Java properties file, as java.util.Properties.load finds it: the last one counts.
    #>
    param ($Text, $Target)
    $more = '\\(?:\r\n|\r|\n|\z)[ \t\f]*'
    $blank = "(?:[ \t\f]|$more)*"
    # Before a line's first character a lone backslash continues it, and the comment or blank line behind it is none of its value.
    $line = [Regex] "\G[ \t\f]*(?:(?<key>(?![#!\r\n])(?:$more|\\[\s\S]|[^\\=: \t\f\r\n])*)(?<sign>$blank(?:[=:]$blank)?)(?<value>(?:$more|\\[\s\S]|[^\\\r\n])*)|[#!][^\r\n]*)?(?:\r\n|\r|\n|\z)"
    $found = $null
    for ($at = 0; $at -lt $Text.Length; $at = $match.Index + $match.Length) {
        $match = $line.Match($Text, $at)
        if (-not $match.Success) { throw "No line of properties at character $at." }
        $key = $match.Groups['key']
        if (-not $key.Success -or ($key.Length -eq 0 -and $match.Groups['sign'].Length -eq 0)) { continue }
        $value = $match.Groups['value']
        # One wrong escape anywhere and Java takes nothing of the file.
        $meaning = Expand-Property $value.Value
        if (Test-SameText (Expand-Property $key.Value) $Target.key) {
            $found = @{ State = 'present'; Value = $meaning; Start = $value.Index; Length = $value.Length }
            if ($match.Groups['sign'].Length -eq 0) { $found.Before = '=' }
        }
    }
    if ($null -ne $found) { return $found }
    New-LineFact $Text ((Format-Property $Target.key -Key) + '=')
}

function Expand-Property {
    <#
    .SYNOPSIS
    What a key or value of a properties file stands for.
    #>
    param ($Raw)
    if (-not $Raw.Contains('\')) { return $Raw }
    $unescape = {
        param ($Match)
        $code = $Match.Groups[1].Value
        if ($code.Length -eq 0) { return '' }
        if ($code.Length -eq 5) { return [String] [Char] [Convert]::ToInt32($code.Substring(1), 16) }
        $index = 'tnrf'.IndexOf([Char] $code)
        if ($index -ge 0) { return [String] [Char] (9, 10, 13, 12)[$index] }
        if ($code -ceq 'u') { throw 'Four hexadecimal digits are missing after \u.' }
        $code
    }
    [Regex]::Replace($Raw, '\\(?:(?:\r\n|\r|\n|\z)[ \t\f]*|(u[0-9A-Fa-f]{4}|[\s\S]))', $unescape)
}

function Format-Property {
    <#
    .SYNOPSIS
    How a properties file says a value, or a key.
    #>
    param ($Value, [Switch] $Key)
    $escape = {
        param ($Match)
        $character = $Match.Value
        $index = "`t`n`r".IndexOf([Char] $character)
        if ($index -ge 0) { return '\' + 'tnr'[$index] }
        if ([Int32] [Char] $character -le 126) { return '\' + $character }
        '\u{0:X4}' -f [Int32] [Char] $character
    }
    $special = if ($Key) { '[\\\t\n\r =:#!\f]|[^\x00-\x7e]' } else { '^ |[\\\t\n\r]|[^\x00-\x7e]' }
    [Regex]::Replace($Value, $special, $escape)
}
