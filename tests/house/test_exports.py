"""
Names at the doors: what a door binds is what it offers, each thing is offered once, and each is documented.

The front door's names are listed here as well, so that none arrives or leaves by accident.
"""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from types import FunctionType, ModuleType

import pytest

import ratecard
from tests.house._tree import MODULES, none

NOUNS = "Money Period Cadence UsageRecord Meter Item RateCard Plan Catalog Subscription Statement Ledger"
VERBS = "rate live estimate problems resolve resolve_all measure charge settle"
ROOMS = "meters prices credits guards"
EXPECTED = sorted(f"{NOUNS} {VERBS} {ROOMS}".split())

# A door is a room's `__init__`, or a ground file without an underscore; what stands behind them is private.
DOORS = sorted(
    module.name
    for module in MODULES
    if module.name and not any(part.startswith("_") for part in module.name.split("."))
)


def _door(name: str) -> ModuleType:
    return importlib.import_module(f"ratecard.{name}")


def _own(module: ModuleType) -> list[str]:
    """The public names a door binds for classes and functions that are made behind it."""
    home = module.__name__
    return sorted(
        name
        for name, held in vars(module).items()
        if not name.startswith("_")
        and isinstance(held, type | FunctionType)
        and f"{held.__module__}.".startswith(f"{home}.")
    )


def test_front_door() -> None:
    """The front door offers exactly the nouns, the verbs and the rooms."""
    assert sorted(ratecard.__all__) == EXPECTED


def test_star() -> None:
    """`from ratecard import *` gives the list and nothing else."""
    code = "from ratecard import *; print(*sorted(name for name in dir() if name[0] != '_'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted(ratecard.__all__)


@pytest.mark.parametrize("name", DOORS)
def test_door_lists_its_names(name: str) -> None:
    """A door has a list `__all__` without doubles, and every name on it is there."""
    door = _door(name)
    offered = list(door.__all__)
    assert sorted(set(offered)) == sorted(offered)
    none([each for each in offered if not hasattr(door, each)])
    none([each for each in offered if each.startswith("_")])


@pytest.mark.parametrize("name", [module.name for module in MODULES if module.is_door])
def test_room_binds_only_what_it_offers(name: str) -> None:
    """What a room's door, the front door too, binds of its own under a public name, it offers."""
    door = _door(name) if name else ratecard
    none([each for each in _own(door) if each not in door.__all__])


def test_offered_once() -> None:
    """A class or function stands on the list of one door, under one name; the front door repeats, never renames."""
    places: dict[int, list[str]] = {}
    names: dict[int, set[str]] = {}
    for name in [*DOORS, ""]:
        door = _door(name) if name else ratecard
        for each in door.__all__:
            held = getattr(door, each)
            if isinstance(held, type | FunctionType):
                names.setdefault(id(held), set()).add(each)
                if name:
                    places.setdefault(id(held), []).append(f"{name}.{each}")
    none([" and ".join(found) for found in places.values() if len(found) > 1])
    none([" and ".join(sorted(found)) for found in names.values() if len(found) > 1])


@pytest.mark.parametrize("name", ["", *DOORS])
def test_documented(name: str) -> None:
    """Every door, every class and function it offers, and their public methods and properties have a docstring."""
    door = _door(name) if name else ratecard
    bare = [] if inspect.getdoc(door) else [door.__name__]
    for each in door.__all__:
        held = getattr(door, each)
        if isinstance(held, type | FunctionType):
            bare += [] if held.__doc__ else [each]
        if isinstance(held, type):
            bare += [f"{each}.{member}" for member in _own_members(held) if not inspect.getdoc(getattr(held, member))]
    none(bare)


def _own_members(held: type) -> list[str]:
    kinds = (FunctionType, classmethod, staticmethod, property)
    ours = [each for each in held.__mro__ if each.__module__.startswith("ratecard.")]
    found = {name: None for each in ours for name, value in vars(each).items() if isinstance(value, kinds)}
    return [name for name in found if not name.startswith("_")]


def test_front_door_lists_its_names() -> None:
    """The front door tells all its names before any of them is loaded, and no other."""
    assert sorted(dir(ratecard)) == sorted(ratecard.__all__)
    assert all(getattr(ratecard, name) is not None for name in dir(ratecard))
