"""Keeps a fleet of Impact emploi association workstations connected, over WinRM."""

from __future__ import annotations

__version__ = "0.1.0"
