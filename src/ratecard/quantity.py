"""
Usage: what a price is given to see. A total, and where the price asked for it, cuts of the total and folds over
records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ._numbers import ONE, ZERO, Exact, Ratio, add, div, number, sign
from .demand import Axis, Fold
from .errors import MismatchError
from .steps import Step

__all__ = ["Results", "Usage"]

Cutter = Callable[[Axis], "dict[str, Usage]"]
Folder = Callable[[Fold], Any]


class Results:
    """
    What a price of outcomes sees of a period beside their number. Immutable by contract.

    Attributes:
        worth: what the shares of the outcomes' values come to, for a price by value.
        failed: how many subjects were no success.
        kept: how many outcomes kept the service level; None for all.
        standing: how many outcomes the period has, where the price is asked for a part of them; None for all it prices.
        derive: the derivation of `worth`; None where it is only known.
    """

    __slots__ = ("derive", "failed", "kept", "standing", "worth")

    def __init__(
        self,
        *,
        worth: Exact = ZERO,
        failed: int = 0,
        kept: Exact | int | None = None,
        standing: Exact | int | None = None,
        derive: Callable[[], Step] | None = None,
    ) -> None:
        self.worth = worth
        self.failed = failed
        self.kept = _whole(kept)
        self.standing = _whole(standing)
        self.derive = derive

    def success(self, total: Exact) -> Exact:
        """The success rate, 0 to 1: outcomes over outcomes and failures; 1 where there is neither."""
        standing = total if self.standing is None else self.standing
        decided = add(standing, Decimal(self.failed))
        return div(standing, decided) if sign(decided) else ONE

    def level(self, total: Exact) -> Exact:
        """The share of the outcomes that kept the service level; 1 where there are none."""
        standing = total if self.standing is None else self.standing
        return ONE if self.kept is None or not sign(standing) else div(self.kept, standing)

    def __repr__(self) -> str:
        return f"<Results worth {self.worth}, {self.failed} failed>"


def _whole(count: Exact | int | None) -> Exact | None:
    return Decimal(count) if isinstance(count, int) else count


class Usage:
    """
    What a price sees. Immutable by contract.

    Attributes:
        total: the quantity, exact; it may be negative.
        share: the share of a full period that is served, from 0 to 1; fixed fees are multiplied by it.
        licensed: the quantity comes from the subscription (seats), not from records; then the whole price is
            multiplied by `share`.
        amounts: exact amounts of other items, for prices that are a share of them.
        rolled: included units brought in from the period before.
        allotted: this group's share of included units that all groups have in common; None when they have none in
            common.
        pool: what all groups used that have included units in common; None when it is not known.
        results: what prices of outcomes see beside their number; None where records were not measured as outcomes.
    """

    __slots__ = ("_cut", "_fold", "allotted", "amounts", "licensed", "pool", "results", "rolled", "share", "total")

    def __init__(
        self,
        total: Exact,
        *,
        share: Exact = ONE,
        licensed: bool = False,
        amounts: Mapping[str, Exact] | None = None,
        rolled: Exact = ZERO,
        allotted: Exact | None = None,
        pool: Exact | None = None,
        cut: Cutter | None = None,
        fold: Folder | None = None,
        results: Results | None = None,
    ) -> None:
        self.total = total
        self.share = share
        self.licensed = licensed
        self.amounts: Mapping[str, Exact] = {} if amounts is None else amounts
        self.rolled = rolled
        self.allotted = allotted
        self.pool = pool
        self.results = results
        self._cut = cut
        self._fold = fold

    @classmethod
    def of(
        cls,
        total: Decimal | int | str | Ratio,
        *,
        cells: Mapping[Axis, Mapping[str, Usage]] | None = None,
        folds: Mapping[Fold, Any] | None = None,
        amounts: Mapping[str, Exact] | None = None,
        results: Results | None = None,
    ) -> Usage:
        """
        Usage from plain values, for a price that is tried on its own.

        Args:
            total: the quantity.
            cells: for each axis the price cuts by, the usage in each cell.
            folds: for each fold the price asks for, its state.
            amounts: exact amounts of other items by key.
            results: for a price of outcomes, what it sees beside their number.
        """
        exact = total if isinstance(total, Ratio) else number(total)
        held_cells, held_folds = cells or {}, folds or {}
        return cls(
            exact,
            amounts=amounts,
            results=results,
            cut=lambda axis: dict(held_cells[axis]) if axis in held_cells else _lacking(axis),
            fold=lambda fold: held_folds[fold] if fold in held_folds else _lacking(fold),
        )

    def cut(self, axis: Axis) -> dict[str, Usage]:
        """
        The usage in each cell of an axis, cells in the order of their text.

        Raises:
            MismatchError: `demand.missing` when the usage was not measured by that axis.
        """
        return _lacking(axis) if self._cut is None else self._cut(axis)

    def fold(self, fold: Fold) -> Any:
        """
        The state of a fold over the records.

        Raises:
            MismatchError: `demand.missing` when the usage was not measured with that fold.
        """
        return _lacking(fold) if self._fold is None else self._fold(fold)

    def with_total(self, total: Exact) -> Usage:
        """The same usage with another total and no cuts: what is left after an allowance has been taken off."""
        return Usage(total, share=self.share, licensed=self.licensed, amounts=self.amounts)

    def __repr__(self) -> str:
        return f"<Usage {self.total}>"


def _lacking(wish: Axis | Fold) -> Any:
    raise MismatchError(
        f"this usage was measured without {wish!r}; measure the records for a plan that asks for it",
        code="demand.missing",
    )
