"""The HTTP side of a workstation's endpoint: connections, logons, message encryption, TLS."""
