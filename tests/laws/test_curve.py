"""Laws of curves: every answer equals what plain fractions say, for random expressions over random atoms."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from decimal import ROUND_UP, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ratecard import curve as curves
from ratecard._numbers import Exact, Ratio, div
from ratecard.curve import Curve
from ratecard.errors import NumberError

END = 12
Oracle = Callable[[Fraction], Fraction]
Pair = tuple[Curve, Oracle]

GRID = [Fraction(index, 16) for index in range(16 * END + 1)]
FINE = sorted({*GRID, *(q + shift for q in GRID[1:-1] for shift in (Fraction(1, 997), Fraction(-1, 997)))})


def frac(value: Exact) -> Fraction:
    return Fraction(value.numerator) / value.denominator if isinstance(value, Ratio) else Fraction(value)


def exact(value: Fraction) -> Exact:
    return div(Decimal(value.numerator), value.denominator)


def quarters(low: int, high: int) -> st.SearchStrategy[Fraction]:
    return st.integers(low, high).map(lambda number: Fraction(number, 4))


AMOUNTS = quarters(-12, 40)
RATES = st.one_of(quarters(-4, 16), st.integers(-3, 12).map(lambda number: Fraction(number, 3)))
UNITS = quarters(1, 24)


@st.composite
def uppers_of(draw: st.DrawFn) -> list[Fraction | None]:
    found: list[Fraction | None] = list(sorted(draw(st.sets(quarters(1, 40), max_size=3))))
    return [*found, None]


def row_of(uppers: list[Fraction | None], q: Fraction) -> tuple[int, Fraction]:
    low = Fraction(0)
    for index, upper in enumerate(uppers):
        if upper is None or q <= upper:
            return index, low
        low = upper
    raise AssertionError("the last row is open")


@st.composite
def tables(draw: st.DrawFn) -> Pair:
    uppers, zero = draw(uppers_of()), draw(st.one_of(st.just(Fraction(0)), AMOUNTS))
    lines = [(draw(AMOUNTS), draw(RATES)) for _ in uppers]

    def total(q: Fraction) -> Fraction:
        index, low = row_of(uppers, q)
        return lines[index][0] + lines[index][1] * (q - low) if q else zero

    rows = [(None if u is None else exact(u), exact(s), exact(r)) for u, (s, r) in zip(uppers, lines, strict=True)]
    return curves.table(rows, at_zero=exact(zero)), total


@st.composite
def graduated(draw: st.DrawFn) -> Pair:
    uppers, zero = draw(uppers_of()), Fraction(0)
    rates = [draw(RATES.map(abs)) for _ in uppers]
    starts = [zero]
    for index, low in enumerate([zero, *(u for u in uppers if u is not None)][:-1]):
        starts.append(starts[-1] + rates[index] * ((uppers[index] or zero) - low))

    def total(q: Fraction) -> Fraction:
        index, low = row_of(uppers, q)
        return starts[index] + rates[index] * (q - low)

    rows = [
        (None if u is None else exact(u), exact(s), exact(r)) for u, s, r in zip(uppers, starts, rates, strict=True)
    ]
    return curves.table(rows), total


@st.composite
def stairs(draw: st.DrawFn) -> Pair:
    size, price, mode = draw(UNITS), draw(AMOUNTS), draw(st.sampled_from(["up", "down", "none"]))
    rounds: dict[str, Callable[[Fraction], Fraction | int]] = {"up": ceil, "down": floor, "none": Fraction}
    return curves.stair(exact(size), exact(price), mode), lambda q: price * rounds[mode](q / size)


@st.composite
def constants(draw: st.DrawFn) -> Pair:
    amount, zero = draw(AMOUNTS), draw(st.booleans())
    return curves.constant(exact(amount), at_zero=zero), lambda q: amount if q or zero else Fraction(0)


ATOMS = st.one_of(tables(), graduated(), stairs(), constants())


@st.composite
def blends(draw: st.DrawFn, inner: st.SearchStrategy[Pair]) -> Pair:
    (a, f), kind = draw(inner), draw(st.sampled_from("add scale shift clamp greatest least then packed select".split()))
    zero = Fraction(0)
    if kind == "scale":
        factor = draw(RATES)
        return a.scale(exact(factor)), lambda q: factor * f(q)
    if kind == "shift":
        units = draw(UNITS)
        return a.shift(exact(units)), lambda q: f(max(zero, q - units))
    if kind == "clamp":
        low, high = sorted((draw(AMOUNTS), draw(AMOUNTS)))
        return a.clamp(exact(low), exact(high)), lambda q: min(max(f(q), low), high)
    if kind == "packed":
        size, up = draw(UNITS), draw(st.booleans())
        rounded = ceil if up else floor
        return a.packed(exact(size), "up" if up else "down"), lambda q: f(size * rounded(q / size))
    b, g = draw(inner)
    if kind == "add":
        return a + b, lambda q: f(q) + g(q)
    if kind == "greatest":
        return curves.greatest(a, b), lambda q: max(f(q), g(q))
    if kind == "least":
        return curves.least(a, b), lambda q: min(f(q), g(q))
    units = draw(UNITS)
    if kind == "then":
        return curves.first_then(a, exact(units), b), lambda q: f(min(q, units)) + g(max(zero, q - units))
    start = draw(AMOUNTS)
    chosen = curves.select([(exact(units), a), (None, b)], at_zero=exact(start))
    return chosen, lambda q: (f(q) if q <= units else g(q)) if q else start


PAIRS = st.recursive(ATOMS, blends, max_leaves=4)
QUANTITIES = st.one_of(
    st.sampled_from(GRID), st.sampled_from(FINE), st.fractions(0, END, max_denominator=60), quarters(0, 40_000)
)


@given(PAIRS, QUANTITIES)
def test_amount_is_what_fractions_say(pair: Pair, q: Fraction) -> None:
    """T(q) equals the oracle, on the first call and on the next ones, for decimals and for ratios."""
    curve, total = pair
    assert frac(curve.amount(exact(q))) == total(q)
    assert frac(curve.amount(exact(q))) == total(q)
    assert frac(curve.amount("0")) == total(Fraction(0))


@given(PAIRS, QUANTITIES, QUANTITIES)
def test_between_is_the_difference(pair: Pair, a: Fraction, b: Fraction) -> None:
    """Parts of a way add up to the whole of it."""
    curve, total = pair
    assert frac(curve.between(exact(a), exact(b))) == total(b) - total(a)


@given(PAIRS, QUANTITIES)
def test_marginal_and_jump_give_the_next_totals(pair: Pair, q: Fraction) -> None:
    """T(q) + jump + marginal * d is T(q + d) up to the next break, and the break is no further than it says."""
    curve, total = pair
    after = curve.shape.after(exact(q))
    assert after is None or after > exact(q)
    room = Fraction(100) if after is None else frac(after) - q
    for part in (Fraction(1, 1000), Fraction(1, 3), Fraction(999, 1000)):
        d = room * part
        assert total(q + d) == total(q) + frac(curve.jump(exact(q))) + frac(curve.marginal(exact(q))) * d


@given(PAIRS, QUANTITIES)
def test_the_tail_is_a_strip_that_holds_the_total(pair: Pair, q: Fraction) -> None:
    """Past the tail's start the total stays between its two lines."""
    curve, total = pair
    after, slope, low, high = (frac(value) for value in curve.shape.tail)
    for far in (after + Fraction(1, 1000), after + q / 7 + Fraction(1, 999), after + 1000 + q):
        assert slope * far + low <= total(far) <= slope * far + high


@given(PAIRS, QUANTITIES)
def test_pieces_tile_the_range(pair: Pair, start: Fraction) -> None:
    """Every quantity in (start, end] lies in exactly one piece, which gives its total; neighbours differ."""
    curve, total = pair
    end = start + END
    found = list(curve.pieces(exact(start), exact(end)))
    grid = sorted({start + q for q in FINE} | {frac(each.lower) for each in found} | {end})
    for q in grid:
        holding = [piece for piece in found if piece.holds(exact(q))]
        if q > start:
            assert [frac(piece.amount(exact(q))) for piece in holding] == [total(q)]
    for one, two in pairwise(found):
        assert one.upper == two.lower
        joined = one.holds(two.lower) and one.amount(two.lower) == two.start and one.rate == two.rate
        assert not joined or "both" in (one.closed, two.closed)


@given(PAIRS)
def test_monotone_curves_never_fall(pair: Pair) -> None:
    """A curve that says so has no pair of quantities where more costs less."""
    curve, total = pair
    assume(curve.monotone)
    totals = [total(q) for q in FINE]
    assert totals == sorted(totals)
    assert curve.cliffs(end=END) == []


def reached(curve: Curve, total: Oracle, q: Fraction, amount: Fraction) -> bool:
    """At q, or just above it, the total is at least the amount."""
    edge, slope = frac(curve.amount(exact(q))) + frac(curve.jump(exact(q))), frac(curve.marginal(exact(q)))
    return total(q) >= amount or edge > amount or (edge == amount and slope >= 0)


@given(PAIRS, AMOUNTS)
def test_reaches_is_the_first_quantity(pair: Pair, amount: Fraction) -> None:
    """The amount is reached at the answer and nowhere before it; without an answer, nowhere in the range."""
    curve, total = pair
    found = curve.reaches(exact(amount), end=END)
    for q in FINE:
        assert total(q) < amount or (found is not None and q >= frac(found))
    assert found is None or (frac(found) <= END and reached(curve, total, frac(found), amount))


@given(PAIRS, st.one_of(AMOUNTS, quarters(40, 40_000)))
def test_reaches_without_an_end(pair: Pair, amount: Fraction) -> None:
    """Without an end the answer is that of a range that is long enough, or a plain refusal to count for ever."""
    curve, total = pair
    try:
        found = curve.reaches(exact(amount))
    except NumberError as error:
        assert error.code == "range.open"
        assert curve.endless and not curve.shape.tail.slope
        return
    if found is None:
        assert all(total(q) < amount for q in [*FINE, *(q * 9973 for q in GRID)])
    else:
        where = frac(found)
        assert reached(curve, total, where, amount)
        assert all(total(where * q / END) < amount for q in GRID[:-1] if where)


@given(PAIRS, AMOUNTS, quarters(1, 9))
def test_buys_is_the_last_multiple(pair: Pair, budget: Fraction, step: Fraction) -> None:
    """The answer is covered, no larger multiple in the range is, and a refusal means that none is."""
    curve, total = pair
    covered = [q for q in (step * k for k in range(floor(END / step) + 1)) if total(q) <= budget]
    if covered:
        found = curve.buys(exact(budget), step=exact(step), end=END)
        assert found is not None
        assert Fraction(found) == covered[-1]
    else:
        with pytest.raises(NumberError, match=r"budget\.small"):
            curve.buys(exact(budget), step=exact(step), end=END)


@given(PAIRS, st.one_of(AMOUNTS, quarters(40, 40_000)), quarters(1, 9))
def test_buys_without_an_end(pair: Pair, budget: Fraction, step: Fraction) -> None:
    """Without an end: covered at the answer and at no larger multiple; None only when large ones are covered."""
    curve, total = pair
    try:
        found = curve.buys(exact(budget), step=exact(step))
    except NumberError as error:
        if error.code == "budget.small":
            assert all(total(step * k) > budget for k in range(200))
        else:
            assert error.code == "range.open"
            assert curve.endless and not curve.shape.tail.slope
        return
    if found is None:
        edge = max(frac(curve.shape.tail.after), Fraction(10**9))
        assert all(total(step * (floor(edge / step) + k)) <= budget for k in range(1, 50))
    else:
        held = Fraction(found)
        assert (held / step).denominator == 1
        assert total(held) <= budget
        assert all(total(held + step * k) > budget for k in [*range(1, 200), 10**4, 10**6, 10**9])


def least_after(curve: Curve, q: Fraction) -> Fraction | None:
    """The greatest lower bound of the totals in (q, END], read off the pieces."""
    edges: list[Fraction] = []
    for piece in curve.pieces(exact(q), exact(Fraction(END))):
        assert piece.upper is not None
        edges += [frac(piece.start), frac(piece.amount(piece.upper))]
    return min(edges, default=None)


@given(PAIRS, st.data())
def test_cliffs_are_where_more_costs_less(pair: Pair, data: st.DataObject) -> None:
    """A quantity is on a cliff if and only if some larger one in the range costs less."""
    curve, total = pair
    cliffs = curve.cliffs(end=END)
    for q, later in ((q, GRID[index + 1 :]) for index, q in enumerate(GRID[::8])):
        if any(total(other) < total(q) for other in later if other > q):
            assert any(frac(each.low) <= q <= frac(each.high) for each in cliffs)
    ends = [frac(bound) for each in cliffs for bound in (each.low, each.high)]
    assert ends == sorted(ends)
    q = data.draw(st.sampled_from(FINE))
    least = least_after(curve, q)
    on_it = least is not None and least < total(q)
    if q not in ends:
        assert on_it == any(frac(each.low) < q < frac(each.high) for each in cliffs)


@given(PAIRS)
def test_cliffs_tell_the_largest_drop(pair: Pair) -> None:
    """Nobody on the cliff overpays more than the drop, and the peak less the drop is the least total above it."""
    curve, total = pair
    for cliff in curve.cliffs(end=END):
        low, high, at, peak, drop = (frac(value) for value in cliff)
        assert low <= at <= high
        assert drop > 0
        least = least_after(curve, at)
        assert peak - drop in {total(at), least}
        assert least is None or peak - drop <= least
        for q in FINE:
            below = least_after(curve, q) if low < q < high and FINE.index(q) % 17 == 0 else None
            assert below is None or total(q) - below <= drop


def sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


@given(PAIRS, PAIRS)
def test_crossings_separate_the_signs(one: Pair, two: Pair) -> None:
    """Walking the range, the sign of the difference is what the crossings say it is, and never changes between them."""
    (a, f), (b, g) = one, two
    found = a.crossings(b, end=END)
    for left, right in pairwise(found):
        assert left.upper is not None and left.upper <= right.lower
        assert left.after == right.before or 0 in (left.after, right.before)
    for crossing in found:
        assert crossing.upper is not None
        middle = (frac(crossing.lower) + frac(crossing.upper)) / 2
        if crossing.lower != crossing.upper:
            assert f(middle) == g(middle)
        else:
            assert crossing.before * crossing.after == -1
    marks = {frac(bound) for each in found for bound in (each.lower, each.upper) if bound is not None}
    before = 0
    for q in FINE:
        if q in marks:
            continue
        here = sign(f(q) - g(q))
        passed = [each for each in found if frac(each.lower) < q]
        if passed and frac(passed[-1].upper or Decimal(0)) > q:
            assert here == 0
        elif here and before and here != before:
            assert passed
        if passed and here and frac(passed[-1].upper or Decimal(0)) < q:
            assert here == passed[-1].after
        elif here and found and not passed:
            assert here == found[0].before
        before = here or before


@given(PAIRS, st.integers(2, 30))
def test_points_are_on_the_curve(pair: Pair, count: int) -> None:
    """Quantities rise, every evenly spaced one is there, and every total is T at it or beside it."""
    curve, total = pair
    found = [(frac(q), frac(value)) for q, value in curve.points(0, END, count=count)]
    assert [q for q, _ in found] == sorted(q for q, _ in found)
    assert {Fraction(END * index, count - 1) for index in range(count)} <= {q for q, _ in found}
    for q in {q for q, _ in found}:
        values = [value for other, value in found if other == q]
        assert total(q) in values
        assert len(values) <= 3
        if q < END:
            assert total(q) + frac(curve.jump(exact(q))) in values


@given(PAIRS, PAIRS)
def test_equal_builds_are_equal(one: Pair, two: Pair) -> None:
    """A pickled copy is equal, hashes alike, prices alike and reads alike; equal curves have equal totals."""
    (a, f), (b, g) = one, two
    again = pickle.loads(pickle.dumps(a))  # noqa: S301
    assert (again, hash(again), str(again), repr(again)) == (a, hash(a), str(a), repr(a))
    assert frac(again.amount("7.5")) == f(Fraction(15, 2))
    if a == b:
        assert all(f(q) == g(q) for q in GRID)


@given(PAIRS, QUANTITIES, AMOUNTS)
def test_the_callers_context_is_neither_used_nor_changed(pair: Pair, q: Fraction, amount: Fraction) -> None:
    """Under a context of two digits every answer is the same, and the context is as it was."""

    def answers() -> list[object]:
        return [
            curve.amount(exact(q)),
            curve.average("7"),
            curve.marginal(exact(q)),
            curve.reaches(exact(amount), end=END),
            curve.cliffs(end=END),
            curve.crossings(curves.linear("1.5"), end=END),
            list(curve.pieces(end=END)),
            curve.points(0, END, count=7),
            (curve + curves.constant("3")).scale("0.3333").amount("9.999"),
            str(curve),
        ]

    curve, _ = pair
    expected = answers()
    with localcontext() as context:
        context.prec = 2
        context.Emax, context.Emin = 3, -3
        context.rounding = ROUND_UP
        context.clear_flags()
        before = repr(context)
        assert answers() == expected
        assert repr(context) == before


@given(PAIRS, PAIRS, RATES, UNITS, QUANTITIES)
def test_the_algebra_keeps_its_laws(one: Pair, two: Pair, factor: Fraction, units: Fraction, q: Fraction) -> None:
    """Sums commute, scaling spreads over sums, extremes bracket, and first_then of one linear price is that price."""
    (a, _), (b, _) = one, two
    at, by, n = exact(q), exact(factor), exact(units)
    assert (a + b).amount(at) == (b + a).amount(at)
    assert (a + b).scale(by).amount(at) == (a.scale(by) + b.scale(by)).amount(at)
    assert curves.least(a, b).amount(at) <= curves.greatest(b, a).amount(at)
    assert (curves.least(a, b) + curves.greatest(a, b)).amount(at) == (a + b).amount(at)
    assert curves.first_then(curves.linear(by), n, curves.linear(by)).amount(at) == curves.linear(by).amount(at)
    assert a.shift(n).shift(n).amount(at) == a.shift(exact(2 * units)).amount(at)
    assert a.packed(n).packed(n).amount(at) == a.packed(n).amount(at)
