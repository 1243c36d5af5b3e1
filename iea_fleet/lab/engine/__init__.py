"""What plays a workstation: the contract between endpoint and engines, and what all engines have in common."""
