"""Who has begun and who has answered in one pass over hosts, and when a stopped pass has nothing left to wait for."""

from __future__ import annotations


class Passage:
    """Keeps account of one pass, from Ansible's events in their order. Pure: it does nothing by itself.

    Ansible tells that a host begins before the host's action looks at the gate. So the first host that the shut gate
    turned away proves that everybody who came through it has been heard to begin: they alone are waited for.
    """

    def __init__(self) -> None:
        self._begun: set[str] = set()
        self._told: set[str] = set()
        self._awaited: set[str] | None = None

    @property
    def is_untouched(self) -> bool:
        """Whether Ansible has not even begun with any host."""
        return not self._begun and not self._told

    @property
    def is_over(self) -> bool:
        """Whether the gate has turned somebody away and nobody is under way any more."""
        return self._awaited is not None and not self._awaited

    def begin(self, host: str) -> None:
        """The action of a host begins."""
        self._begun.add(host)

    def tell(self, host: str, turned_away: bool = False) -> None:
        """A host's outcome is known; `turned_away`: it is that the gate was shut for everybody."""
        self._told.add(host)
        if turned_away and self._awaited is None:
            self._awaited = self._begun - self._told
        if self._awaited is not None:
            self._awaited.discard(host)

    def has_told(self, host: str) -> bool:
        """Whether a host's outcome has come."""
        return host in self._told

    def is_cut_off(self, host: str) -> bool:
        """Whether a host may have been worked on without an outcome."""
        under_way = self._begun - self._told if self._awaited is None else self._awaited
        return host in under_way
