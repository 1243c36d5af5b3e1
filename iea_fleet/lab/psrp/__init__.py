"""PowerShell remoting over the lab's endpoint: runspaces and pipelines of [MS-PSRP] in shells of [MS-WSMV]."""
