"""
Prices that choose another for each part of the usage: by property values, by local time, by the record's own size.

Each part prices its own quantity, from 0 on. A part that nothing prices is refused, never free.
"""

from __future__ import annotations

from abc import abstractmethod
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from .. import demand as axes
from .._model import Key, Many, Model, OptionalAmount, read_day, refuse
from .._model import default as preset
from .._numbers import Exact, text, total
from ..demand import Axis, Demand
from ..errors import DefinitionError, NoPriceError, Problem
from ..periods import check_zone
from ..quantity import Usage
from ..steps import Step
from ._bands import bound_faults
from ._base import Nest, Price, Priced, listed, noted, summed
from ._cells import Rows, cell_faults, cells

if TYPE_CHECKING:
    from ._union import AnyPrice

__all__ = ["Bracket", "Brackets", "Cell", "Matrix", "Window", "Windows"]


class Chosen(Nest, frozen=True):
    """A price that chooses another for each part of the usage."""

    @abstractmethod
    def _chosen(self, usage: Usage) -> list[tuple[str, Price, Usage]]:
        """Each part of the usage with its name and its price."""

    @abstractmethod
    def _axes(self) -> tuple[Axis, ...]:
        """What the usage is cut by."""

    def demand(self) -> Demand:
        """The cuts, and what the chosen prices ask to see."""
        return Demand(axes=self._axes()) | super().demand()

    def price(self, usage: Usage) -> Priced:
        """The sum of what the parts cost, each by its own price."""
        amount = total(price.price(part).amount for _, price, part in self._chosen(usage))
        return Priced(amount, lambda: self.step(usage))

    def step(self, usage: Usage) -> Step:
        """The derivation: a step a part."""
        parts = [noted(price.step(part), name) for name, price, part in self._chosen(usage)]
        return summed(parts, none="no usage")


class Cell(Model, frozen=True):
    """
    One row of a matrix.

    Attributes:
        values: a value for each dimension, "*" for any; the value of a missing property is "".
        price: what such usage costs.
    """

    values: Many[str]
    price: AnyPrice


class Matrix(Chosen, frozen=True):
    """
    A price for each combination of property values: T = the sum over combinations of the price of their row.

    An exact row comes first, then the one with the fewest wildcards, ties by order. Each combination of values prices
    its own quantity, also where one row with wildcards takes several: tiers are not shared between them.

    Attributes:
        dimensions: the properties, at least one.
        cells: the rows.
        default: the price of all other combinations; None to refuse them.

    >>> from ratecard.demand import Dimension
    >>> from ratecard.prices import PerUnit
    >>> price = Matrix(dimensions=["region"], default=PerUnit(unit_price="3"), cells=[
    ...     Cell(values=["eu"], price=PerUnit(unit_price="2")),
    ... ])
    >>> usage = Usage.of(15, cells={Dimension("region"): {"eu": Usage.of(10), "us": Usage.of(5)}})
    >>> print(price.price(usage).step.words())
    20 + 15 = 35
      region=eu: 10 x 2 = 20
      region=us: 5 x 3 = 15
    """

    model: Literal["matrix"] = preset("matrix")
    dimensions: Many[Key]
    cells: Many[Cell]
    default: AnyPrice | None = preset(None)

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The prices of the rows, and the default."""
        rows = tuple((f"cells[{index}].price", cell.price) for index, cell in enumerate(self.cells))
        return rows if self.default is None else (*rows, ("default", self.default))

    def problems(self) -> list[Problem]:
        """Dimensions and rows that do not fit."""
        found = cell_faults(self.dimensions, self._rows, "cells")
        if not self.cells and self.default is None:
            found.append(Problem("cells", "cell.none", "the table is empty; add a cell, or a default price"))
        return found

    @cached_property
    def _rows(self) -> tuple[tuple[str, ...], ...]:
        return tuple(cell.values for cell in self.cells)

    @cached_property
    def _table(self) -> Rows:
        return Rows(self._rows)

    def _axes(self) -> tuple[Axis, ...]:
        return tuple(axes.Dimension(name) for name in self.dimensions)

    def _chosen(self, usage: Usage) -> list[tuple[str, Price, Usage]]:
        found: list[tuple[str, Price, Usage]] = []
        for values, part in cells(usage, self.dimensions):
            index = self._table.find(values)
            price = self.default if index is None else self.cells[index].price
            name = listed(self.dimensions, values)
            if price is None:
                raise NoPriceError(f"nothing prices {name}; add a cell for it, or a default price", code="price.cell")
            found.append((name, price, part))
        return found


def _plain_date(value: object) -> object:
    """A whole day, or its text; pydantic's own reading would take numbers too."""
    found, faults = value, list[Problem]()
    try:
        found = read_day(value)
    except DefinitionError as error:
        faults += error.problems
    if isinstance(found, datetime):
        faults.append(Problem("", "time.day", "a whole day is wanted, without a time; write '2025-12-25'"))
    refuse(faults)
    return found


ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Weekday = Annotated[int, Field(ge=0, le=6, strict=True)]
PlainDate = Annotated[date, BeforeValidator(_plain_date)]


class Window(Model, frozen=True):
    """
    A stretch of local time with a price of its own.

    Attributes:
        name: what it is called; windows of one name are one window with several stretches, and must have one price.
        start: the local time at which it begins, such as "08:00".
        end: the local time at which it ends, exclusive; at or before `start` it wraps midnight, "00:00" is midnight.
        weekdays: the days on which it begins, 0 (Monday) to 6; none means every day.
        dates: further days on which it begins; without weekdays the only ones.
        price: what usage in it costs.
    """

    name: Key
    start: ClockTime = preset("00:00")
    end: ClockTime = preset("00:00")
    weekdays: Many[Weekday] = preset(())
    dates: Many[PlainDate] = preset(())
    price: AnyPrice


class Windows(Chosen, frozen=True):
    """
    A price for each window of local time: T = the sum over windows of the window's price for the usage in it.

    The first window that holds a record's time takes it. Each window prices its own quantity.

    Attributes:
        zone: the time zone in which the windows are written.
        windows: in order of precedence.
        default: the price of all other times; None to refuse them.

    >>> from ratecard.prices import PerUnit
    >>> price = Windows(zone="Europe/Stockholm", default=PerUnit(unit_price="1"), windows=[
    ...     Window(name="night", start="22:00", end="06:00", price=PerUnit(unit_price="0.5")),
    ... ])
    >>> [axis] = price.demand().axes
    >>> usage = Usage.of(30, cells={axis: {"": Usage.of(20), "0": Usage.of(10)}})
    >>> print(price.price(usage).step.words())
    20 + 5 = 25
      other times: 20 x 1 = 20
      night: 10 x 0.5 = 5
    """

    model: Literal["windows"] = preset("windows")
    zone: str = preset("UTC")
    windows: Many[Window]
    default: AnyPrice | None = preset(None)

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The prices of the windows, and the default."""
        rows = tuple((f"windows[{index}].price", window.price) for index, window in enumerate(self.windows))
        return rows if self.default is None else (*rows, ("default", self.default))

    def problems(self) -> list[Problem]:
        """A zone that is not there, and windows that do not fit."""
        found = _zone_faults(self.zone)
        if not self.windows:
            found.append(Problem("windows", "window.none", "no window; add one, or use the default price itself"))
        first = {window.name: window for window in reversed(self.windows)}
        for index, window in enumerate(self.windows):
            if window.price != first[window.name].price:
                told = f"{window.name!r} has another price before; windows of one name have one price"
                found.append(Problem(f"windows[{index}].price", "window.price", told))
        return found

    @cached_property
    def _named(self) -> dict[str, list[Window]]:
        found: dict[str, list[Window]] = {}
        for window in self.windows:
            found.setdefault(window.name, []).append(window)
        return found

    @cached_property
    def _axis(self) -> axes.Windows:
        return axes.Windows(self.zone, tuple(tuple(map(_span, named)) for named in self._named.values()))

    def _axes(self) -> tuple[Axis, ...]:
        return (self._axis,)

    def _chosen(self, usage: Usage) -> list[tuple[str, Price, Usage]]:
        named = list(self._named.items())
        found: list[tuple[str, Price, Usage]] = []
        for key, part in usage.cut(self._axis).items():
            if key:
                name, windows = named[int(key)]
                found.append((name, windows[0].price, part))
            elif self.default is not None:
                found.append(("other times", self.default, part))
            else:
                raise NoPriceError(
                    f"{text(part.total)} units lie outside all windows; add a window, or a default price",
                    code="price.window",
                )
        return found


def _span(window: Window) -> axes.Span:
    start, end = time.fromisoformat(window.start), time.fromisoformat(window.end)
    return axes.Span(start, end, window.weekdays, window.dates)


def _zone_faults(zone: str) -> list[Problem]:
    try:
        check_zone(zone)
    except DefinitionError as error:
        return [Problem("zone", error.code, error.text)]
    return []


class Bracket(Model, frozen=True):
    """
    A range of record sizes with a price of its own: (bound of the bracket before, up_to].

    Attributes:
        up_to: the inclusive upper bound, above the one before; None for the open end.
        price: what records of such a size cost.
    """

    up_to: OptionalAmount = preset(None)
    price: AnyPrice


class Brackets(Chosen, frozen=True):
    """
    The record's own size picks the price for the whole record; long contexts of language models are sold so.

    T = the sum over brackets of the bracket's price for the quantity of its records. With a bound of 200,000 a record
    of 200,000 is wholly in the first bracket, one of 200,001 wholly in the second.

    Attributes:
        of: the properties whose sum is the size; none means the metered value itself.
        brackets: at least one, bounds rising, the last open.
        closed: the table ends with a bound, and a larger record is refused.

    >>> from ratecard.prices import PerUnit
    >>> price = Brackets(brackets=[
    ...     Bracket(up_to=200_000, price=PerUnit(unit_price="3", per=1_000_000)),
    ...     Bracket(price=PerUnit(unit_price="6", per=1_000_000)),
    ... ])
    >>> [axis] = price.demand().axes
    >>> usage = Usage.of(400_001, cells={axis: {"0": Usage.of(200_000), "1": Usage.of(200_001)}})
    >>> print(price.price(usage).step.words())
    0.6 + 1.200006 = 1.800006
      size to 200000: 200000 x 3 per 1000000 = 0.6
      size above 200000: 200001 x 6 per 1000000 = 1.200006
    """

    model: Literal["brackets"] = preset("brackets")
    of: Many[Key] = preset(())
    brackets: Many[Bracket]
    closed: bool = preset(False)

    def parts(self) -> tuple[tuple[str, Price], ...]:
        """The prices of the brackets."""
        return tuple((f"brackets[{index}].price", bracket.price) for index, bracket in enumerate(self.brackets))

    def problems(self) -> list[Problem]:
        """Bounds that do not rise, or have the wrong end."""
        return bound_faults(self._bounds, "brackets", closed=self.closed)

    @cached_property
    def _bounds(self) -> tuple[Decimal | None, ...]:
        return tuple(bracket.up_to for bracket in self.brackets)

    @cached_property
    def _axis(self) -> axes.Sizes:
        return axes.Sizes(self.of, tuple(bound for bound in self._bounds if bound is not None))

    def _axes(self) -> tuple[Axis, ...]:
        return (self._axis,)

    def _chosen(self, usage: Usage) -> list[tuple[str, Price, Usage]]:
        found: list[tuple[str, Price, Usage]] = []
        for key, part in sorted(usage.cut(self._axis).items(), key=lambda each: int(each[0])):
            index = int(key)
            if index >= len(self.brackets):
                raise NoPriceError(
                    f"records are larger than {_shown(self._bounds[-1])}, where the table ends; add a bracket for them",
                    code="price.beyond",
                )
            found.append((self._name(index), self.brackets[index].price, part))
        return found

    def _name(self, index: int) -> str:
        if self._bounds[index] is not None:
            return f"size to {_shown(self._bounds[index])}"
        return f"size above {_shown(self._bounds[index - 1])}" if index else "any size"


def _shown(bound: Exact | None) -> str:
    return "" if bound is None else text(bound)
