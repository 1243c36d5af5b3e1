"""What a workstation's answer means: findings, as pure functions of the answer."""
