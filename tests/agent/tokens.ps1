foreach ($path in $args) {
    $tokens = $null
    $errors = $null
    $null = [System.Management.Automation.Language.Parser]::ParseFile($path, [ref] $tokens, [ref] $errors)
    foreach ($problem in $errors) { "error $($problem.Extent.StartLineNumber) $($problem.Message)" }
    foreach ($token in $tokens) { if ($token.Kind -notin 'Comment', 'NewLine', 'EndOfInput') { "$($token.Kind) $($token.Text)" } }
    '<<end>>'
}
