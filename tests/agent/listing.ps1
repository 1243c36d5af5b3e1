param ([String] $Path)
$tokens = $null
$errors = $null
$tree = [System.Management.Automation.Language.Parser]::ParseFile($Path, [ref] $tokens, [ref] $errors)
$nodes = $tree.FindAll({ $true }, $true)
function Get-TypeText($Name) {
    $kind = $Name.GetReflectionType()
    if ($null -eq $kind) { return $Name.FullName }
    while ($kind.IsArray) { $kind = $kind.GetElementType() }
    if ($kind.IsGenericType) { $kind = $kind.GetGenericTypeDefinition() }
    $kind.FullName
}
# Lists what a script uses: commands with their parameters, types, members, and syntax that 5.1 does not have.
$facts = @{ errors = @($errors | ForEach-Object { $_.Message }); functions = @(); commands = @(); types = @(); statics = @(); members = @(); syntax = @() }
foreach ($node in $nodes) {
    $line = $node.Extent.StartLineNumber
    switch ($node.GetType().Name) {
        'FunctionDefinitionAst' { $facts.functions += $node.Name }
        'CommandAst' {
            $names = @($node.CommandElements | Where-Object { $_ -is [System.Management.Automation.Language.CommandParameterAst] } | ForEach-Object { $_.ParameterName })
            $facts.commands += @{ name = [string] $node.GetCommandName(); parameters = $names; line = $line; operator = [string] $node.InvocationOperator }
        }
        'TypeExpressionAst' { $facts.types += Get-TypeText $node.TypeName }
        'TypeConstraintAst' { $facts.types += Get-TypeText $node.TypeName }
        { $_ -in 'MemberExpressionAst', 'InvokeMemberExpressionAst' } {
            if ($node.Member -isnot [System.Management.Automation.Language.StringConstantExpressionAst]) { $facts.syntax += "computed member, line $line"; break }
            if ($node.Static) { $facts.statics += @{ type = Get-TypeText $node.Expression.TypeName; member = $node.Member.Value; line = $line } }
            else { $facts.members += @{ member = $node.Member.Value; call = $_ -eq 'InvokeMemberExpressionAst'; line = $line } }
            if ($node.PSObject.Properties['NullConditional'] -and $node.NullConditional) { $facts.syntax += "?. in line $line" }
        }
        'TernaryExpressionAst' { $facts.syntax += "?: in line $line" }
        'PipelineChainAst' { $facts.syntax += "pipeline chain in line $line" }
        'HashtableAst' { $facts.functions += $null }
    }
}
foreach ($token in $tokens) { if ($token.Kind -in 'QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'AndAnd', 'OrOr') { $facts.syntax += "$($token.Text) in line $($token.Extent.StartLineNumber)" } }
$facts.functions = @($facts.functions | Where-Object { $_ })
$facts.keys = @($nodes | Where-Object { $_ -is [System.Management.Automation.Language.HashtableAst] } | ForEach-Object { $_.KeyValuePairs } | ForEach-Object { $_.Item1.Extent.Text })
ConvertTo-Json -InputObject $facts -Depth 5 -Compress
