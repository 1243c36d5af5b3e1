"""YAML documents that people write: read safely, with line numbers, and refused with one sentence that helps."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable
from typing import TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from iea_fleet.model.errors import InputError, Unfit
from iea_fleet.model.phrase import Phrase, did_you_mean

MAX_CHARACTERS = 262_144
MAX_NODES = 10_000
MAX_DEPTH = 32
_INTEGERS_BELOW = 2**63

ModelT = TypeVar("ModelT", bound=BaseModel)
Path = tuple[str | int, ...]


def load_document(model: type[ModelT], text: str, source: str) -> ModelT:
    """Read one YAML document as `model`.

    Args:
        model: the strict model that the document must fit.
        text: the document; at most `MAX_CHARACTERS` characters, `MAX_NODES` values (aliases counted each time) and
            `MAX_DEPTH` levels.
        source: how to name the document in a sentence, usually its path.

    Raises:
        InputError: naming the line, and for an unknown key the nearest known one.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(source, "has more than {most} characters", "Is it the right file?", most=MAX_CHARACTERS)
    lines: dict[Path, int] = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = _Reader(source, lines).read(node, ()) if node is not None else {}
    except RecursionError:
        raise InputError(source, "is nested deeper than {most} levels", "Flatten it.", most=MAX_DEPTH) from None
    except (ValueError, OverflowError) as error:
        # PyYAML lets these through: an escape beyond Unicode, a version number without end.
        raise InputError(source, "is no valid YAML: it holds an impossible number", "Correct it.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = _place(source, mark.line + 1) if mark is not None else source
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or Phrase("it can't be read")
        raise InputError(where, "is no valid YAML: {problem}", "Correct the line.", problem=problem) from error
    try:
        return model.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise _refusal(model, error, data, lines, source) from error


class _Reader:
    """Turns YAML nodes into plain values: text, numbers, booleans, null, lists, and dictionaries with text keys."""

    def __init__(self, source: str, lines: dict[Path, int]) -> None:
        self._source = source
        self._lines = lines
        self._nodes = 0

    def read(self, node: yaml.Node, path: Path) -> object:
        self._nodes += 1
        line = node.start_mark.line + 1
        where = _place(self._source, line)
        self._lines.setdefault(path, line)
        if self._nodes > MAX_NODES:
            raise InputError(where, "holds more than {most} values", "Remove aliases or split it.", most=MAX_NODES)
        if len(path) > MAX_DEPTH:
            raise InputError(where, "is nested deeper than {most} levels", "Flatten it.", most=MAX_DEPTH)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, where) if isinstance(node, yaml.ScalarNode) else None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            where = _place(self._source, line)
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str) or key == "<<":
                raise InputError(where, "has a key that is no plain text", "Write the keys out.")
            if key in values:
                raise InputError(where, "has the key '{key}' twice", "Keep one of them.", key=key)
            self._lines[(*path, key)] = line
            values[key] = self.read(value_node, (*path, key))
        return values

    @staticmethod
    def _scalar(node: yaml.ScalarNode, where: Phrase) -> object:
        shown, kind = node.value[:40], node.tag.removeprefix("tag:yaml.org,2002:")
        constructor = yaml.constructor.SafeConstructor()
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return constructor.construct_yaml_bool(node)
            if kind == "int":
                integer = int(constructor.construct_yaml_int(node))
                if abs(integer) < _INTEGERS_BELOW:
                    return integer
                raise InputError(
                    where, "has '{value}', which is too large a number", "Give a smaller one.", value=shown
                )
            if kind == "float":
                number = float(constructor.construct_yaml_float(node))
                if math.isfinite(number):
                    return number
                raise InputError(where, "has '{value}', which is no finite number", "Give a number.", value=shown)
        except (ValueError, LookupError, OverflowError):  # PyYAML trusts a tag: `!!int ""`, `!!bool x`
            raise InputError(
                where, "has '{value}', which is not of the kind {kind}", "Correct the value.", value=shown, kind=kind
            ) from None
        if kind in {"str", "timestamp"}:
            return str(node.value)
        raise InputError(
            where, "has a value of kind '{kind}'", "Only text, numbers, lists and keys are read.", kind=node.tag
        )


def _place(source: str, line: int) -> Phrase:
    return Phrase("{source}, line {line}", source=source, line=line)


def _refusal(
    model: type[BaseModel], error: ValidationError, data: object, lines: dict[Path, int], source: str
) -> InputError:
    first = first_error(error)
    path = _path_in_document(data, first["loc"])
    line = lines.get(path, 1)
    where = _place(source, line)
    name = ".".join(str(part) for part in path) or Phrase("the document")
    if first["type"] == "extra_forbidden":
        known = sorted(known_keys(model, first["loc"][:-1]))
        mend = did_you_mean(str(first["loc"][-1]), known, Phrase("Known here: {names}.", names=", ".join(known)))
        return InputError(where, "unknown key '{name}'", mend, name=name)
    if first["type"] == "missing":
        return InputError(where, "'{name}' lacks the key '{key}'", "Add it.", name=name, key=first["loc"][-1])
    return InputError(where, "'{name}': {said}", "Correct the value.", name=name, said=reason_of(first))


def _path_in_document(data: object, location: tuple[str | int, ...]) -> Path:
    """The part of a pydantic location that is in the document: tags of unions and missing keys are not."""
    path: list[str | int] = []
    for part in location:
        held = data if isinstance(data, dict) else dict(enumerate(data)) if isinstance(data, list) else {}
        if part in held:
            data = held[part]
            path.append(part)
    return tuple(path)


def first_error(error: ValidationError) -> ErrorDetails:
    """The one of pydantic's errors to tell: a misspelt key is also a missing one, and the spelling is what helps."""
    errors = error.errors(include_url=False, include_input=False)
    return next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])


def reason_of(error: ErrorDetails) -> Phrase:
    """Why one value does not fit; what people get wrong is told in every language, the rest as pydantic says it."""
    match error["type"], error.get("ctx", {}):
        case "value_error", {"error": Unfit() as unfit}:
            return unfit.phrase
        case (("string_type" | "string_sub_type"), _):
            return Phrase("input should be a valid string")
        case (("int_type" | "int_parsing"), _):
            return Phrase("input should be a valid integer")
        case (("bool_type" | "bool_parsing"), _):
            return Phrase("input should be a valid boolean")
        case (("model_type" | "dict_type"), _):
            return Phrase("input should hold keys with values")
        case (("list_type" | "tuple_type"), _):
            return Phrase("input should be a list")
        case (("literal_error" | "enum"), {"expected": str(expected)}):
            return Phrase("input should be {names}", names=expected.replace(" or ", ", "))
        case "greater_than_equal", {"ge": least}:
            return Phrase("input should be greater than or equal to {least}", least=least)
        case "less_than_equal", {"le": most}:
            return Phrase("input should be less than or equal to {most}", most=most)
        case "string_too_short", {"min_length": least}:
            return Phrase("string should have at least {least} characters", least=least)
        case "string_too_long", {"max_length": most}:
            return Phrase("string should have at most {most} characters", most=most)
        case "string_pattern_mismatch", {"pattern": pattern}:
            return Phrase("string should match pattern '{pattern}'", pattern=pattern)
    message = error["msg"].removeprefix("Value error, ")
    return Phrase("{said}", said=f"{message[:1].lower()}{message[1:]}")


def known_keys(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that the models have at a place (pydantic's location) of a document, in the order of their fields."""
    models = {model}
    for part in location:
        inner = {
            found
            for candidate in models
            for key, field in candidate.model_fields.items()
            if part in (key, field.alias)
            for found in _models_in(field.annotation)
        }
        # A part that names no field is the tag of a union: keep the models whose discriminator spells it.
        models = inner or {candidate for candidate in models if part in _tags(candidate)} or models
    return list(
        dict.fromkeys(field.alias or key for candidate in models for key, field in candidate.model_fields.items())
    )


def _models_in(annotation: object) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {found for argument in get_args(annotation) for found in _models_in(argument)}


def _tags(model: type[BaseModel]) -> set[Hashable]:
    return {value for field in model.model_fields.values() for value in get_args(field.annotation)}
