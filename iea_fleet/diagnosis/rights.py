"""What an account's lack of administrator's rights explains, for findings that tell a denied access."""

from __future__ import annotations

from iea_fleet.model.answer import HostFacts


def plain_account(host: HostFacts) -> str | None:
    """The account that answered, where it has no administrator's rights; `None`: it has, or nobody says."""
    return host.user if host.elevated is False else None


def local_account(host: HostFacts) -> str | None:
    """The same where it is an account of that computer alone, whose rights Windows filters over the network (UAC).

    Source: Microsoft, "UAC and remote restrictions" (LocalAccountTokenFilterPolicy).
    """
    domain = host.user.partition("\\")[0]
    return plain_account(host) if domain.casefold() == host.computer_name.casefold() else None
