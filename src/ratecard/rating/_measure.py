"""
measure: from records to a tally.

The terms are bound once. Then a fixed loop runs over the records where their shape allows it (`_fast`, `_loops`),
and every record that is not the common case goes through `_careful`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any, Literal, TypeAlias

from .._kinds import expect, expect_many
from ..demand import Demand, Windows
from ..errors import MismatchError
from ..meters import Latest, Level, Outcomes, Peak
from ..plans import MeterTerms, Terms
from ..records import Layout, UsageRecord
from ._book import Book
from ._careful import Careful, Halt
from ._fast import bound
from ._identities import Identities, Mark
from ._tally import Tally

__all__ = ["IdentityMode", "measure"]

IdentityMode: TypeAlias = Literal["checked", "trusted"]
_Metering: TypeAlias = Mapping[str, Mapping[str, MeterTerms]]

_CHUNK = 16_384
_MANY = 16
"""How many times more identities than records make records few."""


def measure(
    terms: Terms | Book,
    records: Iterable[Any],
    *,
    onto: Tally | None = None,
    extra: Sequence[Terms | Book] = (),
    layout: Layout | None = None,
    identity: IdentityMode = "checked",
    strict: bool = False,
) -> Tally:
    """
    Meter records for the terms of one customer, or of many.

    Args:
        terms: what `resolve` or `resolve_all` made.
        records: `UsageRecord`s, or mappings of their JSON form, or rows of any shape with a `layout`. In any order.
        onto: a tally to go on from; it is not changed. The identities it counted are known.
        extra: further terms, of candidate plans, that the tally should answer too.
        layout: where the parts of a record stand in rows of one's own.
        identity: `checked` counts a record once for each (source, id); `trusted` keeps no identities, and says so.
        strict: raise at the first wrong record instead of listing it.

    Returns:
        A tally; its `account` says where every record went.

    Raises:
        RecordError: with `strict`, the first record that is refused, conflicting, unmatched or unpriced.
        MismatchError: `tally.terms`, when `onto` or `extra` belong to other meters or customers; `argument.type`.
    """
    if identity not in ("checked", "trusted"):
        raise MismatchError(f"identity is 'checked' or 'trusted', not {identity!r}", code="identity.unknown")
    _check_kinds(terms, records, onto, extra, layout)
    metering = _united_all([terms, *extra])
    if layout is not None and layout.at is None:
        _check_timeless(metering)
    if onto is not None:
        _check_same(metering, onto.metering)
    chunks = _chunks(records)
    first = next(chunks, ())
    # A few records onto many are looked at one by one: a loop wants all identities in one mapping.
    few = onto is not None and len(first) < _CHUNK and len(first) * _MANY <= len(onto.seen)
    earlier: Mapping[tuple[str | None, str], object] = {}
    if onto is not None and few:
        seen = onto.seen.extended([_carried(each) for each in _each(terms) if each.carry is not None])
    else:
        seen = Identities() if onto is None else onto.seen.plain().copy()
        earlier = _earlier(terms, seen)
    careful = Careful(
        metering,
        only=terms.customer if isinstance(terms, Terms) else None,
        layout=layout,
        seen=seen,
        trusted=identity == "trusted",
        strict=strict,
    )
    fast = None
    if not few:
        seen.read = careful.record
        fast = bound(careful, layout)
    fed = 0
    try:
        for chunk in chain([first], chunks):
            fed += len(chunk)
            if fast is not None:
                # First the loop: records that it hands over are counted there.
                anonymous = fast(chunk)
                careful.unidentified += anonymous
            else:
                for row in chunk:
                    careful.take(row)
    except Halt as halt:
        raise halt.error from None
    seen.known = ()
    return careful.tally(fed, onto, earlier)


def _check_kinds(terms: object, records: object, onto: object, extra: Any, layout: object) -> None:
    """One record by itself would be read key by key, or letter by letter, and come to nothing."""
    expect(terms, (Terms, Book), "the terms", "give what resolve or resolve_all made")
    expect_many(records, "the records", "give a list of them, also where there is one", alone=UsageRecord)
    expect_many(extra, "the extra terms", "give a list of them, also where there is one")
    for each in extra:
        expect(each, (Terms, Book), "extra terms", "give what resolve or resolve_all made")
    if onto is not None:
        expect(onto, Tally, "the tally to go on from", "give what measure made; stored data is read by Tally.load")
    if layout is not None:
        expect(layout, Layout, "the layout", "write Layout(at=..., customer=...)")


def _chunks(records: Iterable[Any]) -> Iterator[Sequence[Any]]:
    """Lists, so that a loop can tell a failing record from a failing source of records."""
    if isinstance(records, list | tuple):
        yield records
        return
    left = iter(records)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk


def _each(terms: Terms | Book) -> Iterable[Terms]:
    return [terms] if isinstance(terms, Terms) else terms.terms.values()


def _earlier(terms: Terms | Book, seen: Identities) -> dict[tuple[str | None, str], object]:
    """Identities counted in earlier periods come with each customer's carry."""
    found: dict[tuple[str | None, str], object] = {}
    for each in _each(terms):
        for source, name, content in () if each.carry is None else each.carry.identities:
            mark = Mark(str(content), each.customer)
            if seen.held(source, str(name)) is None:
                seen.put(source, str(name), mark)
                found[source, str(name)] = mark
    return found


def _carried(terms: Terms) -> Identities:
    """The identities that came with a carry, made once for these terms."""
    found: Identities | None = terms.memo.get("identities")
    if found is None:
        found = Identities()
        for source, name, content in () if terms.carry is None else terms.carry.identities:
            found.put(source, str(name), Mark(str(content), terms.customer))
        terms.memo["identities"] = found
    return found


def _united_all(several: Sequence[Terms | Book]) -> dict[str, Mapping[str, MeterTerms]]:
    """How each customer's meters are measured; what several plans ask of one meter is united."""
    found: dict[str, Mapping[str, MeterTerms]] = {each.customer: each.meters for each in _each(several[0])}
    for terms in several[1:]:
        for each in _each(terms):
            held = found.get(each.customer)
            if held is None:
                raise MismatchError(
                    f"the extra terms are of {each.customer!r}, who is not measured here; resolve the same customers",
                    code="tally.terms",
                )
            found[each.customer] = _united(held, each.meters)
    return found


def _united(a: Mapping[str, MeterTerms], b: Mapping[str, MeterTerms]) -> Mapping[str, MeterTerms]:
    if a == b:
        return a
    found = dict(a)
    for key, theirs in b.items():
        mine = found.setdefault(key, theirs)
        if mine.meter != theirs.meter:
            raise MismatchError(
                f"the meter {key!r} is defined differently in the extra terms; give it another key", code="tally.terms"
            )
        demand = Demand(axes=mine.axes, folds=mine.folds) | Demand(axes=theirs.axes, folds=theirs.folds)
        edges = sorted({*mine.edges, *theirs.edges})
        priced = [_priced(mine, start) or _priced(theirs, start) for start in edges[:-1]]
        found[key] = MeterTerms(mine.meter, edges, priced, demand.axes, demand.folds)
    return found


def _check_timeless(metering: _Metering) -> None:
    """Rows without times can only be measured where nothing depends on when they were."""
    for meters in metering.values():
        for terms in meters.values():
            timed = isinstance(terms.meter.aggregate, Latest | Level | Outcomes | Peak)
            cut = len(terms.priced) > 1 or any(isinstance(axis, Windows) for axis in terms.axes)
            ordered = any(fold.ordered for fold in terms.folds)
            if timed or cut or ordered:
                raise MismatchError(
                    f"what {terms.meter.key!r} comes to depends on when records were; give the layout a time column",
                    code="layout.at",
                )
    spans = [terms.edges for meters in metering.values() for terms in meters.values() if terms.edges]
    if spans and max(edges[0] for edges in spans) >= min(edges[-1] for edges in spans):
        raise MismatchError(
            "the customers are not measured over one common time; give the layout a time column, or measure each alone",
            code="layout.at",
        )


def _priced(terms: MeterTerms, at: datetime) -> bool:
    index = bisect_right(terms.edges, at) - 1
    return 0 <= index < len(terms.priced) and terms.priced[index]


def _check_same(metering: _Metering, other: _Metering) -> None:
    for customer, meters in other.items():
        if customer in metering and metering[customer] != meters:
            raise MismatchError(
                f"the tally to go on from was measured for other terms of {customer!r}; use the same",
                code="tally.terms",
            )
