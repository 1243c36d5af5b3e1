"""The faults that are set on one workstation; they can be set and cleared while the lab runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iea_fleet.lab.faults import ALL_FAULTS
from iea_fleet.lab.faults.kinds import EARLY_CUTS, FaultKind, Parameter, Stage, Value
from iea_fleet.model.errors import InputError
from iea_fleet.model.phrase import Phrase, did_you_mean


class FaultRefused(InputError):
    """A fault or a parameter of it is not known, or its value is none."""


@dataclass(slots=True)
class ActiveFault:
    """A fault that is set; `remaining` 0: no end."""

    kind: FaultKind
    parameters: dict[str, Value]
    on: str
    remaining: int
    after: int

    def number(self, name: str) -> float:
        """A numeric parameter."""
        return float(self.parameters[name])

    def text(self, name: str) -> str:
        """A parameter as text."""
        return str(self.parameters[name])

    def describe(self) -> str:
        """The fault as `lab status` shows it: `name(parameter=value, ...)`."""
        shown = {**self.parameters, "on": self.on, "times": self.remaining, "after": self.after}
        return (
            f"{self.kind.name}({', '.join(f'{key}={value}' for key, value in shown.items() if value not in ('', 0))})"
        )


class FaultSet:
    """The faults that one workstation shows now.

    `on_change` is called after each change of the set: the endpoint adapts its listeners there.
    """

    def __init__(self) -> None:
        self._active: dict[str, ActiveFault] = {}
        self.on_change: Callable[[], None] | None = None

    def set(self, name: str, **parameters: Value) -> None:
        """Set a fault, in place of one of the same name.

        Args:
            name: a fault of either table.
            parameters: the fault's own and `on`, `times`, `after`; text is read as the parameter's type.
        Raises: FaultRefused.
        """
        kind = ALL_FAULTS.get(name)
        if kind is None:
            mend = did_you_mean(name, ALL_FAULTS, Phrase("There are: {names}.", names=", ".join(ALL_FAULTS)))
            raise FaultRefused(_where(name), "there is no such fault", mend)
        common = {
            "on": Parameter(kind.on, "request"),
            "times": Parameter(kind.times, "strikes"),
            "after": Parameter(0, "requests"),
        }
        known = {**kind.parameters, **common}
        values = {key: parameter.default for key, parameter in known.items()}
        for key, value in parameters.items():
            if key not in known:
                raise FaultRefused(
                    _where(name), "it has no parameter {name}", "It takes {names}.", name=key, names=", ".join(known)
                )
            values[key] = _converted(name, key, value, known[key])
        early = values.get("stage") in EARLY_CUTS
        if values["on"] and "on" in parameters and (early or not kind.knows_request):
            raise FaultRefused(_where(name), "it strikes before a request is known", "Use `after` instead of `on`.")
        self._active[name] = ActiveFault(
            kind,
            {key: values[key] for key in kind.parameters},
            "" if early else str(values["on"]),
            int(values["times"]),
            int(values["after"]),
        )
        self._changed()

    def clear(self, name: str | None = None) -> None:
        """Mend one fault, or all; a fault that is not set is mended already."""
        if name is None:
            self._active.clear()
        else:
            self._active.pop(name, None)
        self._changed()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    @property
    def active(self) -> tuple[ActiveFault, ...]:
        """The faults that are set, in the order of setting."""
        return tuple(self._active.values())

    def get(self, name: str) -> ActiveFault | None:
        """A fault that holds as long as it is set; nothing is counted."""
        return self._active.get(name)

    def strike(self, stage: Stage, request: str = "", cut: str = "") -> ActiveFault | None:
        """The fault that strikes now, counted; None: all is well.

        Args:
            stage: where in the exchange this is.
            request: short name of the request, "" before it is known.
            cut: for `Stage.CUT`, the value of the parameter `stage`.
        """
        for name, fault in self._active.items():
            if fault.kind.stage is not stage or (fault.on and fault.on != request):
                continue
            if stage is Stage.CUT and fault.parameters["stage"] != cut:
                continue
            if self._counted(name, fault):
                return fault
        return None

    def strike_all(self, stage: Stage) -> tuple[ActiveFault, ...]:
        """Every fault that strikes now at a stage without requests, counted, in the order of setting."""
        struck = []
        for name, fault in list(self._active.items()):
            if fault.kind.stage is stage and self._counted(name, fault):
                struck.append(fault)
        return tuple(struck)

    def _counted(self, name: str, fault: ActiveFault) -> bool:
        """Whether a fault that fits strikes this time: it may let some pass first, and may be spent by this."""
        if fault.after > 0:
            fault.after -= 1
            return False
        if fault.remaining == 1:
            del self._active[name]
        elif fault.remaining:
            fault.remaining -= 1
        return True


def _converted(name: str, key: str, value: Value, parameter: Parameter) -> Value:
    """`value` as the parameter's type. Raises: FaultRefused."""
    default = parameter.default
    try:
        if isinstance(default, bool):
            converted: Value = {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]
        elif isinstance(default, int):
            converted = int(value)
        elif isinstance(default, float):
            converted = float(value)
        else:
            converted = str(value)
    except (ValueError, KeyError) as error:
        truth, number = Phrase("It is true or false."), Phrase("It is a number, like {default}.", default=default)
        raise _bad_value(name, key, value, truth if isinstance(default, bool) else number) from error
    if isinstance(converted, (int, float)) and not 0 <= converted <= 1e6:
        raise _bad_value(name, key, value, Phrase("It is between 0 and 1,000,000."))
    if parameter.choices and converted not in parameter.choices:
        raise _bad_value(name, key, value, Phrase("It is one of {names}.", names=", ".join(parameter.choices)))
    return converted


def _bad_value(name: str, key: str, value: Value, mend: Phrase) -> FaultRefused:
    return FaultRefused(_where(name), "{name} can't be '{value}'", mend, name=key, value=str(value)[:60])


def _where(name: str) -> Phrase:
    return Phrase("fault {name}", name=name)
