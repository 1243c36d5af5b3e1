"""The emulated engine: a workstation in memory that follows docs/wire.md as `workstation.ps1` does, and instantly."""
