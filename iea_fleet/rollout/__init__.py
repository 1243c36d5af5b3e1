"""A run from end to end: the inventory's hosts, Ansible over them, every outcome into the ledger."""
