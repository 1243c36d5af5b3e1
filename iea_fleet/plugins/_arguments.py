"""The arguments of the action, checked before anything is sent, in check mode as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError

from iea_fleet.model.base import ShortText, Strict
from iea_fleet.model.desired import (
    DesiredAssistance,
    DesiredConnection,
    DesiredLicence,
    DesiredSession,
    DesiredShare,
)
from iea_fleet.model.document import first_error, known_keys, reason_of
from iea_fleet.model.errors import InputError
from iea_fleet.model.finding import Sheet
from iea_fleet.model.phrase import Phrase, did_you_mean
from iea_fleet.model.request import ExpectedHost
from iea_fleet.model.store import WindowsPath
from iea_fleet.model.window import DEFAULT_ZONE, MaintenanceWindows, parse_windows

_WHERE = "iea_workstation"


class Arguments(Strict):
    """The action's arguments; modules/iea_workstation.py documents each."""

    sheets: tuple[Sheet, ...] = Field(default=(Sheet.CONNECTION,), min_length=1, max_length=len(Sheet))
    profile: Annotated[str, Field(min_length=1, max_length=1024)]
    connection: DesiredConnection = DesiredConnection()
    share: DesiredShare = DesiredShare()
    licence: DesiredLicence = DesiredLicence()
    session: DesiredSession = DesiredSession()
    assistance: DesiredAssistance = DesiredAssistance()
    read_only: bool = False
    computer_name: ShortText | None = None
    machine_id: ShortText | None = None
    certificate_sha256: Annotated[str, Field(pattern=r"^([0-9A-Fa-f]{2}:?){32}$|^$")] | None = None
    deadline_s: Annotated[int, Field(ge=2, le=3000)] = 120
    state_folder: WindowsPath = r"%ProgramData%\iea-fleet"
    maintenance_windows: Any = ()
    timezone: Any = DEFAULT_ZONE

    @property
    def pin(self) -> str:
        """SHA-256 of the only certificate to accept, 64 lower-case hexadecimal digits; "": none is named."""
        return (self.certificate_sha256 or "").replace(":", "").lower()

    @property
    def windows(self) -> MaintenanceWindows:
        """When the workstation may be restarted. Raises: InputError, which tells better than a type what is wrong."""
        return parse_windows(self.maintenance_windows, self.timezone, _WHERE)

    @property
    def expect_host(self) -> ExpectedHost:
        """Who must answer; an empty name is not checked."""
        return ExpectedHost(computer_name=self.computer_name or None, machine_id=self.machine_id or None)


def parse_arguments(arguments: Mapping[str, Any]) -> Arguments:
    """Check the arguments of a task.

    Args:
        arguments: as Ansible templated them.

    Raises: InputError, naming the argument and the nearest known one, and never a value: it could be a secret.
    """
    try:
        return Arguments.model_validate_json(json.dumps(_given(arguments)))
    except (TypeError, ValueError) as error:
        if not isinstance(error, ValidationError):
            raise InputError(
                _WHERE, "the arguments are not plain values ({said})", "Write them out.", said=error
            ) from error
        first = first_error(error)
    name = ".".join(str(part) for part in first["loc"]) or "arguments"
    if first["type"] == "extra_forbidden":
        known = known_keys(Arguments, first["loc"][:-1])
        mend = did_you_mean(str(first["loc"][-1]), known, Phrase("Known here: {names}.", names=", ".join(known)))
        raise InputError(_WHERE, "there is no argument {name}", mend, name=name)
    if first["type"] == "missing":
        raise InputError(
            _WHERE, "the argument {name} is missing", "Give it, or use the role, which has a default.", name=name
        )
    variable = "_".join(("iea", *(str(part) for part in first["loc"] if isinstance(part, str))))
    raise InputError(
        _WHERE,
        "'{name}': {said}",
        "Correct the value (the role's variable {variable}).",
        name=name,
        said=reason_of(first),
        variable=variable,
    )


def _given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without what is empty inside a sheet and may be absent there: a role's variable never is."""
    models: dict[str, type[Strict]] = {
        "share": DesiredShare,
        "session": DesiredSession,
        "assistance": DesiredAssistance,
    }
    return {
        name: {key: value for key, value in held.items() if value or key not in _optional(models[name])}
        if name in models and isinstance(held, Mapping)
        else held
        for name, held in arguments.items()
    }


def _optional(model: type[Strict]) -> frozenset[str]:
    return frozenset(name for name, field in model.model_fields.items() if field.default is None)
