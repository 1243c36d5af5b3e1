"""Says what a new installation lacks: this machine, the way to each workstation, one real round; and prepares one."""
