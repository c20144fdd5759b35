"""The modules of ratecard as syntax trees, and what each imports: what the house tests look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "src" / "ratecard"


@dataclass(frozen=True)
class Import:
    """One import: the module asked for, how many dots stood before it, and the line."""

    line: int
    dots: int
    target: str
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Module:
    """
    A file of ratecard.

    Attributes:
        name: dotted, below the package: `money`, `prices` for a room's door, `prices._tiered`; empty for the front
            door.
        is_door: an `__init__.py`.
    """

    name: str
    is_door: bool
    path: Path

    @property
    def room(self) -> str:
        """The first part of the name: the room, or the file itself."""
        return self.name.split(".")[0]

    @cached_property
    def source(self) -> str:
        """The text of the file."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree without what only type checkers see."""
        found = _RunTime().visit(ast.parse(self.source, str(self.path)))
        assert isinstance(found, ast.Module)
        return found

    @cached_property
    def imports(self) -> list[Import]:
        """Every import that can happen at run time, wherever it stands."""
        found: list[Import] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.extend(Import(node.lineno, 0, each.name, ()) for each in node.names)
            elif isinstance(node, ast.ImportFrom):
                names = tuple(each.name for each in node.names)
                found.append(Import(node.lineno, node.level, node.module or "", names))
        return found

    def at(self, line: int) -> str:
        """`prices/_tiered.py:12`, for a message."""
        return f"{self.path.relative_to(PACKAGE)}:{line}"


class _RunTime(ast.NodeTransformer):
    """Takes out the bodies of `if TYPE_CHECKING:`."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        test = node.test
        named = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
        self.generic_visit(node)
        return node.orelse if named == "TYPE_CHECKING" else node


def read_modules() -> list[Module]:
    """Every module of the package, in the order of its path."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = list(path.relative_to(PACKAGE).with_suffix("").parts)
        is_door = parts[-1] == "__init__"
        found.append(Module(".".join(parts[:-1] if is_door else parts), is_door, path))
    return found


MODULES = read_modules()
NAMES = {module.name for module in MODULES}


def resolved(module: Module, found: Import) -> list[str]:
    """
    The modules of ratecard that a relative import reaches, by name below the package.

    `from . import money` reaches `money`; `from .prices import Flat` reaches `prices`.
    """
    here = module.name.split(".") if module.name else []
    package = here if module.is_door else here[:-1]
    up = found.dots - 1
    base = package[: len(package) - up] if up else package
    target = ".".join([*base, *([found.target] if found.target else [])])
    reached = []
    for name in found.names:
        inner = f"{target}.{name}" if target else name
        reached.append(inner if inner in NAMES else target)
    return sorted(set(reached))


def inside(module: Module) -> Iterator[tuple[Import, str]]:
    """Each relative import of a module with a module it reaches."""
    for found in module.imports:
        if found.dots:
            for target in resolved(module, found):
                yield found, target


def none(found: list[str]) -> None:
    """Nothing was found; else the message lists every find on a line of its own."""
    assert not found, "\n" + "\n".join(found)
