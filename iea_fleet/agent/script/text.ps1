function Expand-Path {
    <#
    .SYNOPSIS
    A path with the workstation's environment variables and the system's separator put in.
    #>
    param ([String] $Path)
    $expanded = [Environment]::ExpandEnvironmentVariables($Path)
    if ([IO.Path]::DirectorySeparatorChar -eq '/') { $expanded = $expanded.Replace('\', '/') }
    $expanded
}

function Get-TextEncoding {
    <#
    .SYNOPSIS
    The strict encoding of some bytes: by byte-order mark, else as asked, else UTF-8 when valid, else Windows-1252.
    .OUTPUTS
    Encoding, and Mark: the length of the byte-order mark.
    #>
    param ([Byte[]] $Content, [String] $Asked)
    $mark = [BitConverter]::ToString($Content, 0, [Math]::Min(3, $Content.Length))
    $utf8 = New-Object -TypeName Text.UTF8Encoding -ArgumentList $false, $true
    if ($mark -eq 'EF-BB-BF') { return @{ Encoding = $utf8; Mark = 3 } }
    if ($mark -like 'FF-FE*') { return @{ Encoding = (New-Object -TypeName Text.UnicodeEncoding -ArgumentList $false, $false, $true); Mark = 2 } }
    if ($mark -like 'FE-FF*') { return @{ Encoding = (New-Object -TypeName Text.UnicodeEncoding -ArgumentList $true, $false, $true); Mark = 2 } }
    if ($Asked -eq 'utf-16-le') { return @{ Encoding = (New-Object -TypeName Text.UnicodeEncoding -ArgumentList $false, $false, $true); Mark = 0 } }
    if ($Asked -eq 'auto') {
        $Asked = 'utf-8'
        try { $null = $utf8.GetCharCount($Content) } catch { $Asked = 'cp1252' }
    }
    if ($Asked -eq 'utf-8') { return @{ Encoding = $utf8; Mark = 0 } }
    $strict = [Text.Encoding]::GetEncoding(1252, [Text.EncoderFallback]::ExceptionFallback, [Text.DecoderFallback]::ExceptionFallback)
    @{ Encoding = $strict; Mark = 0 }
}

function Read-FileByte {
    <#
    .SYNOPSIS
    The bytes of a file that others may have open, from an offset; a file in use is tried again 5 times, 200 ms apart.
    #>
    param ([String] $LiteralPath, [Int64] $Tail = 0, [Int64] $Maximum = 8388608)
    for ($try = 0; ; $try++) {
        try {
            $stream = [IO.File]::Open($LiteralPath, 'Open', 'Read', 'ReadWrite, Delete')
            break
        } catch {
            if ($try -ge 5 -or (Get-ErrorFact $_).Code -notin 5, 32, 33) { throw }
            Start-Sleep -Milliseconds 200
        }
    }
    try {
        $length = $stream.Length
        if ($Tail -gt 0 -and $length -gt $Tail) {
            $null = $stream.Seek(-$Tail, 'End')
            $length = $Tail
        }
        if ($length -gt $Maximum) { throw [IO.InvalidDataException] "The file is larger than $Maximum bytes." }
        $content = New-Object -TypeName 'Byte[]' -ArgumentList $length
        $filled = 0
        while ($filled -lt $length) {
            $count = $stream.Read($content, $filled, $length - $filled)
            if ($count -eq 0) { break }
            $filled += $count
        }
        if ($filled -lt $length) { [Array]::Resize([ref] $content, $filled) }
        return , $content
    } finally { $stream.Dispose() }
}

function Read-SettingsFile {
    <#
    .SYNOPSIS
    A settings file as text.
    .OUTPUTS
    State (present, file_missing, unreadable, malformed), Code, Message; when present also Text, Content, Encoding, Mark.
    #>
    param ([String] $LiteralPath, [String] $Encoding)
    try { $content = Read-FileByte $LiteralPath }
    catch {
        $fact = Get-ErrorFact $_
        $state = 'unreadable'
        # 2 file not found, 3 path not found
        if ($fact.Code -in 2, 3) { $state = 'file_missing' }
        return @{ State = $state; Code = $fact.Code; Message = $fact.Message }
    }
    try {
        $form = Get-TextEncoding $content $Encoding
        $text = $form.Encoding.GetString($content, $form.Mark, $content.Length - $form.Mark)
        $file = @{ State = 'present'; Code = 0; Message = ''; Text = $text; Content = $content; Encoding = $form.Encoding; Mark = $form.Mark }
        if ((Get-Sha256 (ConvertTo-FileByte $file $text)) -ne (Get-Sha256 $content)) { throw [FormatException] 'The text does not encode back to the same bytes.' }
        $file
    } catch { @{ State = 'malformed'; Code = 0; Message = (Get-ErrorFact $_).Message } }
}

function ConvertTo-FileByte {
    <#
    .SYNOPSIS
    The bytes of a text in the encoding of the file that it was read from, with that file's byte-order mark.
    #>
    param ($File, [String] $Text)
    $body = $File.Encoding.GetBytes($Text)
    $content = New-Object -TypeName 'Byte[]' -ArgumentList ($File.Mark + $body.Length)
    [Array]::Copy($File.Content, $content, $File.Mark)
    $body.CopyTo($content, $File.Mark)
    return , $content
}

function Test-SameText {
    <#
    .SYNOPSIS
    Whether two texts are the same characters; PowerShell's own comparison passes over some of them.
    #>
    param ([String] $Left, [String] $Right, [Switch] $IgnoreCase)
    $comparison = if ($IgnoreCase) { [StringComparison]::OrdinalIgnoreCase } else { [StringComparison]::Ordinal }
    [String]::Equals($Left, $Right, $comparison)
}

function Get-LineEnd {
    <#
    .SYNOPSIS
    The line end that an added line takes: the first one of the text, CR LF when it has none.
    #>
    param ([String] $Text)
    $match = [Regex]::Match($Text, '\r\n|\n|\r')
    if ($match.Success) { $match.Value } else { "`r`n" }
}

function New-LineFact {
    <#
    .SYNOPSIS
    What to add, and where, so that a line stands at the end of a text that keeps ending as it ended.
    #>
    param ([String] $Text, [String] $Line)
    $lineEnd = Get-LineEnd $Text
    if ($Text -eq '' -or $Text.EndsWith("`n", 'Ordinal') -or $Text.EndsWith("`r", 'Ordinal')) {
        $after = if ($Text -eq '') { '' } else { $lineEnd }
        return @{ State = 'absent'; Start = $Text.Length; Before = $Line; After = $after }
    }
    @{ State = 'absent'; Start = $Text.Length; Before = $lineEnd + $Line; After = '' }
}

function Find-Pattern {
    <#
    .SYNOPSIS
    A setting of a free text: the first group of the first match, CR LF counting as LF.
    #>
    param ([String] $Text, $Target)
    $options = [Text.RegularExpressions.RegexOptions] 'Multiline, CultureInvariant'
    $regex = New-Object -TypeName Text.RegularExpressions.Regex -ArgumentList $Target.pattern, $options, ([TimeSpan]::FromSeconds(2))
    $match = $regex.Match($Text.Replace("`r`n", "`n"))
    if (-not $match.Success -or -not $match.Groups[1].Success) { return @{ State = 'absent' } }
    $group = $match.Groups[1]
    # Each CR that stands before a place in the text moves it by one.
    $places = @($group.Index, ($group.Index + $group.Length))
    $breaks = [Regex]::Matches($Text, '\r\n')
    for ($index = 0; $index -lt $breaks.Count -and $breaks[$index].Index - $index -lt $places[1]; $index++) { $null = $index }
    $last = $index
    for ($index = 0; $index -lt $last -and $breaks[$index].Index - $index -lt $places[0]; $index++) { $null = $index }
    $start = $places[0] + $index
    @{ State = 'present'; Value = $group.Value; Start = $start; Length = $places[1] + $last - $start }
}
