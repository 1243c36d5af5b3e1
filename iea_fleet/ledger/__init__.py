"""The ledger: what was run, what became of each host, and who holds a host now. It also owns the state folder."""
