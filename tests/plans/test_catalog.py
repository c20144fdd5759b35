"""Catalogs: plans by key."""

from __future__ import annotations

import pytest

from ratecard._problems import problems
from ratecard.errors import UnknownKeyError
from ratecard.plans import Catalog, Plan


def test_get() -> None:
    """A plan is found by its key; another key gives the near ones."""
    basic, pro = Plan.single("basic", currency="USD"), Plan.single("pro", currency="USD")
    catalog = Catalog(plans=[basic, pro])
    assert (catalog.get("basic"), catalog.get("pro")) == (basic, pro)
    with pytest.raises(UnknownKeyError, match="the catalog has no plan 'basics'") as caught:
        catalog.get("basics")
    assert caught.value.code == "key.unknown"
    assert 'Did you mean "basic"?' in str(caught.value)


def test_no_plan_twice() -> None:
    """Two plans with one key are refused."""
    plan = Plan.single("basic", currency="USD")
    with pytest.raises(ValueError) as caught:
        Catalog(plans=[plan, Plan.single("pro", currency="USD"), plan])
    assert [(each.path, each.code) for each in problems(caught.value)] == [("plans[2].key", "key.duplicate")]


def test_round_trip() -> None:
    """A catalog is data like a plan."""
    catalog = Catalog(plans=[Plan.single("basic", currency="USD")])
    assert Catalog.model_validate(catalog.model_dump(mode="json")) == catalog
