"""Workstations on loopback behind real WinRM endpoints: for the first five minutes, demos, training and tests."""
