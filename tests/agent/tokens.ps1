foreach ($path in $args) {
    $tokens = $null
    $errors = $null
    $tree = [System.Management.Automation.Language.Parser]::ParseFile($path, [ref] $tokens, [ref] $errors)
    foreach ($problem in $errors) { "error $($problem.Extent.StartLineNumber) $($problem.Message)" }
    foreach ($token in $tokens) { if ($token.Kind -notin 'Comment', 'NewLine', 'EndOfInput') { "$($token.Kind) $($token.Text)" } }
    foreach ($node in $tree.FindAll({ $true }, $true)) { $node.GetType().Name }
    '<<end>>'
}
