function Find-Ini {
    <#
    .SYNOPSIS
    A key of a section, as GetPrivateProfileString finds it.
    #>
    param ($Text, $Target)
    $blanks = " `t".ToCharArray()
    $inside = $false
    $end = 0
    foreach ($match in [Regex]::Matches($Text, '[^\r\n]+')) {
        $line = $match.Value
        $trimmed = $line.Trim($blanks)
        if ($trimmed.Length -eq 0) { continue }
        if ($trimmed[0] -eq '[') {
            if ($inside) { break }
            $inside = Test-SameText ($trimmed.Substring(1) -split ']', 2)[0].Trim($blanks) $Target.section -IgnoreCase
        } elseif ($inside -and $line[0] -ne ';' -and $line[0] -ne '#') {
            $name, $value = $line -split '=', 2
            if ($null -ne $value -and (Test-SameText $name.Trim($blanks) $Target.key -IgnoreCase)) {
                $start = $match.Index + $line.Length - $value.TrimStart($blanks).Length
                $value = $value.Trim($blanks)
                if ($value.Length -ge 2 -and $value[0] -eq $value[-1] -and $value[0] -in [Char] 34, [Char] 39) {
                    $value = $value.Substring(1, $value.Length - 2)
                    $start++
                }
                return @{ State = 'present'; Value = $value; Start = $start; Length = $value.Length }
            }
        }
        if ($inside) { $end = $match.Index + $match.Length }
    }
    if ($inside) { return @{ State = 'absent'; Start = $end; Length = 0; Before = (Get-LineEnd $Text) + $Target.key + '='; After = '' } }
    New-LineFact $Text ('[' + $Target.section + ']' + (Get-LineEnd $Text) + $Target.key + '=')
}
