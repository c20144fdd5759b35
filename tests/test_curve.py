"""Curves: the exact total of a price that depends on the quantity alone, and the questions it answers."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from decimal import Decimal
from itertools import islice, pairwise

import pytest

from ratecard._numbers import ONE, ZERO, Exact, Ratio, div
from ratecard._shapes import Shape
from ratecard.curve import (
    Cliff,
    Crossing,
    Curve,
    Piece,
    constant,
    first_then,
    greatest,
    least,
    linear,
    select,
    stair,
    table,
)
from ratecard.errors import NumberError

D = Decimal

GRADUATED = table([(10, "0", "5"), (None, "50", "4")])
VOLUME = table([(100, "0", "10"), (None, "800", "8")])
STEPS = table([(5, "10", "0"), (20, "15", "0"), (None, "40", "0")])


def fails(code: str, act: Callable[[], object]) -> None:
    """The act is refused with this code."""
    with pytest.raises(NumberError) as caught:
        act()
    assert caught.value.code == code


# --- amounts


@pytest.mark.parametrize(
    ("curve", "totals"),
    [
        (linear("2.5"), {"0": "0", "4": "10", "0.001": "0.0025"}),
        (constant("7"), {"0": "7", "1": "7"}),
        (constant("7", at_zero=False), {"0": "0", "0.001": "7"}),
        (GRADUATED, {"0": "0", "10": "50", "10.5": "52", "12": "58"}),
        (VOLUME, {"0": "0", "100": "1000", "101": "808"}),
        (STEPS, {"0": "0", "5": "10", "5.01": "15", "20": "15", "21": "40"}),
        (stair("10", "3"), {"0": "0", "0.1": "3", "10": "3", "10.1": "6", "20": "6"}),
        (stair("10", "3", "down"), {"0": "0", "9.9": "0", "10": "3", "19": "3", "20": "6"}),
        (stair("10", "3", "none"), {"0": "0", "5": "1.5"}),
        (linear("2") + constant("10"), {"0": "10", "3": "16"}),
        (GRADUATED.scale("0.5"), {"12": "29"}),
        (GRADUATED.scale("0"), {"12": "0"}),
        (GRADUATED.shift("10"), {"5": "0", "10": "0", "22": "58"}),
        (constant("7").shift("10"), {"5": "7", "11": "7"}),
        (linear("2").clamp("10", "50"), {"0": "10", "5": "10", "6": "12", "25": "50", "26": "50"}),
        (linear("2").clamp(high="50"), {"0": "0", "26": "50"}),
        (linear("2").clamp("10"), {"0": "10", "26": "52"}),
        (GRADUATED.packed("6"), {"0": "0", "1": "30", "6": "30", "7": "58"}),
        (GRADUATED.packed("6", "down"), {"5": "0", "6": "30", "12": "58"}),
        (GRADUATED.packed("6", "none"), {"5": "25"}),
        (greatest(linear("2"), constant("9")), {"4": "9", "5": "10"}),
        (least(linear("2"), constant("9"), linear("1")), {"4": "4", "9": "9", "10": "9"}),
        (first_then(constant("10"), "100", linear("2")), {"0": "10", "100": "10", "105": "20"}),
        (first_then(linear("1"), "0", linear("2")), {"0": "0", "5": "10"}),
        (
            select([(100, linear("10")), (None, stair("50", "300"))], at_zero="1"),
            {"0": "1", "100": "1000", "101": "900"},
        ),
    ],
)
def test_amounts(curve: Curve, totals: dict[str, str]) -> None:
    """Each kind of curve gives its totals at 0, at its bounds and one past them."""
    found = {q: curve.amount(q) for q in totals}
    assert found == {q: D(total) for q, total in totals.items()}
    assert {q: curve.amount(D(q)) for q in totals} == found


def test_amounts_that_do_not_end_stay_exact() -> None:
    """A third of a price is kept as a ratio, also in a table, and comes back whole where it can."""
    third = linear(div(ONE, 3))
    assert third.amount(D(10)) == Ratio(D(10), 3)
    assert third.amount(D(9)) == D(3)
    assert linear("3").amount(Ratio(ONE, 3)) == ONE
    assert table([(2, Ratio(ONE, 3), "1"), (None, "1", "1")]).amount(D(1)) == Ratio(D(4), 3)
    assert stair(Ratio(ONE, 3), "2").amount(D("0.5")) == D(4)
    assert stair(Ratio(ONE, 3), "2", "down").amount(ONE) == D(6)
    assert stair("3", "2", "none").amount(ONE) == Ratio(D(2), 3)


def test_no_negative_zero() -> None:
    """Nothing times a negative price is plain 0."""
    curves = [stair("10", "-3"), stair("10", "-3", "down"), linear("-3"), linear("3").scale("-1"), constant("-0")]
    for curve in [*curves, curves[0] + curves[2], linear("0").scale("-2")]:
        for value in (curve.amount("0"), curve.amount(D("-0")), curve.between("0", "0")):
            assert str(value) == "0"
    assert [str(value) for value in (stair("10", "-3", "down").shape.right(ZERO))] == ["0", "0"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("-1", "quantity.negative"),
        (D("-0.1"), "quantity.negative"),
        (-1, "quantity.negative"),
        (Ratio(D(-1), 3), "quantity.negative"),
        (D("NaN"), "number.nonfinite"),
        (D("sNaN"), "number.nonfinite"),
        (D("Infinity"), "number.nonfinite"),
        (D("-Infinity"), "number.nonfinite"),
        (D("1E-999999"), "number.bounds"),
        (D("1E+999999"), "number.bounds"),
        (1.5, "number.float"),
        (True, "number.bool"),
        ("1e5", "number.syntax"),
    ],
)
@pytest.mark.parametrize("curve", [GRADUATED, stair("10", "3"), GRADUATED + constant("1")])
def test_wrong_quantities_are_refused(curve: Curve, given: Decimal, code: str) -> None:
    """What is no quantity is refused with a code, also on the fast way through a table, on any call."""
    for _ in range(2):
        fails(code, lambda: curve.amount(given))


def test_a_zero_with_any_exponent_is_zero() -> None:
    """0E-999999 and 0E+999999 are no more than 0."""
    assert [GRADUATED.amount(D(zero)) for zero in ("0E-999999", "0E+999999", "0.00")] == [ZERO] * 3


def test_digits_beyond_any_context_are_refused() -> None:
    """A quantity of more digits than exact arithmetic holds is an error of the number, not of the machine."""
    fails("number.bounds", lambda: GRADUATED.amount(D("1." + "1" * 3000)))


def test_amounts_of_large_results_may_be_quantities() -> None:
    """A Decimal that an earlier step made may be longer than what people may write."""
    assert linear("2").amount(D("1E+50")) == D("2E+50")
    assert linear("2").amount(D("1E+150")) == D("2E+150")
    fails("number.bounds", lambda: linear("2").amount(10**50))


# --- slopes, differences, averages


def test_marginal_jump_average_between() -> None:
    """The next unit's rate, the step just above, the price of a unit so far, and the price of a part."""
    assert [GRADUATED.marginal(q) for q in ("0", "9.9", "10")] == [D(5), D(5), D(4)]
    assert [VOLUME.jump(q) for q in ("0", "100", "101")] == [ZERO, D(-200), ZERO]
    assert [stair("10", "3").jump(q) for q in ("0", "5", "10")] == [D(3), ZERO, D(3)]
    assert [stair("10", "3", "down").jump(q) for q in ("0", "5", "10")] == [ZERO, ZERO, ZERO]
    assert constant("7", at_zero=False).jump("0") == D(7)
    assert VOLUME.average("200") == D(8)
    assert GRADUATED.average("12") == div(D(29), 6)
    assert GRADUATED.between("8", "12") == D(18)
    assert GRADUATED.between("12", "8") == D(-18)
    fails("quantity.zero", lambda: GRADUATED.average("0"))


# --- what a budget buys, and where an amount is reached


@pytest.mark.parametrize(
    ("curve", "budget", "step", "found"),
    [
        (linear("3"), "10", "1", "3"),
        (linear("3"), "10", "0.01", "3.33"),
        (linear("3"), "0", "1", "0"),
        (GRADUATED, "100", "1", "22"),
        (STEPS, "39", "1", "20"),
        (STEPS, "40", "1", None),
        (constant("5"), "5", "1", None),
        (stair("10", "3"), "100", "1", "330"),
        (stair("10", "3", "down"), "100", "1", "339"),
        (stair("1", "1"), "100000000000000000000", "1", "100000000000000000000"),
        (stair("0.000001", "0.000000000001"), "1000000", "0.000001", "1000000000000"),
        (VOLUME, "900", "1", "112"),
        (VOLUME, "805", "1", "80"),
        (VOLUME, "799", "1", "79"),
        (stair("10", "-3"), "100", "1", None),
        (linear("1").scale("-1"), "-10", "1", None),
        (VOLUME + stair("10", "3"), "1000000000000", "1", "120481927710"),
        (stair("10", "3") + linear("-0.1"), "100000", "1", "500000"),
        (first_then(stair("1", "2"), "10", linear("0")), "7", "1", "3"),
    ],
)
def test_buys(curve: Curve, budget: str, step: str, found: str | None) -> None:
    """The largest multiple of the step that the budget covers; None when there is no largest."""
    assert curve.buys(budget, step=step) == (None if found is None else D(found))


def test_buys_counts_no_steps_that_do_not_matter() -> None:
    """A budget of 100 million million million over steps of 1 asks the curve a few hundred times, not once a step."""
    calls = 0

    class Counted(Shape):
        __slots__ = ("inner",)

        def __init__(self, inner: Shape) -> None:
            self.inner, self.tail, self.endless, self.rising = inner, inner.tail, inner.endless, inner.rising

        def at(self, q: Exact) -> Exact:
            nonlocal calls
            calls += 1
            return self.inner.at(q)

        def right(self, q: Exact) -> tuple[Exact, Exact]:
            return self.inner.right(q)

        def after(self, q: Exact) -> Exact | None:
            return self.inner.after(q)

        def given(self) -> tuple[object, ...]:
            return (self.inner,)

        def text(self) -> str:
            return self.inner.text()

    for build in (stair("1", "1"), stair("1", "1") + VOLUME, stair("1", "1", "down") + linear("-0.5")):
        calls = 0
        assert Curve(Counted(build.shape)).buys("100000000000000000000") is not None
        assert Curve(Counted(build.shape)).reaches("100000000000000000000") is not None
        assert 0 < calls < 1500


def test_buys_with_an_end() -> None:
    """An end bounds the answer, also where the price never stops being covered."""
    assert constant("5").buys("5", end="100.5") == D(100)
    assert stair("10", "3").buys("100", end="40") == D(40)
    assert VOLUME.buys("1000000", end="90") == D(90)
    assert (stair("10", "3") + VOLUME).buys("1000000", end="95") == D(95)


def test_buys_refusals() -> None:
    """A budget that covers nothing, a step that is none, and steps that swing around the budget for ever."""
    swing = stair("10", "10") + linear("-1")
    fails("budget.small", lambda: constant("5").buys("4.99"))
    fails("budget.small", lambda: (linear("2") + constant("5")).buys("4.99"))
    fails("budget.small", lambda: (VOLUME + constant("5")).buys("4.99"))
    fails("step.positive", lambda: GRADUATED.buys("5", step="0"))
    fails("step.positive", lambda: GRADUATED.buys("5", step="-1"))
    fails("step.positive", lambda: GRADUATED.buys("5", step=Ratio(ONE, 3)))
    fails("range.open", lambda: swing.buys("5"))
    fails("budget.small", lambda: swing.buys("-1"))
    fails("number.float", lambda: GRADUATED.buys(5.0))  # type: ignore[arg-type]
    assert swing.buys("10") is None
    assert swing.buys("5", end="98") == D(98)
    assert swing.buys("5", end="94") == D(90)


@pytest.mark.parametrize(
    ("curve", "amount", "found"),
    [
        (linear("3"), "100", Ratio(D(100), 3)),
        (linear("3"), "0", ZERO),
        (linear("3"), "-5", ZERO),
        (GRADUATED, "50", D(10)),
        (GRADUATED, "58", D(12)),
        (STEPS, "11", D(5)),
        (STEPS, "41", None),
        (constant("5"), "6", None),
        (constant("5", at_zero=False), "5", ZERO),
        (stair("10", "3"), "100", D(330)),
        (stair("10", "3", "down"), "100", D(340)),
        (stair("1", "1"), "100000000000000000000", D("99999999999999999999")),
        (VOLUME, "1000", D(100)),
        (VOLUME, "900", D(90)),
        (VOLUME, "1001", D("125.125")),
        (VOLUME + linear("-9"), "101", None),
        (stair("10", "-3"), "1", None),
        (stair("10", "3") + linear("-0.1"), "100000", D(499990)),
        (stair("10", "10") + linear("-1"), "11", None),
        (table([(5, "0", "1"), (10, "3", "-1"), (None, "3", "2")]), "5", D(5)),
        (table([(5, "0", "1"), (10, "6", "-1"), (None, "6", "2")]), "6", D(10)),
        (table([(5, "0", "1"), (10, "7", "-1"), (None, "6", "2")]), "6", D(5)),
        (linear("1").clamp(high="10") + stair("1", "2", "down"), "7", D(3)),
        (table([(5, "9", "-1"), (None, "3", "-1")], at_zero="0"), "10", None),
    ],
)
def test_reaches(curve: Curve, amount: str, found: Exact | None) -> None:
    """The first quantity at which, or just above which, the total is at least the amount."""
    assert curve.reaches(amount) == found


def test_reaches_with_an_end_and_refusals() -> None:
    """An end bounds the search; without it, steps that swing around the amount for ever are refused."""
    swing = stair("10", "10") + linear("-1")
    assert linear("1").reaches("5", end="4.9") is None
    assert linear("1").reaches("5", end="5") == D(5)
    assert (VOLUME + stair("10", "3")).reaches("5000", end="100") is None
    assert (VOLUME + stair("10", "3")).reaches("5000", end="10000") == D("602.125")
    assert swing.reaches("10", end="1000") is None
    assert swing.reaches("9", end="1000") == swing.reaches("9") == ZERO
    assert swing.shift("5").reaches("9") == D(5)
    fails("range.open", lambda: swing.reaches("10"))
    assert (swing + VOLUME + linear("-8")).reaches("1001") is None
    fails("range.wide", lambda: swing.reaches("10.5", end="100000000"))


# --- pieces


def test_pieces_of_a_table_are_its_tiers() -> None:
    """Tiers come back as pieces; neighbours on one line are one piece."""
    assert list(GRADUATED.pieces()) == [Piece(ZERO, D(10), ZERO, D(5)), Piece(D(10), None, D(50), D(4))]
    assert list(table([(10, "0", "5"), (20, "50", "5"), (None, "100", "4")]).pieces()) == [
        Piece(ZERO, D(20), ZERO, D(5)),
        Piece(D(20), None, D(100), D(4)),
    ]
    assert list(GRADUATED.pieces("8", "12")) == [Piece(D(8), D(10), D(40), D(5)), Piece(D(10), D(12), D(50), D(4))]
    assert list(GRADUATED.pieces("8", "8")) == []


def test_pieces_of_stairs_are_made_as_asked_for() -> None:
    """The first pieces of an endless stair come at once, and say which bound they hold."""
    assert list(islice(stair("10", "3").pieces("10"), 2)) == [
        Piece(D(10), D(20), D(6), ZERO),
        Piece(D(20), D(30), D(9), ZERO),
    ]
    assert list(stair("10", "3", "down").pieces(end="20")) == [
        Piece(ZERO, D(10), ZERO, ZERO, "neither"),
        Piece(D(10), D(20), D(3), ZERO, "left"),
        Piece(D(20), D(20), D(6), ZERO, "both"),
    ]
    mixed = stair("10", "3", "down") + stair("10", "5")
    assert list(mixed.pieces("5", "15")) == [
        Piece(D(5), D(10), D(5), ZERO, "neither"),
        Piece(D(10), D(10), D(8), ZERO, "both"),
        Piece(D(10), D(15), D(13), ZERO),
    ]
    assert list(first_then(stair("10", "3", "down"), "10", linear("0")).pieces()) == [
        Piece(ZERO, D(10), ZERO, ZERO, "neither"),
        Piece(D(10), None, D(3), ZERO, "left"),
    ]
    assert list(
        (
            first_then(stair("10", "3", "down"), "10", linear("0"))
            + first_then(linear("0"), 20, linear(1)).packed(9).clamp(high=1)
        ).pieces()
    ) == [
        Piece(ZERO, D(10), ZERO, ZERO, "neither"),
        Piece(D(10), D(18), D(3), ZERO, "both"),
        Piece(D(18), None, D(4), ZERO),
    ]


def test_a_piece_knows_what_it_holds() -> None:
    """Each way of closing holds its own bounds and everything between."""
    probes = (D(1), D(2), D(3))
    holds = {
        kind: [Piece(D(1), D(3), ZERO, ONE, kind).holds(q) for q in probes]  # type: ignore[arg-type]
        for kind in ("right", "left", "neither")
    }
    assert holds == {"right": [False, True, True], "left": [True, True, False], "neither": [False, True, False]}
    assert Piece(D(1), D(1), ZERO, ZERO, "both").holds(D(1))
    assert [piece.closed for piece in stair("10", "3", "down").pieces("10", "15")] == ["right"]
    assert [piece.closed for piece in stair("10", "3", "down").pieces("5", "15")] == ["neither", "both"]
    assert Piece(D(1), D(2), ZERO, ZERO, "both").holds(D(2))
    assert Piece(D(1), None, ZERO, ONE).holds(D(10**20))
    assert not Piece(D(1), D(3), ZERO, ONE).holds(D(4))
    assert Piece(D(1), D(3), D(5), D(2)).amount(D("1.5")) == D(6)


def test_a_ceiling_ends_a_stair() -> None:
    """Packages under a maximum have a last piece, whichever way the maximum is put."""
    stairs = stair("10", "3")
    packed = STEPS.packed("4")
    assert not stairs.clamp(high="7").endless
    assert [piece.upper for piece in stairs.clamp(high="7").pieces()] == [D(10), D(20), None]
    assert not packed.endless
    assert [(piece.upper, piece.start) for piece in packed.pieces()] == [(D(4), D(10)), (D(20), D(15)), (None, D(40))]
    assert [(piece.upper, piece.start) for piece in STEPS.packed("4", "down").pieces()] == [
        (D(4), ZERO),
        (D(8), D(10)),
        (D(24), D(15)),
        (None, D(40)),
    ]
    assert greatest(constant("5"), constant("10"), stairs.scale("-1")).endless is False
    assert least(stairs, linear("0.2")).endless is False
    assert least(stairs, linear("0.3")).endless is False
    assert least(stairs, linear("0.3") + constant("1")).endless is True


# --- cliffs and crossings


def test_cliffs_of_volume_prices() -> None:
    """Below each volume bound lies the range in which buying up is cheaper; graduated prices have none."""
    assert VOLUME.cliffs() == [Cliff(D(80), D(100), D(100), D(1000), D(200))]
    assert VOLUME.cliffs(end="100") == []
    assert VOLUME.cliffs("0", "110") == VOLUME.cliffs()
    assert VOLUME.cliffs("90") == [Cliff(D(90), D(100), D(100), D(1000), D(200))]
    assert GRADUATED.cliffs() == []
    assert stair("10", "3").cliffs(end="100") == []
    two = table([(10, "0", "10"), (20, "80", "8"), (None, "100", "5")])
    assert two.cliffs() == [
        Cliff(D(8), D(10), D(10), D(100), D(20)),
        Cliff(D("12.5"), D(20), D(20), D(160), D(60)),
    ]
    joined = table([(10, "0", "10"), (20, "90", "1"), (None, "50", "5")])
    assert joined.cliffs() == [Cliff(D(5), D(20), D(10), D(100), D(50))]


def test_cliffs_where_the_total_falls() -> None:
    """A falling piece is a cliff as a whole; falling for ever needs an end."""
    valley = table([(10, "100", "-5"), (None, "50", "5")], at_zero="100")
    assert valley.cliffs() == [Cliff(ZERO, D(10), ZERO, D(100), D(50))]
    assert table([(5, "9", "0"), (None, "4", "0")]).cliffs() == [Cliff(ZERO, D(5), ZERO, D(9), D(5))]
    assert linear("-1").cliffs(end="10") == [Cliff(ZERO, D(10), ZERO, ZERO, D(10))]
    assert constant("5").clamp("3").cliffs() == []
    assert table([(None, "1", "1")], at_zero="3").cliffs() == [Cliff(ZERO, ZERO, ZERO, D(3), D(2))]
    fails("range.open", lambda: linear("-1").cliffs())
    fails("range.open", lambda: stair("10", "3").cliffs())
    fails("range.wide", lambda: stair("1", "3").cliffs(end="1000000"))


def test_crossings() -> None:
    """Break-even points, jumps from one side to the other, and ranges of equal price."""
    plus = linear("3")
    flat = linear("1") + constant("100")
    assert plus.crossings(flat) == [Crossing(D(50), D(50), -1, 1)]
    assert flat.crossings(plus) == [Crossing(D(50), D(50), 1, -1)]
    assert STEPS.crossings(constant("12")) == [Crossing(D(5), D(5), -1, 1)]
    assert STEPS.crossings(constant("15")) == [Crossing(D(5), D(20), -1, 1)]
    assert STEPS.crossings(constant("40")) == [Crossing(D(20), None, -1, 0)]
    assert plus.crossings(plus) == [Crossing(ZERO, None, 0, 0)]
    assert plus.crossings(linear("4")) == []
    assert linear("2").clamp(high="20").crossings(linear("2")) == [Crossing(ZERO, D(10), 0, -1)]
    assert constant("5").crossings(least(linear("1"), linear("-1") + constant("10"))) == []
    stairs = stair("10", "10")
    assert stairs.crossings(linear("1") + constant("5"), end="20") == [
        Crossing(ZERO, ZERO, -1, 1),
        Crossing(D(5), D(5), 1, -1),
        Crossing(D(10), D(10), -1, 1),
        Crossing(D(15), D(15), 1, -1),
    ]
    fails("range.open", lambda: stairs.crossings(plus))


def test_points() -> None:
    """A plot has its evenly spaced points, and at every break the totals on both sides."""
    assert stair("10", "3").points("0", "20", count=3) == [
        (ZERO, ZERO),
        (ZERO, D(3)),
        (D(10), D(3)),
        (D(10), D(6)),
        (D(20), D(6)),
    ]
    assert linear("2").points("1", "3", count=3) == [(ONE, D(2)), (D(2), D(4)), (D(3), D(6))]
    assert stair("10", "3", "down").points("5", "10", count=2) == [(D(5), ZERO), (D(10), ZERO), (D(10), D(3))]
    assert linear("2").points("1", "1") == [(ONE, D(2))]
    fails("points.few", lambda: linear("2").points("0", "1", count=1))
    fails("range.order", lambda: linear("2").points("1", "0"))


# --- shape and build


@pytest.mark.parametrize(
    ("curve", "monotone"),
    [
        (GRADUATED, True),
        (VOLUME, False),
        (STEPS, True),
        (constant("-5"), True),
        (constant("-5", at_zero=False), False),
        (linear("-1"), False),
        (stair("10", "3"), True),
        (stair("10", "-3"), False),
        (stair("10", "-3").scale("-1"), False),
        (VOLUME.packed("3"), False),
        (GRADUATED.packed("3"), True),
        (VOLUME + linear("3") + VOLUME.scale("-1"), True),
        (greatest(VOLUME, constant("2000")).clamp(high="2000"), True),
        (select([(10, linear("2")), (None, stair("10", "15"))]), True),
        (select([(10, linear("2")), (None, stair("10", "5"))]), False),
        (select([(10, linear("2")), (None, linear("-1"))]), False),
        (first_then(stair("1", "2"), "1000", VOLUME), False),
    ],
)
def test_monotone(curve: Curve, monotone: bool) -> None:
    """True where the build or the pieces prove it; False where they do not."""
    assert curve.monotone is monotone


def test_curves_are_values() -> None:
    """Equal builds are equal, hash alike and survive pickling; other things are not equal."""
    same = table([("10.0", "0", "5.0"), (None, "50", "4")])
    assert same == GRADUATED
    assert hash(same) == hash(GRADUATED)
    assert GRADUATED != VOLUME
    assert GRADUATED != "5 q"
    assert GRADUATED.shape != "5 q"
    assert GRADUATED.shift("0") is GRADUATED
    assert greatest(GRADUATED) is least(GRADUATED) is GRADUATED
    assert GRADUATED.clamp() is GRADUATED
    assert GRADUATED.scale("1") == GRADUATED
    assert GRADUATED.scale("2").scale("0.5") == GRADUATED
    assert GRADUATED.scale("2").scale("3") == GRADUATED.scale("6")
    assert (GRADUATED + VOLUME) + STEPS == GRADUATED + (VOLUME + STEPS)
    assert stair("10", "0") == constant("0")
    built = [
        GRADUATED,
        stair("10", "3"),
        STEPS.shift("1").clamp("2", "30"),
        VOLUME.scale("2") + GRADUATED.packed("6"),
        first_then(GRADUATED, "5", VOLUME),
        select([(5, GRADUATED), (None, VOLUME)]),
    ]
    for one, two in pairwise([*built, built[0]]):
        assert pickle.loads(pickle.dumps(one)) == one != two  # noqa: S301
    with pytest.raises(TypeError):
        GRADUATED + 5  # type: ignore[operator]
    with pytest.raises(AttributeError):
        GRADUATED.other = 1  # type: ignore[attr-defined]


def test_texts() -> None:
    """A curve reads as the expression it is."""
    built = [
        linear("2.50"),
        constant("7"),
        linear("2") + constant("7"),
        table([(None, "7", "2")], at_zero="7"),
        GRADUATED,
        stair("10", "3"),
        stair("10", "3", "down"),
        linear("2").scale("0.5"),
        linear("2").shift("100"),
        linear("2").clamp("5", "9"),
        linear("2").packed("10"),
        linear("2").packed("10", "down"),
        first_then(constant("10"), "100", linear("2")),
        select([(100, linear("10")), (None, linear("8"))]),
    ]
    assert [str(curve) for curve in built] == [
        "2.5 q",
        "7",
        "2 q + 7",
        "7 + 2 q",
        "table(at 0: 0, to 10: 0 + 5 (q - 0), above: 50 + 4 (q - 10))",
        "3 ceil(q / 10)",
        "3 floor(q / 10)",
        "0.5 (2 q)",
        "after 100 (2 q)",
        "least(greatest(2 q, 5), 9)",
        "in started packages of 10 (2 q)",
        "in full packages of 10 (2 q)",
        "up to 100 (10) + after 100 (2 q)",
        "select(at 0: 0, to 100: 10 q, above: 8 q)",
    ]
    assert repr(linear("2.5")) == "<Curve 2.5 q>"


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("table.empty", lambda: table([])),
        ("table.empty", lambda: select([])),
        ("table.open", lambda: table([(10, "0", "5")])),
        ("table.open", lambda: table([(None, "0", "5"), (None, "0", "5")])),
        ("table.order", lambda: table([(0, "0", "5"), (None, "0", "5")])),
        ("table.order", lambda: table([(5, "0", "5"), (5, "0", "5"), (None, "0", "5")])),
        ("table.order", lambda: select([(-5, linear("1")), (None, linear("1"))])),
        ("size.positive", lambda: stair("0", "1")),
        ("size.positive", lambda: linear("1").packed("-1")),
        ("packing.unknown", lambda: stair("1", "1", "half_up")),  # type: ignore[arg-type]
        ("packing.unknown", lambda: linear("1").packed("1", "ceiling")),  # type: ignore[arg-type]
        ("clamp.order", lambda: linear("1").clamp("2", "1")),
        ("quantity.negative", lambda: linear("1").shift("-1")),
        ("quantity.negative", lambda: first_then(linear("1"), "-1", linear("1"))),
        ("quantity.negative", lambda: linear("1").marginal("-1")),
        ("quantity.negative", lambda: next(linear("1").pieces("-1"))),
        ("range.order", lambda: linear("1").cliffs("2", "1")),
        ("number.float", lambda: linear(0.1)),  # type: ignore[arg-type]
    ],
)
def test_wrong_builds_are_refused(code: str, act: Callable[[], object]) -> None:
    """What cannot be a price is refused when it is built, with a code."""
    fails(code, act)


def test_many_pieces_are_priced_without_a_layout() -> None:
    """A price of more pieces than are laid out for speed has the same amounts."""
    many = first_then(stair("1", "2"), "100", linear("1"))
    assert [many.amount(q) for q in ("99.5", "100", "101")] == [D(200), D(200), D(201)]
    bent = least(linear("3"), linear(div(ONE, 7)) + constant("1"))
    assert bent.amount("1") == Ratio(D(8), 7)
    assert bent.amount("0.1") == D("0.3")


def test_a_shape_has_answers() -> None:
    """A shape without answers cannot be made."""
    with pytest.raises(TypeError):
        Shape()  # type: ignore[abstract]
