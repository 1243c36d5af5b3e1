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

function Invoke-Patiently {
    <#
    .SYNOPSIS
    Does something to a file; while another program stands in the way (5, 32, 33; 1175, 1176 of ReplaceFile), 5 times more, 200 ms apart.
    #>
    param ([ScriptBlock] $Act)
    for ($try = 0; ; $try++) {
        try { return & $Act }
        catch { if ($try -ge 5 -or (Get-ErrorFact $_).Code -notin 5, 32, 33, 1175, 1176) { throw } }
        Start-Sleep -Milliseconds 200
    }
}

function Read-FileByte {
    <#
    .SYNOPSIS
    The bytes of a file that others may have open, or of its end only.
    .OUTPUTS
    Content; Offset of its first byte in the file; Head: the first three bytes of the file.
    #>
    param ($Path, $Tail = 0)
    $stream = Invoke-Patiently { [IO.File]::Open($Path, 'Open', 'Read', 'ReadWrite, Delete') }
    try {
        $reader = [IO.BinaryReader]::new($stream)
        $head = $reader.ReadBytes(3)
        $offset = 0
        if ($Tail -gt 0 -and $stream.Length -gt $Tail) { $offset = $stream.Length - $Tail }
        elseif ($stream.Length -gt 8388608) { throw 'The file is larger than 8 MiB.' }
        $null = $stream.Seek($offset, 'Begin')
        @{ Content = $reader.ReadBytes([Int32] ($stream.Length - $offset)); Offset = $offset; Head = $head }
    } finally { $stream.Dispose() }
}

function Get-TextEncoding {
    <#
    .SYNOPSIS
    The strict encoding of some bytes: by byte-order mark, else as asked, else UTF-8 when valid, else Windows-1252.
    .OUTPUTS
    Encoding, and Mark: the length of the byte-order mark.
    #>
    param ([Byte[]] $Content, [Byte[]] $Head, [String] $Asked)
    $mark = [BitConverter]::ToString($Head)
    $utf8 = [Text.UTF8Encoding]::new($false, $true)
    if ($mark -eq 'EF-BB-BF') { return @{ Encoding = $utf8; Mark = 3 } }
    $bigEndian = $mark -like 'FE-FF*'
    if ($bigEndian -or $mark -like 'FF-FE*') { return @{ Encoding = [Text.UnicodeEncoding]::new($bigEndian, $false, $true); Mark = 2 } }
    if ($Asked -eq 'utf-16-le') { return @{ Encoding = [Text.UnicodeEncoding]::new($false, $false, $true); Mark = 0 } }
    if ($Asked -eq 'auto') {
        $Asked = 'utf-8'
        try { $null = $utf8.GetCharCount($Content) } catch { $Asked = 'cp1252' }
    }
    if ($Asked -eq 'utf-8') { return @{ Encoding = $utf8; Mark = 0 } }
    # With its own fallbacks 1252 would write a look-alike for what it lacks.
    $strict = [Text.Encoding]::GetEncoding(1252, [Text.EncoderFallback]::ExceptionFallback, [Text.DecoderFallback]::ExceptionFallback)
    @{ Encoding = $strict; Mark = 0 }
}

function Read-SettingsFile {
    <#
    .SYNOPSIS
    A settings file as text.
    .OUTPUTS
    State (present, file_missing, unreadable, malformed), Code, Message; when present also Text, Content, Encoding, Mark.
    #>
    param ($Path, $Encoding)
    try { $content = (Read-FileByte $Path).Content }
    catch {
        $fact = Get-ErrorFact $_
        # 2 file not found, 3 path not found
        $state = if ($fact.Code -in 2, 3) { 'file_missing' } else { 'unreadable' }
        return @{ State = $state; Code = $fact.Code; Message = $fact.Message }
    }
    try {
        $form = Get-TextEncoding $content @($content | Select-Object -First 3) $Encoding
        $text = $form.Encoding.GetString($content, $form.Mark, $content.Length - $form.Mark)
        $file = @{ State = 'present'; Code = 0; Message = ''; Text = $text; Content = $content; Encoding = $form.Encoding; Mark = $form.Mark }
        if ((Get-Sha256 (ConvertTo-FileByte $file $text)) -ne (Get-Sha256 $content)) { throw 'It does not encode back to the same bytes.' }
        $file
    } catch { @{ State = 'malformed'; Code = 0; Message = (Get-ErrorFact $_).Message } }
}

function ConvertTo-FileByte {
    <#
    .SYNOPSIS
    The bytes of a text in the encoding of the file that it was read from, with that file's byte-order mark.
    #>
    param ($File, $Text)
    $body = $File.Encoding.GetBytes($Text)
    $content = [Byte[]]::new($File.Mark + $body.Length)
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
    param ($Text)
    $match = [Regex]::Match($Text, '\r\n|\n|\r')
    if ($match.Success) { $match.Value } else { "`r`n" }
}

function New-LineFact {
    <#
    .SYNOPSIS
    What to add so that a line stands at the end of a text that keeps ending as it ended.
    #>
    param ($Text, $Line)
    $fact = @{ State = 'absent'; Start = $Text.Length; Length = 0; Before = $Line; After = '' }
    if ($Text) { if ($Text[-1] -in "`r`n".ToCharArray()) { $fact.After = Get-LineEnd $Text } else { $fact.Before = (Get-LineEnd $Text) + $Line } }
    $fact
}

function Find-Pattern {
    <#
    .SYNOPSIS
    A setting of a free text: the first group of the first match, CR LF counting as LF.
    #>
    param ($Text, $Target)
    $match = (New-Pattern $Target.pattern 'Multiline').Match($Text.Replace("`r`n", "`n"))
    $group = $match.Groups[1]
    if (-not $group.Success) { return @{ State = 'absent' } }
    $start = Get-RealPlace $Text $group.Index
    @{ State = 'present'; Value = $group.Value; Start = $start; Length = (Get-RealPlace $Text ($group.Index + $group.Length)) - $start }
}

function Get-RealPlace {
    <#
    .SYNOPSIS
    The place in a text of a character whose place is known in the same text with LF for each CR LF.
    #>
    param ($Text, $Place)
    $passed = 0
    foreach ($match in [Regex]::Matches($Text, '\r\n')) {
        if ($match.Index - $passed -ge $Place) { break }
        $passed++
    }
    $Place + $passed
}

function New-Pattern {
    <#
    .SYNOPSIS
    A regular expression from a request; one that runs away ends after 2 s.
    #>
    param ($Pattern, $Options = 'None')
    [Regex]::new($Pattern, "$Options, CultureInvariant", [TimeSpan]::FromSeconds(2))
}
