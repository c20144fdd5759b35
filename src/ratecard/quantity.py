"""
Usage: what a price is given to see. A total, and where the price asked for it, cuts of the total and folds over
records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from ._numbers import ONE, ZERO, Exact, Ratio, number
from .demand import Axis, Fold
from .errors import MismatchError

__all__ = ["Usage"]

Cutter = Callable[[Axis], "dict[str, Usage]"]
Folder = Callable[[Fold], Any]


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
    """

    __slots__ = ("_cut", "_fold", "allotted", "amounts", "licensed", "pool", "rolled", "share", "total")

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
    ) -> None:
        self.total = total
        self.share = share
        self.licensed = licensed
        self.amounts: Mapping[str, Exact] = {} if amounts is None else amounts
        self.rolled = rolled
        self.allotted = allotted
        self.pool = pool
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
    ) -> Usage:
        """
        Usage from plain values, for a price that is tried on its own.

        Args:
            total: the quantity.
            cells: for each axis the price cuts by, the usage in each cell.
            folds: for each fold the price asks for, its state.
            amounts: exact amounts of other items by key.
        """
        exact = total if isinstance(total, Ratio) else number(total)
        held_cells, held_folds = cells or {}, folds or {}
        return cls(
            exact,
            amounts=amounts,
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
