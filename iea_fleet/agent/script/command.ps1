function Invoke-Program {
    <#
    .SYNOPSIS
    Runs a program to its end without a window: its exit code, and the end of what it printed.
    .NOTES
    Both outputs are read all the time and only their ends are kept, so that no program can block or fill the memory.
    #>
    param ([String] $Path, [String] $Arguments, [String] $StandardInput, [Int64] $TimeoutMs)
    if (-not [IO.File]::Exists($Path)) { throw (New-Fault 2 "There is no program $Path.") }
    $start = [Diagnostics.ProcessStartInfo]::new($Path, $Arguments)
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.WorkingDirectory = [IO.Path]::GetDirectoryName($Path)
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    # With code page 65001 .NET Framework would write a byte-order mark first. Without a console there is nothing to set.
    try { [Console]::InputEncoding = [Text.UTF8Encoding]::new($false) } catch { $null = $_ }
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $process = [Diagnostics.Process]::Start($start)
    try {
        try {
            if ($StandardInput) {
                $line = [Text.Encoding]::UTF8.GetBytes("$StandardInput$([Environment]::NewLine)")
                $process.StandardInput.BaseStream.Write($line, 0, $line.Length)
            }
            $process.StandardInput.Close()
        } catch [IO.IOException] { $null = 'It ended without reading.' }
        $outputs = @(foreach ($stream in $process.StandardOutput, $process.StandardError) {
            $buffer = [Char[]]::new(4096)
            @{ Stream = $stream; Buffer = $buffer; Text = ''; Read = $stream.ReadAsync($buffer, 0, 4096) }
        })
        $left = 0
        while (@($outputs | Where-Object { $null -ne $_.Read }).Count) {
            foreach ($output in $outputs) { Read-Output $output }
            if ($process.HasExited -and $left -eq 0) { $left = $clock.ElapsedMilliseconds + 1000 }
            # What it started may hold its outputs open for ever.
            if ($left -gt 0 -and $clock.ElapsedMilliseconds -ge $left) { break }
            if ($left -eq 0 -and $clock.ElapsedMilliseconds -ge $TimeoutMs) { throw 'It did not end in time.' }
            $reads = @($outputs | ForEach-Object { $_.Read } | Where-Object { $null -ne $_ })
            if ($reads.Count) { $null = [Threading.Tasks.Task]::WaitAny([Threading.Tasks.Task[]] $reads, 50) }
        }
        # It may close its outputs long before it ends.
        if (-not $process.WaitForExit([Int32] [Math]::Max(1, $TimeoutMs - $clock.ElapsedMilliseconds))) { throw 'It did not end in time.' }
        $text = $outputs[0].Text + $outputs[1].Text
        if ($StandardInput) { $text = $text.Replace($StandardInput, '***') }
        $text = $text.Trim()
        @{
            ExitCode = [BitConverter]::ToUInt32([BitConverter]::GetBytes([Int32] $process.ExitCode), 0)
            Text = $text.Substring([Math]::Max(0, $text.Length - 500))
        }
    } finally {
        try { if (-not $process.HasExited) { $process.Kill() } } catch { $null = $_ }
        $process.Dispose()
    }
}

function Read-Output {
    <#
    .SYNOPSIS
    Takes what a program has printed since, keeps the end of it, and asks for more; Read is null at the end.
    #>
    param ($Output)
    while ($null -ne $Output.Read -and $Output.Read.IsCompleted) {
        $count = $Output.Read.Result
        if ($count -eq 0) {
            $Output.Read = $null
            return
        }
        $text = $Output.Text + [String]::new($Output.Buffer, 0, $count)
        $Output.Text = $text.Substring([Math]::Max(0, $text.Length - 2000))
        $Output.Read = $Output.Stream.ReadAsync($Output.Buffer, 0, 4096)
    }
}

function Invoke-CommandStep {
    <#
    .SYNOPSIS
    Runs a program, and waits for what it is to bring about.
    #>
    param ($Step, $Outcome)
    $told = Invoke-Program (Expand-Path $Step.path) (Join-Argument $Step.arguments) $Step.standard_input $Step.timeout_ms
    $Outcome.exit_code = $told.ExitCode
    if ($told.ExitCode -notin $Step.success) {
        $Outcome.ok = $false
        $Outcome.message = if ($told.Text) { $told.Text } else { "It ended with $($told.ExitCode)." }
        return
    }
    if ($null -eq $Step.until) { return }
    $clock = [Diagnostics.Stopwatch]::StartNew()
    while (-not (Test-Until $Step.until)) {
        if ($clock.ElapsedMilliseconds -ge $Step.until.within_ms) { throw 'What was waited for did not come about in time.' }
        Start-Sleep -Milliseconds $Step.until.every_ms
    }
}

function Test-Until {
    <#
    .SYNOPSIS
    Whether every place of a setting has one of the wanted values.
    #>
    param ($Until)
    $places = @(Read-Setting $Until.target)
    $wrong = @($places | Where-Object { $_.state -ne 'present' -or [Array]::IndexOf([String[]] $Until.one_of, [String] $_.value) -lt 0 })
    $places.Count -gt 0 -and $wrong.Count -eq 0
}
