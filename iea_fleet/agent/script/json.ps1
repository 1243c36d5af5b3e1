# White space, then one mark, text or bare word (RFC 8259).
$jsonToken = [Regex] ('\G[ \t\r\n]*([{}\[\]:,]|"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\x00-\x1f]*)*"' +
    '|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null)[ \t\r\n]*')

function Read-JsonToken {
    <#
    .SYNOPSIS
    The next token of a JSON text: Raw, Start and Length, and Next: where the one after it begins.
    #>
    param ($Text, $At, $Wanted)
    $match = $jsonToken.Match($Text, $At)
    $group = $match.Groups[1]
    if (-not $match.Success -or ($Wanted -and -not $Wanted.Contains($group.Value[0]))) { throw "This is no JSON at character $At." }
    @{ Raw = $group.Value; Start = $group.Index; Length = $group.Length; Next = $match.Index + $match.Length }
}

function Read-JsonTree {
    <#
    .SYNOPSIS
    Reads a whole JSON text into nodes that know where they stand.
    .NOTES
    ConvertFrom-Json tells no places, turns texts that look like dates into dates (7) and takes comments (7).
    #>
    param ($Text)
    $node = Read-JsonNode $Text
    if ($node.Next -ne $Text.Length) { throw 'Something follows the JSON.' }
    $node
}

function Read-JsonNode {
    <#
    .SYNOPSIS
    Reads the JSON value that begins at a place.
    .OUTPUTS
    A token, with Kind (object, array, string, word), and for a container Items; for an object Names and NameStarts.
    #>
    param ($Text, $At = 0, $Depth = 0)
    if ($Depth -gt 100) { throw 'The JSON is nested too deep.' }
    $node = Read-JsonToken $Text $At '{["-0123456789tfn'
    $node.Kind = switch ($node.Raw[0]) { '{' { 'object' } '[' { 'array' } '"' { 'string' } default { 'word' } }
    if ($node.Kind -in 'string', 'word') { return $node }
    $node.Items = [Collections.Generic.List[Object]]::new()
    $node.Names = [Collections.Generic.List[String]]::new()
    $node.NameStarts = [Collections.Generic.List[Int32]]::new()
    $end = if ($node.Kind -eq 'object') { '}' } else { ']' }
    $token = Read-JsonToken $Text $node.Next
    while ($token.Raw -ne $end) {
        $at = $token.Start
        if ($node.Items.Count) {
            if ($token.Raw -ne ',') { throw "This is no JSON at character $at." }
            $at = $token.Next
        }
        if ($end -eq '}') {
            $token = Read-JsonToken $Text $at '"'
            $node.Names.Add((Expand-JsonString $token.Raw))
            $node.NameStarts.Add($token.Start)
            $at = (Read-JsonToken $Text $token.Next ':').Next
        }
        $item = Read-JsonNode $Text $at ($Depth + 1)
        $node.Items.Add($item)
        $token = Read-JsonToken $Text $item.Next ',]}'
    }
    $node.Length = $token.Start + 1 - $node.Start
    $node.Next = $token.Next
    $node
}

function Expand-JsonString {
    <#
    .SYNOPSIS
    The text that a JSON string with its quotes stands for.
    #>
    param ($Raw)
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
    [Int64]::Parse($Node.Raw, [CultureInfo]::InvariantCulture)
}

function Find-Json {
    <#
    .SYNOPSIS
    A scalar by its JSON pointer (RFC 6901).
    #>
    param ($Text, $Target)
    $node = Read-JsonTree $Text
    $parts = @($Target.pointer.Substring(1) -split '/')
    for ($level = 0; $level -lt $parts.Count; $level++) {
        $name = $parts[$level].Replace('~1', '/').Replace('~0', '~')
        $child = $null
        if ($node.Kind -eq 'object') {
            $index = $node.Names.IndexOf($name)
            if ($index -ge 0) {
                if ($node.Names.LastIndexOf($name) -ne $index) { throw 'An object has the same name twice.' }
                $child = $node.Items[$index]
            } elseif ($level -eq $parts.Count - 1) { return New-MemberFact $Text $node $name }
        } elseif ($node.Kind -eq 'array' -and $name -match '^(0|[1-9][0-9]{0,8})\z' -and [Int32] $name -lt $node.Items.Count) { $child = $node.Items[[Int32] $name] }
        if ($null -eq $child) { return @{ State = 'absent' } }
        $node = $child
    }
    if ($node.Kind -eq 'word') { return @{ State = 'present'; Value = $node.Raw; Start = $node.Start; Length = $node.Length; Bare = $true } }
    if ($node.Kind -ne 'string') { throw 'An object or array is no value.' }
    @{ State = 'present'; Value = (Expand-JsonString $node.Raw); Start = $node.Start; Length = $node.Length }
}

function New-MemberFact {
    <#
    .SYNOPSIS
    What to add, and where, for one more member of an object.
    #>
    param ($Text, $Node, $Name)
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
    param ($Value, [Switch] $Bare)
    if ($Bare -and $Value -cmatch '^(-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null)\z') { return $Value }
    $escape = {
        param ($Match)
        $index = "`"\`b`f`n`r`t".IndexOf([Char] $Match.Value)
        if ($index -ge 0) { return '\' + '"\bfnrt'[$index] }
        '\u{0:x4}' -f [Int32] [Char] $Match.Value
    }
    '"' + [Regex]::Replace($Value, '["\\\x00-\x1f]', $escape) + '"'
}
