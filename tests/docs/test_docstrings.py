"""
Every example in a docstring of the library runs and prints what it says: one test a module, and every failure is told.
"""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.house._tree import MODULES

WITH_EXAMPLES = [f"ratecard.{module.name}".rstrip(".") for module in MODULES if ">>> " in module.source]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_docstrings(name: str) -> None:
    """The examples in the module's docstrings give what they show."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    told: list[str] = []
    for example in finder.find(importlib.import_module(name), name):
        runner.run(example, out=told.append)
    assert runner.tries
    assert not told, "".join(told)
