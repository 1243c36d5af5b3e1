function Test-Url {
    <#
    .SYNOPSIS
    Reaches a URL layer by layer, through the proxy that the system would take, and tells how far it came.
    #>
    param ($Probe)
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $fact = [ordered]@{
        kind = 'url'; id = $Probe.id; ok = $false; layer = 'dns'; timed_out = $false; http_status = $null; tls_refusal = $null; certificate = $null
        proxy = $null; addresses = @(); win32_code = 0; message = ''; elapsed_ms = 0
    }
    # Closing the socket from outside is what ends a read that would wait longer than the probe may.
    $deadline = [Threading.CancellationTokenSource]::new([Int32] $Probe.timeout_ms)
    $client = $null
    try {
        $uri = [Uri] $Probe.url
        $secure = $uri.Scheme -eq 'https'
        $next = $uri
        $way = [Net.WebRequest]::GetSystemWebProxy().GetProxy($uri)
        if ($null -ne $way -and $way.Authority -ne $uri.Authority) {
            $next = $way
            $fact.proxy = Limit-Text "$($way.Host):$($way.Port)" 260
            $fact.layer = 'proxy'
        }
        $addresses = @(Find-Address $next.DnsSafeHost $Probe.timeout_ms $clock)
        if (-not $fact.proxy) {
            $fact.addresses = @($addresses | ForEach-Object { $_.ToString() })
            $fact.layer = 'tcp'
        }
        $client = Connect-Address $addresses $next.Port $Probe.timeout_ms $clock
        $null = $deadline.Token.Register([Delegate]::CreateDelegate([Action], $client, 'Close'))
        $stream = $client.GetStream()
        if ($fact.proxy -and $secure) {
            $status = Get-HttpStatus $stream "CONNECT $($uri.Host):$($uri.Port) HTTP/1.1`r`nHost: $($uri.Host):$($uri.Port)`r`n`r`n"
            if ($status -lt 200 -or $status -gt 299) {
                $fact.http_status = $status
                throw "The proxy answered $status."
            }
        }
        if ($secure) {
            $fact.layer = 'tls'
            $stream = Open-TlsStream $stream $uri.DnsSafeHost $fact
        }
        if (-not $fact.proxy -or $secure) { $fact.layer = 'http' }
        $path = if ($fact.proxy -and -not $secure) { $uri.AbsoluteUri } else { $uri.PathAndQuery }
        $fact.http_status = Get-HttpStatus $stream "GET $path HTTP/1.1`r`nHost: $($uri.Authority)`r`nUser-Agent: iea-fleet`r`nConnection: close`r`n`r`n"
        # A proxy that takes the request itself answers these in its own name.
        if ($fact.layer -eq 'proxy' -and $fact.http_status -notin 407, 502, 504) { $fact.layer = 'http' }
        if ($fact.layer -eq 'http' -and $fact.http_status -ge $Probe.accept_status[0] -and $fact.http_status -le $Probe.accept_status[1]) {
            $fact.layer = 'none'
            $fact.ok = $true
        } else { $fact.message = "The answer was $($fact.http_status)." }
    } catch {
        $base = $_.Exception.GetBaseException()
        $fact.message = Limit-Text $base.Message
        if ($deadline.IsCancellationRequested -or $base -is [TimeoutException]) {
            $fact.timed_out = $true
            $fact.win32_code = 10060
        } else {
            if ($base -is [Net.Sockets.SocketException]) { $fact.win32_code = [Int32] $base.SocketErrorCode }
            if ($fact.win32_code -lt 0) { $fact.win32_code = 0 }
            if ($fact.layer -eq 'tls' -and -not $fact.tls_refusal) { $fact.tls_refusal = 'handshake' }
        }
    } finally {
        $deadline.Dispose()
        if ($null -ne $client) { $client.Close() }
    }
    $fact.elapsed_ms = $clock.ElapsedMilliseconds
    $fact
}

function Find-Address {
    <#
    .SYNOPSIS
    The first 16 addresses of a name.
    #>
    param ([String] $Name, [Int64] $TimeoutMs, $Clock)
    $search = [Net.Dns]::GetHostAddressesAsync($Name)
    if (-not $search.Wait([Int32] [Math]::Max(1, $TimeoutMs - $Clock.ElapsedMilliseconds))) { throw [TimeoutException] 'No answer in time.' }
    $search.Result | Select-Object -First 16
}

function Connect-Address {
    <#
    .SYNOPSIS
    A TCP connection to the first address that takes one; the time that is left is shared by the addresses.
    #>
    param ($Addresses, [Int32] $Port, [Int64] $TimeoutMs, $Clock)
    $left = @($Addresses).Count
    $problem = [TimeoutException] 'No connection in time.'
    foreach ($address in $Addresses) {
        $client = [Net.Sockets.TcpClient]::new($address.AddressFamily)
        try {
            if ($client.ConnectAsync($address, $Port).Wait([Math]::Max(1, [Int32] (($TimeoutMs - $Clock.ElapsedMilliseconds) / $left)))) { return $client }
        } catch { $problem = $_.Exception.GetBaseException() }
        $client.Close()
        $left--
    }
    throw $problem
}

function Get-HttpStatus {
    <#
    .SYNOPSIS
    Sends a request's head and reads the status of its answer, not one byte beyond the answer's head.
    #>
    param ($Stream, $Head)
    $content = [Text.Encoding]::ASCII.GetBytes($Head)
    $Stream.Write($content, 0, $content.Length)
    $Stream.Flush()
    do {
        $answer = [Text.StringBuilder]::new()
        $line = 0
        while ($answer.Length -lt 16384) {
            $byte = $Stream.ReadByte()
            if ($byte -lt 0) { break }
            $null = $answer.Append([Char] $byte)
            if ($byte -eq 10) {
                if ($line -eq 0) { break }
                $line = 0
            } elseif ($byte -ne 13) { $line++ }
        }
        $match = [Regex]::Match($answer.ToString(), '^HTTP/[0-9.]+ ([1-5][0-9][0-9])\b')
        if (-not $match.Success) { throw 'The answer is no HTTP.' }
        $status = [Int32] $match.Groups[1].Value
    } while ($status -lt 200)
    $status
}

function Open-TlsStream {
    <#
    .SYNOPSIS
    TLS over a connection, checked as the system checks; what was shown and why it was refused goes into the facts.
    #>
    param ($Stream, $Name, $Fact)
    $judge = {
        param ($Origin, $Certificate, $Chain, $Errors)
        $shown = [Security.Cryptography.X509Certificates.X509Certificate2]::new($Certificate)
        $Fact.certificate = [ordered]@{
            subject = Limit-Text $shown.Subject; issuer = Limit-Text $shown.Issuer; not_before = Format-Moment $shown.NotBefore; not_after = Format-Moment $shown.NotAfter
            sha256 = Get-Sha256 $shown.RawData
        }
        # RemoteCertificateNameMismatch; then X509ChainStatusFlags.
        if ([Int32] $Errors -band 2) { $Fact.tls_refusal = 'name_mismatch' }
        elseif ([Int32] $Errors) {
            $flags = 0
            foreach ($status in $Chain.ChainStatus) { $flags = $flags -bor [Int32] $status.Status }
            $ended = @($Chain.ChainElements | Where-Object { $_.Certificate.NotAfter -lt [DateTime]::Now }).Count
            # NotTimeValid; NotSignatureValid, UntrustedRoot, Cyclic, PartialChain; Revoked, ExplicitDistrust
            $Fact.tls_refusal = if ($flags -band 1) { if ($ended) { 'expired' } else { 'not_yet_valid' } }
            elseif ($flags -band 0x100a8) { 'unknown_authority' }
            elseif ($flags -band 0x4000004) { 'revoked' }
            else { 'handshake' }
        }
        [Int32] $Errors -eq 0
    }
    $secured = [Net.Security.SslStream]::new($Stream, $false, ([Net.Security.RemoteCertificateValidationCallback] $judge))
    # None: the system's own choice; .NET before 4.7, or a program made for it, does not take it, and its own default lacks TLS 1.2.
    try { $secured.AuthenticateAsClient($Name, $null, 'None', $false) }
    catch [ArgumentException] { $secured.AuthenticateAsClient($Name, $null, 'Tls, Tls11, Tls12', $false) }
    $secured
}
