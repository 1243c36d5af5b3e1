function Read-JsonTree {
    <#
    .SYNOPSIS
    Reads JSON (RFC 8259) into nodes that know where they stand in the text.
    .OUTPUTS
    A node: Kind (object, array, string, word), Start, Length, Names and Items of a container.
    .NOTES
    ConvertFrom-Json tells no places, turns texts that look like dates into dates (7) and takes comments (7).
    #>
    param ([String] $Text)
    $pattern = '\G[ \t\r\n]*(?:(?<mark>[{}\[\]:,])|(?<text>"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*)*")' +
        '|(?<word>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null))'
    $token = [Regex] $pattern
    $open = New-Object -TypeName 'Collections.Generic.Stack[Object]'
    $root = $null
    $wanted = 'value'
    $at = 0
    while ($wanted -ne 'nothing') {
        $match = $token.Match($Text, $at)
        if (-not $match.Success) { throw [FormatException] "No JSON at character $at." }
        $at = $match.Index + $match.Length
        $mark = $match.Groups['mark'].Value
        $node = $null
        $closed = $false
        $known = $true
        if ($mark -eq '') {
            $group = $match.Groups['text']
            $kind = 'string'
            if (-not $group.Success) {
                $group = $match.Groups['word']
                $kind = 'word'
            }
            if ($kind -eq 'string' -and $wanted -like 'name*') {
                $open.Peek().Names.Add((Expand-JsonString $group.Value))
                $wanted = ':'
            } elseif ($wanted -like 'value*') {
                $node = @{ Kind = $kind; Start = $group.Index; Length = $group.Length; Raw = $group.Value }
            } else { $known = $false }
        } elseif ($mark -eq '{' -and $wanted -like 'value*') {
            $node = @{ Kind = 'object'; Start = $at - 1; Length = 0; Names = New-Object -TypeName 'Collections.Generic.List[String]' }
        } elseif ($mark -eq '[' -and $wanted -like 'value*') {
            $node = @{ Kind = 'array'; Start = $at - 1; Length = 0 }
        } elseif ($mark -eq '}' -and $open.Count -and $open.Peek().Kind -eq 'object' -and $wanted -in 'name or end', ',') {
            $closed = $true
        } elseif ($mark -eq ']' -and $open.Count -and $open.Peek().Kind -eq 'array' -and $wanted -in 'value or end', ',') {
            $closed = $true
        } elseif ($mark -eq ':' -and $wanted -eq ':') {
            $wanted = 'value'
        } elseif ($mark -eq ',' -and $wanted -eq ',') {
            $wanted = if ($open.Peek().Kind -eq 'object') { 'name' } else { 'value' }
        } else { $known = $false }
        if (-not $known) { throw [FormatException] "No JSON at character $($at - 1)." }
        if ($null -ne $node) {
            if ($open.Count) { $open.Peek().Items.Add($node) } else { $root = $node }
            if ($node.Kind -in 'object', 'array') {
                $node.Items = New-Object -TypeName 'Collections.Generic.List[Object]'
                $open.Push($node)
                $wanted = if ($node.Kind -eq 'object') { 'name or end' } else { 'value or end' }
            } else { $closed = $true }
        }
        if ($closed) {
            if ($null -eq $node) {
                $node = $open.Pop()
                $node.Length = $at - $node.Start
            }
            $wanted = if ($open.Count) { ',' } else { 'nothing' }
        }
    }
    if ($Text.Substring($at).Trim(" `t`r`n".ToCharArray()) -ne '') { throw [FormatException] "More than one JSON value." }
    $root
}

function Expand-JsonString {
    <#
    .SYNOPSIS
    The text that a JSON string with its quotes stands for.
    #>
    param ([String] $Raw)
    $inner = $Raw.Substring(1, $Raw.Length - 2)
    if ($inner.IndexOf('\') -lt 0) { return $inner }
    $unescape = {
        param ($Match)
        $code = $Match.Groups[1].Value
        if ($code.Length -eq 5) { return [String] [Char] [Convert]::ToInt32($code.Substring(1), 16) }
        $index = 'bfnrt'.IndexOf($code)
        if ($index -lt 0) { return $code }
        [String] [Char] (8, 12, 10, 13, 9)[$index]
    }
    [Regex]::Replace($inner, '\\(u.{4}|.)', $unescape)
}

function Expand-JsonNode {
    <#
    .SYNOPSIS
    Turns a node into dictionaries, arrays, text, Int64, Boolean or null.
    #>
    param ($Node)
    switch ($Node.Kind) {
        'object' {
            $result = @{}
            for ($index = 0; $index -lt $Node.Items.Count; $index++) { $result[$Node.Names[$index]] = Expand-JsonNode $Node.Items[$index] }
            return $result
        }
        'array' {
            $items = @(foreach ($item in $Node.Items) { Expand-JsonNode $item })
            return , $items
        }
        'string' { return Expand-JsonString $Node.Raw }
    }
    switch -CaseSensitive ($Node.Raw) {
        'true' { return $true }
        'false' { return $false }
        'null' { return $null }
    }
    [Int64]::Parse($Node.Raw, [Globalization.CultureInfo]::InvariantCulture)
}
