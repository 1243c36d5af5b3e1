function Find-Xml {
    <#
    .SYNOPSIS
    The text of an element, or an attribute, by local names. XmlReader tells where the element is; its tag is read from the text.
    #>
    param ($Text, $Target)
    $path, $attribute = $Target.element.Substring(1) -split '/@', 2
    $steps = @(foreach ($step in $path -split '/') {
        $name, $index = $step.TrimEnd(']') -split '\[', 2
        @{ Name = $name; Alone = ($null -eq $index); Index = [Math]::Max(1, [Int32] $index); Seen = 0 }
    })
    $lines = @(0) + @(foreach ($match in [Regex]::Matches($Text, '\r\n|\n|\r')) { $match.Index + $match.Length })
    $reader = [Xml.XmlTextReader]::new([IO.StringReader]::new($Text))
    $reader.DtdProcessing = 'Prohibit'
    $reader.XmlResolver = $null
    $reader.EntityHandling = 'ExpandEntities'
    $depth = 0
    $start = -1
    $end = -1
    try {
        while ($reader.Read()) {
            if ($reader.NodeType -eq 'Element') {
                if ($depth -eq $steps.Count) {
                    if (-not $attribute) { throw 'The element has elements inside.' }
                } elseif ($reader.Depth -eq $depth -and $reader.LocalName.Equals($steps[$depth].Name)) {
                    $step = $steps[$depth]
                    $step.Seen++
                    if ($step.Alone -and $step.Seen -gt 1) { throw "There is more than one element $($step.Name) and no [n] says which." }
                    if ($step.Seen -ne $step.Index) { continue }
                    $depth++
                    if ($depth -eq $steps.Count) { $start = $lines[$reader.LineNumber - 1] + $reader.LinePosition - 1 } else { $steps[$depth].Seen = 0 }
                    if ($reader.IsEmptyElement) { $depth-- }
                }
            } elseif ($reader.NodeType -eq 'EndElement') {
                if ($reader.Depth -ne $depth - 1) { continue }
                # The position is the name's, behind its </.
                if ($depth -eq $steps.Count) { $end = $lines[$reader.LineNumber - 1] + $reader.LinePosition - 3 }
                $depth--
            } elseif ($depth -eq $steps.Count -and -not $attribute -and $reader.NodeType -in 'Comment', 'ProcessingInstruction') {
                throw 'The element has a comment or an instruction inside.'
            }
        }
    } finally { $reader.Close() }
    if ($start -lt 0) { return @{ State = 'absent' } }
    $tag = ([Regex] '\G([^\s/>]+)((?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|''[^'']*''))*)(\s*/?>)').Match($Text, $start)
    if ($attribute) {
        foreach ($match in [Regex]::Matches($tag.Groups[2].Value, '\s+([^\s=]+)\s*=\s*(["''])(.*?)\2', 'Singleline')) {
            $name = $match.Groups[1].Value
            if ($name -ceq 'xmlns' -or $name -clike 'xmlns:*' -or -not $attribute.Equals(($name -split ':')[-1])) { continue }
            $value = $match.Groups[3]
            $plain = [Regex]::Replace($value.Value, '\r\n|[\r\n\t]', ' ')
            return @{ State = 'present'; Value = (Expand-XmlText $plain); Start = $tag.Groups[2].Index + $value.Index; Length = $value.Length; Quote = $match.Groups[2].Value }
        }
        return @{ State = 'absent'; Start = $tag.Groups[3].Index; Length = 0; Before = " $attribute=`""; After = '"'; Quote = '"' }
    }
    $close = $tag.Groups[3]
    if ($close.Value.EndsWith('/>', 'Ordinal')) {
        return @{ State = 'present'; Value = ''; Start = $close.Index; Length = $close.Length; Before = '>'; After = '</' + $tag.Groups[1].Value + '>' }
    }
    $space = " `t`r`n".ToCharArray()
    $start = $tag.Index + $tag.Length
    $raw = $Text.Substring($start, $end - $start)
    $start += $raw.Length - $raw.TrimStart($space).Length
    $raw = $raw.Trim($space)
    @{ State = 'present'; Value = (Expand-XmlText $raw); Start = $start; Length = $raw.Length }
}

function Expand-XmlText {
    <#
    .SYNOPSIS
    What the characters of an element or attribute stand for (XML 1.0, 2.11, 4.1, 4.6).
    #>
    param ($Raw)
    $meaning = {
        param ($Match)
        $name = $Match.Groups[2].Value
        if ($Match.Groups[1].Success) { return [Regex]::Replace($Match.Groups[1].Value, '\r\n?', "`n") }
        if ($name -eq '') { return "`n" }
        if ($name[0] -ne '#') { return @{ amp = '&'; lt = '<'; gt = '>'; quot = '"'; apos = "'" }[$name] }
        $code = if ($name[1] -eq 'x') { [Convert]::ToInt32($name.Substring(2), 16) } else { [Int32] $name.Substring(1) }
        [Char]::ConvertFromUtf32($code)
    }
    [Regex]::Replace($Raw, '<!\[CDATA\[(.*?)\]\]>|&([^;]+);|\r\n?', $meaning, 'Singleline')
}

function Format-Xml {
    <#
    .SYNOPSIS
    How XML says a value, as text or inside the quotes of an attribute.
    #>
    param ($Value, $Quote)
    $escaped = $Value.Replace('&', '&amp;').Replace('<', '&lt;').Replace('>', '&gt;')
    if ($Quote -eq '"') { $escaped = $escaped.Replace('"', '&quot;') }
    if ($Quote -eq "'") { $escaped = $escaped.Replace("'", '&apos;') }
    $escaped
}
