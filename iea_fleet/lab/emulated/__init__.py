"""The emulated engine: a workstation in memory that follows docs/wire.md as the script does, and instantly."""
