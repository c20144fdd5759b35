"""
Prices by tiers: each tier prices what lies inside it, or the tier that holds the quantity prices all of it.

A tier has one inclusive upper bound and begins where the one before it ends, so tables have neither holes nor overlaps;
the last tier is open. All that is wrong with a table is reported at once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Literal

from pydantic import model_validator

from .._model import Amount, Many, Model, OptionalAmount, default, refuse
from .._numbers import ONE, ZERO, Exact, add, mul, sub
from ..curve import Curve, constant, first_then, least, select, table
from ..errors import Problem
from ..steps import Step, packages
from ._bands import Band, beyond, bound_faults, clamp_faults, clamped_curve, clamped_step, holding
from ._base import TablePrice, negatives, nothing
from ._flat import per_faults
from ._package import size_faults

__all__ = ["BandPrice", "Graduated", "Tier", "Volume"]


class Tier(Model, frozen=True):
    """
    One tier of a table: (bound of the tier before, up_to].

    A tier prices units or packages, not both; with neither it costs just its flat price, which then is above 0. What is
    free is written as `unit_price="0"`.

    Attributes:
        up_to: the inclusive upper bound, above the one before; None for the open end.
        unit_price: the price for `per` units, 0 or more.
        flat_price: added once when the tier is entered, 0 or more.
        package_price: the price of a package, 0 or more; needs a size here or in the table.
        package_size: the size of this tier's own packages; its units are rounded up to them.
        minimum: the least amount of the tier once it is entered.
        maximum: the greatest amount of the tier.
    """

    up_to: OptionalAmount = default(None)
    unit_price: OptionalAmount = default(None)
    flat_price: Amount = default(ZERO)
    package_price: OptionalAmount = default(None)
    package_size: OptionalAmount = default(None)
    minimum: OptionalAmount = default(None)
    maximum: OptionalAmount = default(None)


class BandPrice(TablePrice, frozen=True):
    """A price whose table is a row of bands."""

    flat_at_zero: bool = default(False)

    @abstractmethod
    def _rows(self) -> tuple[Band, ...]:
        """The tiers with their places."""

    def _clamps(self) -> tuple[Decimal | None, Decimal | None]:
        """The least and the greatest amount of the whole."""
        return None, None

    def _packed_size(self) -> Decimal | None:
        """The size of the packages to which the total is rounded up before the table is read."""
        return None

    @abstractmethod
    def _table_curve(self) -> Curve:
        """The curve of the table."""

    @abstractmethod
    def _table_step(self, q: Exact) -> Step:
        """The derivation of the table's amount where it is in force."""

    @cached_property
    def _bands(self) -> tuple[Band, ...]:
        return self._rows()

    def _counted(self, q: Exact) -> Exact:
        size = self._packed_size()
        return q if size is None else mul(packages(q, size, "up"), size)

    def _within(self, q: Exact) -> None:
        last = self._bands[-1].upper
        if last is not None:
            beyond(self._counted(q), last)

    def _drawn(self) -> Curve:
        found = clamped_curve(self._table_curve(), *self._clamps(), at_zero=self.flat_at_zero)
        size = self._packed_size()
        return found if size is None else found.packed(size)

    def _walk(self, q: Exact) -> Step:
        if not q and not self.flat_at_zero:
            return nothing("no usage")
        self._within(q)
        found = clamped_step(self._table_step(self._counted(q)), *self._clamps())
        size = self._packed_size()
        if size is None:
            return found
        packed = Step.of("packed", [("quantity", q), ("package_size", size)], note="quantity")
        return Step.of("last", parts=[packed, found])


class Tiered(BandPrice, frozen=True):
    """What graduated and volume prices share: their fields, and the checks of them."""

    tiers: Many[Tier]
    package_size: OptionalAmount = default(None)
    packages: Literal["total", "tier"] = default("total")
    minimum: OptionalAmount = default(None)
    maximum: OptionalAmount = default(None)
    per: Amount = default(ONE)

    @model_validator(mode="after")
    def _sound(self) -> Tiered:
        refuse(_faults(self))
        return self

    def _rows(self) -> tuple[Band, ...]:
        return bands(self.tiers, self.per, self.package_size, inside=self.packages == "tier")

    def _clamps(self) -> tuple[Decimal | None, Decimal | None]:
        return self.minimum, self.maximum

    def _packed_size(self) -> Decimal | None:
        return self.package_size if self.packages == "total" else None


class Graduated(Tiered, frozen=True):
    """
    Each tier prices the units inside it: T(q) = the sum over entered tiers of price x units inside + flat price.

    T(0) = 0 unless `flat_at_zero`. Units inside a tier are min(q, up_to) - the bound before.

    Attributes:
        tiers: at least one, bounds rising, the last open.
        package_size: the units in a package, above 0.
        packages: `total` rounds the quantity up to packages before the tiers are read, `tier` the units inside each.
        flat_at_zero: the first tier is entered at 0 already, so that its flat price is due.
        minimum: the least amount of the whole for a quantity above 0, and at 0 with `flat_at_zero`.
        maximum: the greatest amount of the whole, likewise.
        per: the units that each `unit_price` is for.

    >>> price = Graduated(tiers=[
    ...     Tier(up_to=1_000_000, unit_price="0"),
    ...     Tier(up_to=10_000_000, unit_price="0.000002"),
    ...     Tier(unit_price="0.0000015"),
    ... ])
    >>> price.amount(4_000_000)
    Decimal('6.000000')
    >>> print(price.explain(4_000_000))
    0 + 6 = 6
      tier 1 to 1000000: 1000000 x 0 = 0
      tier 2 to 10000000: 3000000 x 0.000002 = 6
    """

    model: Literal["graduated"] = default("graduated")

    def _table_curve(self) -> Curve:
        return graduated_curve(self._bands, at_zero=self.flat_at_zero)

    def _table_step(self, q: Exact) -> Step:
        return graduated_step(self._bands, q)


class Volume(Tiered, frozen=True):
    """
    The tier that holds the quantity prices all of it: T(q) = its price x q + its flat price.

    Where prices fall from tier to tier, a little more can cost less. With `never_decreases` nobody pays more than for
    the same purchase raised to the start of a later tier: T(q) = the least over the holding tier and all later tiers of
    price x max(q, bound before) + flat price.

    Attributes:
        tiers: at least one, bounds rising, the last open.
        package_size: the units in a package, above 0.
        packages: `total` rounds the quantity up to packages before the tier is found, `tier` afterwards.
        flat_at_zero: the first tier holds 0 too, so that its flat price is due.
        never_decreases: no quantity costs more than a larger one.
        minimum: the least amount of the whole for a quantity above 0, and at 0 with `flat_at_zero`.
        maximum: the greatest amount of the whole, likewise.
        per: the units that each `unit_price` is for.

    >>> tiers = [Tier(up_to=100, unit_price="1"), Tier(unit_price="0.8")]
    >>> Volume(tiers=tiers).amount(100), Volume(tiers=tiers).amount(101)
    (Decimal('100'), Decimal('80.8'))
    >>> print(Volume(tiers=tiers, never_decreases=True).explain(90))
    the least of 90, 80 = 80
      tier 1 to 100: 90 x 1 = 90
      tier 2 above 100: 100 x 0.8 = 80
    """

    model: Literal["volume"] = default("volume")
    never_decreases: bool = default(False)

    def _table_curve(self) -> Curve:
        if self.never_decreases:
            return _least_curve(self._bands, at_zero=self.flat_at_zero)
        return volume_curve(self._bands, at_zero=self.flat_at_zero)

    def _table_step(self, q: Exact) -> Step:
        index = holding([band.upper for band in self._bands], q)
        held = self._bands[index]
        if not self.never_decreases:
            return held.step(q)
        later = [band.step(q if q > band.lower else band.lower) for band in self._bands[index + 1 :]]
        return Step.of("least", parts=[held.step(q), *later]) if later else held.step(q)


def bands(tiers: Sequence[Tier], per: Decimal, size: Decimal | None, *, inside: bool) -> tuple[Band, ...]:
    """The tiers with their places; `inside`: the table's packages are rounded inside each tier."""
    found: list[Band] = []
    lower = ZERO
    for number, tier in enumerate(tiers, 1):
        found.append(
            Band(
                number=number,
                lower=lower,
                upper=tier.up_to,
                unit_price=tier.unit_price or ZERO,
                per=per,
                flat=tier.flat_price,
                package_price=tier.package_price,
                size=tier.package_size or size,
                rounded=tier.package_size is not None or (inside and size is not None),
                minimum=tier.minimum,
                maximum=tier.maximum,
            )
        )
        lower = lower if tier.up_to is None else tier.up_to
    return tuple(found)


def graduated_curve(rows: Sequence[Band], *, at_zero: bool) -> Curve:
    """Each band prices what lies inside it."""
    start = rows[0].curve().amount(ZERO) if at_zero else ZERO
    if not all(band.straight for band in rows):
        found = _entered(rows[0], start)
        for band in rows[1:]:
            found = found + _entered(band, ZERO)
        return found
    pieces: list[tuple[Decimal | None, Exact, Exact]] = []
    reached: Exact = ZERO
    for band in rows:
        pieces.append((_open(band, rows), add(reached, band.flat), band.slope))
        if band.upper is not None:
            reached = add(reached, band.straight_amount(sub(band.upper, band.lower)))
    return table(pieces, at_zero=start)


def _open(band: Band, rows: Sequence[Band]) -> Decimal | None:
    """The bound for the curve, whose end is always open: quantities beyond a closed table never get there."""
    return None if band is rows[-1] else band.upper


def _entered(band: Band, at_zero: Exact) -> Curve:
    """What a band adds to the total: nothing until it is entered, nothing more when it is full."""
    inside = band.curve()
    if band.upper is not None:
        inside = first_then(inside, sub(band.upper, band.lower), constant(ZERO))
    return select([(None, inside)], at_zero=at_zero).shift(band.lower)


def graduated_step(rows: Sequence[Band], q: Exact) -> Step:
    """The derivation: a step a band that is entered; the first is in force also at 0."""
    found: list[Step] = []
    for band in rows:
        if q > band.lower or band is rows[0]:
            end = q if band.upper is None or q < band.upper else band.upper
            found.append(band.step(sub(end, band.lower)))
    return found[0] if len(found) == 1 else Step.of("sum", parts=found)


def volume_curve(rows: Sequence[Band], *, at_zero: bool) -> Curve:
    """The band that holds the quantity prices all of it."""
    start = rows[0].curve().amount(ZERO) if at_zero else ZERO
    if all(band.straight for band in rows):
        pieces = [(_open(band, rows), band.straight_amount(band.lower), band.slope) for band in rows]
        return table(pieces, at_zero=start)
    return select([(_open(band, rows), band.curve()) for band in rows], at_zero=start)


def _least_curve(rows: Sequence[Band], *, at_zero: bool) -> Curve:
    """The least over the holding band and all later ones, each of which costs what it does from its start on."""
    choices: list[Curve] = []
    later: Exact | None = None
    for band in reversed(rows):
        own = band.curve()
        choices.append(own if later is None else least(own, constant(later)))
        first = own.amount(band.lower)
        later = first if later is None or first < later else later
    choices.reverse()
    start = choices[0].amount(ZERO) if at_zero else ZERO
    return select([(_open(band, rows), choice) for band, choice in zip(rows, choices, strict=True)], at_zero=start)


def _faults(price: Tiered) -> list[Problem]:
    found = bound_faults([tier.up_to for tier in price.tiers], "tiers", closed=price.closed)
    for index, tier in enumerate(price.tiers):
        found += _tier_faults(tier, f"tiers[{index}]", price.package_size)
    found += size_faults(price.package_size) + per_faults(price.per)
    found += negatives({"minimum": price.minimum, "maximum": price.maximum})
    return found + clamp_faults(price.minimum, price.maximum)


def _tier_faults(tier: Tier, path: str, size: Decimal | None) -> list[Problem]:
    found: list[Problem] = []
    if tier.unit_price is not None and tier.package_price is not None:
        told = "a tier prices units or packages; remove unit_price or package_price"
        found.append(Problem(path, "tier.price", told))
    elif tier.unit_price is None and tier.package_price is None and not tier.flat_price:
        told = 'this tier has no price; add a unit_price, or unit_price="0" if it is free'
        found.append(Problem(path, "tier.price", told))
    if tier.package_price is not None and tier.package_size is None and size is None:
        told = "a price for packages needs their size; add package_size here or to the table"
        found.append(Problem(f"{path}.package_size", "tier.package", told))
    signs = {name: getattr(tier, name) for name in ("unit_price", "flat_price", "package_price", "minimum", "maximum")}
    found += size_faults(tier.package_size, f"{path}.package_size")
    found += negatives({f"{path}.{name}": value for name, value in signs.items()})
    return found + clamp_faults(tier.minimum, tier.maximum, place=f"{path}.minimum")
