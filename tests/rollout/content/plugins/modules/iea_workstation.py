"""Documentation stub, so that Ansible knows the action's name."""
