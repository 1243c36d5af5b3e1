function Find-Ini {
    <#
    .SYNOPSIS
    A key of a section, as GetPrivateProfileString finds it.
    #>
    param ([String] $Text, $Target)
    $inside = $false
    $seen = $false
    $end = 0
    foreach ($match in [Regex]::Matches($Text, '[^\r\n]+')) {
        $line = $match.Value
        $trimmed = $line.Trim(" `t".ToCharArray())
        if ($trimmed -eq '') { continue }
        if ($trimmed[0] -eq '[') {
            if ($seen) { break }
            $name = ($trimmed.Substring(1) -split ']', 2)[0].Trim(" `t".ToCharArray())
            $inside = Test-SameText $name $Target.section.Trim() -IgnoreCase
            $seen = $inside
        } elseif ($inside -and $line[0] -ne ';' -and $line[0] -ne '#') {
            $equals = $line.IndexOf('=')
            if ($equals -ge 0 -and (Test-SameText $line.Substring(0, $equals).Trim(" `t".ToCharArray()) $Target.key.Trim() -IgnoreCase)) {
                $value = [Regex]::Match($line.Substring($equals + 1), '^[ \t]*(["'']?)(.*)$')
                $whole = $value.Groups[2].Value.TrimEnd(" `t".ToCharArray())
                $start = $match.Index + $equals + 1 + $value.Groups[2].Index
                $quote = $value.Groups[1].Value
                if ($quote -ne '') {
                    if ($whole.EndsWith($quote, 'Ordinal')) { $whole = $whole.Substring(0, $whole.Length - 1) }
                    else {
                        $whole = $quote + $whole
                        $start--
                    }
                }
                return @{ State = 'present'; Value = $whole; Start = $start; Length = $whole.Length }
            }
        }
        if ($inside) { $end = $match.Index + $match.Length }
    }
    $line = $Target.key.Trim() + '='
    if ($seen) { return @{ State = 'absent'; Start = $end; Before = (Get-LineEnd $Text) + $line; After = '' } }
    New-LineFact $Text ('[' + $Target.section + ']' + (Get-LineEnd $Text) + $line)
}
