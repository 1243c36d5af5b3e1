"""Finds every text that the package's code can put into a failure, and what keeps one from being translated."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import iea_fleet
from iea_fleet.model.errors import SENTENCE
from iea_fleet.model.phrase import placeholders

_PACKAGE = Path(iea_fleet.__file__).parent
_MAKERS = frozenset({Path("model/errors.py"), Path("lab/messages.py")})
"""Where phrases are made of what others gave."""
_PHRASES = frozenset({"Phrase", "system_said", "first_and_others", "did_you_mean"})
_A_NAME = re.compile(r"--[a-z -]+|[a-z]+(_[a-z]+)+|lab|samba")
"""Text that is no words: an option, a variable, a program."""


@dataclass(frozen=True)
class Text:
    """A constant template, the names that are given with it, and where."""

    template: str
    values: frozenset[str]
    place: str

    @property
    def has_words(self) -> bool:
        """Whether there is anything to translate beside its values; French has a space before the colon, too."""
        beside = re.sub(r"\{[a-z0-9_]+\}", "", self.template)
        return any(character.isalpha() or character == ":" for character in beside)


@dataclass(frozen=True)
class Found:
    """All texts, and a line for each place that breaks the rules."""

    texts: tuple[Text, ...]
    faults: tuple[str, ...]


@cache
def failure_texts() -> Found:
    """Read the whole package."""
    modules = {path.relative_to(_PACKAGE): ast.parse(path.read_text("utf-8")) for path in _PACKAGE.rglob("*.py")}
    errors = {"FleetError"}
    for _ in range(3):  # children of children of children
        errors |= {
            node.name
            for module in modules.values()
            for node in ast.walk(module)
            if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id in errors for b in node.bases)
        }
    texts, faults = [Text(SENTENCE, placeholders(SENTENCE), "model/errors.py")], []
    for path, module in modules.items():
        if path not in _MAKERS:
            reader = _Reader(path, errors)
            reader.visit(module)
            texts += reader.texts
            faults += reader.faults
    return Found(tuple(texts), tuple(faults))


class _Reader(ast.NodeVisitor):
    """One module."""

    def __init__(self, path: Path, errors: set[str]) -> None:
        self.texts: list[Text] = []
        self.faults: list[str] = []
        self._path, self._errors = path, errors
        self._scopes: list[ast.AST] = []

    def generic_visit(self, node: ast.AST) -> None:
        opens = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        self._scopes += [node] * opens
        super().generic_visit(node)
        del self._scopes[len(self._scopes) - opens :]

    def visit_Call(self, call: ast.Call) -> None:
        called = _name(call.func)
        if called in {"Phrase", "Unfit"}:
            self._texts(call.args[0], call)
            self._values(call)
        elif (called in self._errors or self._is_init(call)) and len(call.args) == 3:
            where, what, mend = call.args
            self._no_words(where, call)
            self._texts(what, call)
            self._texts(mend, call)
            self._values(call)
        self.generic_visit(call)

    def _is_init(self, call: ast.Call) -> bool:
        """`super().__init__` of an error."""
        inside = any(isinstance(scope, ast.ClassDef) and scope.name in self._errors for scope in self._scopes)
        return inside and ast.unparse(call.func) == "super().__init__"

    def _values(self, call: ast.Call) -> None:
        for keyword in call.keywords:
            self._no_words(keyword.value, call)

    def _no_words(self, given: ast.expr, call: ast.Call) -> None:
        """Words in a place or a value would stay English."""
        parts = given.values if isinstance(given, ast.JoinedStr) else [given]
        for part in parts:
            text = part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""
            if any(character.isalpha() for character in text) and not _A_NAME.fullmatch(text):
                self._fault(call, f"words without a phrase: {text!r}")

    def _texts(self, given: ast.expr, call: ast.Call) -> None:
        """Accept constants, choices between them, phrases, and names that stand for nothing else."""
        match given:
            case ast.Constant(value=str(template)):
                values = frozenset(keyword.arg or "**" for keyword in call.keywords)
                self.texts.append(Text(template, values, f"{self._path}:{call.lineno}"))
            case ast.IfExp(body=first, orelse=second):
                self._texts(first, call)
                self._texts(second, call)
            case ast.Call(func=ast.Name(id=maker)) if maker in _PHRASES:
                pass
            case ast.Attribute(attr="phrases"):  # of another failure
                pass
            case ast.Name(id=name) if meanings := [each for scope in self._scopes for each in _meanings(name, scope)]:
                for meaning in meanings:
                    self._texts(meaning, call)
            case ast.Name(id=name) if any(name in _phrase_parameters(scope) for scope in self._scopes):
                pass
            case _:
                self._fault(call, f"no constant text: {ast.unparse(given)}")

    def _fault(self, call: ast.Call, what: str) -> None:
        self.faults.append(f"{self._path}:{call.lineno}: {what}")


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def _meanings(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    """What is assigned to a name in a function or module, by itself or in a row of several."""
    nodes = (
        ast.walk(scope) if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)) else ast.iter_child_nodes(scope)
    )
    for node in nodes:
        if isinstance(node, ast.AnnAssign) and node.value is not None and _name(node.target) == name:
            yield node.value
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if _name(target) == name:
                yield node.value
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Attribute):
                yield from (node.value for element in target.elts if _name(element) == name)
            elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                rows = zip(target.elts, node.value.elts, strict=True)
                yield from (value for element, value in rows if _name(element) == name)


def _phrase_parameters(scope: ast.AST) -> set[str]:
    if not isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return set()
    every = (*scope.args.args, *scope.args.kwonlyargs)
    return {each.arg for each in every if each.annotation is not None and ast.unparse(each.annotation) == "Phrase"}
