"""
The floors hold: a module imports only from below, nobody reaches past a door, and below the doors nothing touches a
clock, a file, a socket, chance, or a binary float.

A new ground file or room takes its place in the tables here, and in docs/explanation/design.md.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import ratecard
from tests.house._tree import MODULES, Module, inside, none

# The order of the soil counts: each file sees only those before it.
SOIL = ("errors", "_visible", "_kinds", "_grammar", "_exact", "_numbers", "_model", "_problems", "_worth")
CURVE = ("_given", "_shapes", "_blends", "_pieces", "_searches", "curve")
DEMAND = ("_axes", "_folds", "demand")
GROUND = ("money", "quantity", *DEMAND, "steps", *CURVE, "_instants", "periods", "cadence", "records")
PARTS = ("meters", "prices", "credits", "guards")
DOORS = ("codecs", "render", "adapters", "testing")
FLOORS = {
    **dict.fromkeys(SOIL, 0),
    **dict.fromkeys(GROUND, 1),
    **dict.fromkeys(PARTS, 2),
    "plans": 3,
    "rating": 4,
    "lab": 5,
    **dict.fromkeys(DOORS, 6),
    "": 7,
}
TOP = 6

# Installed packages that may be imported below the doors, and where; the doors add their own.
GUESTS: dict[str, tuple[str, ...] | None] = {
    "pydantic": None,
    "pydantic_core": None,
    "annotated_types": None,
    "typing_extensions": None,
    "dateutil": ("cadence",),
}

# Parts of the standard library that reach outside, hold state or roll dice.
OUTSIDE = frozenset(
    "asyncio concurrent ctypes ftplib getpass glob http imaplib io locale logging mmap multiprocessing os pathlib "
    "platform poplib queue random sched secrets select selectors shelve shutil signal smtplib socket socketserver "
    "sqlite3 ssl subprocess tempfile threading time urllib uuid webbrowser".split()
)
# The lab rolls dice only from a seed it was given: `random.Random(seed)`; a test below looks at each use.
SEEDED = {"lab": frozenset({"random"})}

# Never, on any floor: text, bytes and tables go in and out, and nothing is run from text.
CALLS = frozenset({"open", "print", "input", "exec", "eval", "__import__", "breakpoint", "globals"})
CLOCK = frozenset({"now", "utcnow", "today", "time_ns", "perf_counter", "monotonic"})
# Below the doors: `round` uses the caller's decimal context, `float` is binary.
INEXACT = frozenset({"float", "round"})


def _floor(module: Module) -> int:
    return FLOORS.get(module.room, FLOORS["money"])  # a file without a floor has a test of its own


def _below_doors() -> Iterator[Module]:
    return (module for module in MODULES if _floor(module) < TOP)


def test_every_module_has_a_floor() -> None:
    """A file that is not in the table of floors does not get in."""
    assert MODULES
    none(sorted({module.room for module in MODULES} - FLOORS.keys()))


def test_only_relative_imports_of_ourselves() -> None:
    """The package never says its own name, so it works under any other."""
    found = [
        module.at(each.line)
        for module in MODULES
        for each in module.imports
        if not each.dots and each.target.split(".")[0] == "ratecard"
    ]
    none(found)


def test_imports_go_down() -> None:
    """A module imports only from floors below; rooms on one floor do not see each other."""
    found = []
    for module in MODULES:
        for each, target in inside(module):
            room = target.split(".")[0]
            if room != module.room and not _may_see(module.room, room):
                found.append(f"{module.at(each.line)} sees {target or 'the front door'}")
    none(found)


def _may_see(room: str, other: str) -> bool:
    if room in SOIL and other in SOIL:
        return SOIL.index(other) < SOIL.index(room)
    if room in GROUND and other in GROUND:
        return True  # values of one floor made of each other; a test below refuses circles
    return FLOORS.get(other, TOP + 2) < FLOORS.get(room, FLOORS["money"])


def test_nobody_reaches_past_a_door() -> None:
    """From outside a room only its door is imported, never a file behind it."""
    found = []
    for module in MODULES:
        for each, target in inside(module):
            room, _, behind = target.partition(".")
            if behind and room != module.room and module.name:
                found.append(f"{module.at(each.line)} reaches into {target}")
            if module.name and not module.is_door and target == module.room and "." in module.name:
                found.append(f"{module.at(each.line)} goes out through its own door")
    none(found)


def test_front_door_uses_doors() -> None:
    """
    The front door re-exports from doors and ground files, each name when it is first used, and holds no other code.

    Its imports are for type checkers; the table of homes says the same to the interpreter, name by name.
    """
    front = next(module for module in MODULES if not module.name)
    behind = [target for _, target in inside(front) if "." in target]
    others = [
        ast.unparse(node)
        for node in front.tree.body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        and not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("__all__", "_HOMES"))
        and not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        and not (isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__dir__"))
    ]
    none(behind + others)
    whole = ast.parse(Path(ratecard.__file__ or "").read_text(encoding="utf-8"))
    (checked,) = (node for node in whole.body if isinstance(node, ast.If))
    homes = {
        alias.name: node.module or alias.name
        for node in checked.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert homes == ratecard._HOMES
    assert sorted(homes) == ratecard.__all__


def test_no_circles() -> None:
    """No module imports itself by a detour, not even inside a function."""
    sees = {module.name: {target for _, target in inside(module)} - {module.name} for module in MODULES}
    left = dict(sees)
    while True:
        free = [name for name, targets in left.items() if not targets & left.keys()]
        if not free:
            break
        for name in free:
            del left[name]
    none([f"{name} -> {sorted(targets & left.keys())}" for name, targets in left.items()])


def test_guests() -> None:
    """Below the doors: the standard library without what reaches outside, pydantic, and dateutil in cadence only."""
    found = [
        f"{module.at(each.line)} imports {each.target}"
        for module in _below_doors()
        for each in module.imports
        if not each.dots and not _is_welcome(module, each.target.split(".")[0])
    ]
    none(found)


def _is_welcome(module: Module, top: str) -> bool:
    if top in GUESTS:
        rooms = GUESTS[top]
        return rooms is None or module.room in rooms
    if top in OUTSIDE:
        return top in SEEDED.get(module.room, ())
    return top in sys.stdlib_module_names


def test_dice_have_a_seed() -> None:
    """Where chance is allowed, it is only ever `random.Random(seed)` with the seed given."""
    found = []
    for module in MODULES:
        good = {
            id(node.func)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "random.Random" and node.args
        }
        annotations = {id(node) for node in _annotations(module.tree)}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "random":
                if id(node) not in good | annotations:
                    found.append(f"{module.at(node.lineno)} {ast.unparse(node)}")
            elif isinstance(node, ast.ImportFrom) and node.module == "random":
                found.append(f"{module.at(node.lineno)} writes `from random import`; write `import random`")
    none(found)


def _annotations(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        held = getattr(node, "annotation", None) or getattr(node, "returns", None)
        if isinstance(held, ast.AST):
            yield from ast.walk(held)


def _matches(modules: Iterator[Module], wrong: Callable[[ast.AST], bool]) -> list[str]:
    return [
        f"{module.at(node.lineno)} {ast.unparse(node)[:60]}"
        for module in modules
        for node in ast.walk(module.tree)
        if isinstance(node, ast.expr | ast.stmt) and wrong(node)
    ]


def _calls(node: ast.AST, names: frozenset[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def test_nothing_is_opened_printed_or_asked() -> None:
    """No file, no terminal, no code from text, on any floor."""
    none(_matches(iter(MODULES), lambda node: _calls(node, CALLS)))


def test_no_clock() -> None:
    """Time is always an argument, on any floor."""

    def reads(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK

    none(_matches(iter(MODULES), reads))


def test_no_globals_that_change() -> None:
    """No function rebinds a name of its module."""
    none(_matches(iter(MODULES), lambda node: isinstance(node, ast.Global)))


def test_no_floats() -> None:
    """Below the doors there is no binary float: no literal, no call, no true division, no `round`."""

    def inexact(node: ast.AST) -> bool:
        if isinstance(node, ast.Constant):
            return isinstance(node.value, float)
        if isinstance(node, ast.BinOp | ast.AugAssign):
            return isinstance(node.op, ast.Div)
        return _calls(node, INEXACT)

    none(_matches(_below_doors(), inexact))


def test_sizes() -> None:
    """No file over 450 lines and no function over 60, its docstring apart; a file that nears them splits by noun."""
    found = []
    for module in MODULES:
        lines = module.source.count("\n")
        if lines > 450:
            found.append(f"{module.at(1)} has {lines} lines")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                long = _length(node)
                if long > 60:
                    found.append(f"{module.at(node.lineno)} {node.name} has {long} lines")
    none(found)


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1
