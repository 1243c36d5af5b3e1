"""Runs a playbook over an inventory and sees that every host asked for has an outcome."""
