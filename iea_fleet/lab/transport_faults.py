"""Transport faults of a workstation (stub)."""

from __future__ import annotations

from iea_fleet.lab.workstation import Account, AuthSettings


class FaultSet:
    """The faults that a workstation shows now."""

    def auth_settings(self, settings: AuthSettings) -> AuthSettings:
        """The auth settings."""
        return settings

    def refuses_logon(self, account: Account) -> bool:
        """True when refused."""
        return account.filtered

    def lockout_threshold(self, threshold: int | None) -> int | None:
        """The threshold."""
        return threshold
