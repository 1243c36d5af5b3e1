"""Win32 codes that several findings turn on ([MS-ERREF] 2.2)."""

from __future__ import annotations

from typing import Final

ACCESS_DENIED: Final = 5
LOCKED: Final = frozenset({32, 33, 1224})
"""Sharing violation, lock violation, user-mapped section open: another program holds the file."""
