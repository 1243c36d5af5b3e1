"""The workstation's script and its Python side: the envelope sent and the answer parsed; knows no transport."""
