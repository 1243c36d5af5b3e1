function Read-JsonTree {
    <#
    .SYNOPSIS
    Reads JSON (RFC 8259) into nodes that know where they stand in the text.
    .OUTPUTS
    A node: Kind (object, array, string, word), Start, Length; Raw of a scalar, Items of a container, Names and NameStarts of an object.
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
                $open.Peek().NameStarts.Add($group.Index)
                $wanted = ':'
            } elseif ($wanted -like 'value*') {
                $node = @{ Kind = $kind; Start = $group.Index; Length = $group.Length; Raw = $group.Value }
            } else { $known = $false }
        } elseif ($mark -eq '{' -and $wanted -like 'value*') {
            $node = @{ Kind = 'object'; Start = $at - 1; Length = 0 }
            $node.Names = New-Object -TypeName 'Collections.Generic.List[String]'
            $node.NameStarts = New-Object -TypeName 'Collections.Generic.List[Int32]'
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
    if (-not $inner.Contains('\')) { return $inner }
    $unescape = {
        param ($Match)
        $code = $Match.Groups[1].Value
        if ($code.Length -eq 5) { return [String] [Char] [Convert]::ToInt32($code.Substring(1), 16) }
        $index = 'bfnrt'.IndexOf([Char] $code)
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

function Find-Json {
    <#
    .SYNOPSIS
    A scalar by its JSON pointer (RFC 6901).
    #>
    param ([String] $Text, $Target)
    $node = Read-JsonTree $Text
    $parts = @($Target.pointer.Substring(1) -split '/')
    for ($level = 0; $level -lt $parts.Count; $level++) {
        $name = $parts[$level].Replace('~1', '/').Replace('~0', '~')
        $child = $null
        if ($node.Kind -eq 'object') {
            $index = $node.Names.IndexOf($name)
            if ($index -ge 0) {
                if ($node.Names.LastIndexOf($name) -ne $index) { throw [FormatException] 'An object has the same name twice.' }
                $child = $node.Items[$index]
            } elseif ($level -eq $parts.Count - 1) { return New-MemberFact $Text $node $name }
        } elseif ($node.Kind -eq 'array' -and $name -match '^(0|[1-9][0-9]{0,8})\z' -and [Int32] $name -lt $node.Items.Count) { $child = $node.Items[[Int32] $name] }
        if ($null -eq $child) { return @{ State = 'absent' } }
        $node = $child
    }
    if ($node.Kind -eq 'word') { return @{ State = 'present'; Value = $node.Raw; Start = $node.Start; Length = $node.Length; Bare = $true } }
    if ($node.Kind -ne 'string') { throw [FormatException] 'An object or array stands where the value should be.' }
    @{ State = 'present'; Value = (Expand-JsonString $node.Raw); Start = $node.Start; Length = $node.Length }
}

function New-MemberFact {
    <#
    .SYNOPSIS
    What to add, and where, for one more member of an object.
    #>
    param ([String] $Text, $Node, [String] $Name)
    $fact = @{ State = 'absent'; Start = $Node.Start + 1; Length = 0; Before = (Format-Json $Name) + ': '; After = '' }
    if ($Node.Items.Count) {
        $last = $Node.Items[$Node.Items.Count - 1]
        $place = $Node.NameStarts[$Node.Items.Count - 1]
        $before = $Text.Substring(0, $place)
        $gap = $before.Substring($before.TrimEnd(" `t`r`n".ToCharArray()).Length)
        if ($gap.IndexOfAny("`r`n".ToCharArray()) -lt 0) { $gap = ' ' }
        $fact.Start = $last.Start + $last.Length
        $fact.Before = ',' + $gap + $fact.Before
    }
    $fact
}

function Format-Json {
    <#
    .SYNOPSIS
    How JSON says a value: as text, or bare where a bare one stood and the new one can stand so.
    #>
    param ([String] $Value, [Switch] $Bare)
    if ($Bare -and $Value -cmatch '^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null)\z') { return $Value }
    $escape = {
        param ($Match)
        $index = "`"\`b`f`n`r`t".IndexOf([Char] $Match.Value)
        if ($index -ge 0) { return '\' + '"\bfnrt'[$index] }
        '\u{0:x4}' -f [Int32] [Char] $Match.Value
    }
    '"' + [Regex]::Replace($Value, '["\\\x00-\x1f]', $escape) + '"'
}
