# Plays many rounds in one PowerShell. Each line of standard input: a request with what happens at which durable step.
param ([String] $Script)
$block = [ScriptBlock]::Create([IO.File]::ReadAllText($Script))
$before = if ($env:IEA_TEST_BEFORE) { [ScriptBlock]::Create([IO.File]::ReadAllText($env:IEA_TEST_BEFORE)) } else { {} }
while ($null -ne ($line = [Console]::In.ReadLine())) {
    $global:Step = 0
    $global:At, $global:What, $request = $line -split ' ', 3
    . $before
    # A break that names this loop ends the script as a power cut would: no catch sees it.
    :cut while ($true) {
        & $block $request
        break
    }
    "<<steps $global:Step>>"
}
