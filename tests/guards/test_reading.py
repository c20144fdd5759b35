"""Readings and gauges."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ratecard._numbers import ZERO, div
from ratecard.errors import MismatchError, NumberError
from ratecard.guards import Gauge, Reading
from ratecard.guards._reading import grouped, margin, spare
from ratecard.periods import Period


def test_every_figure_is_read() -> None:
    """What is put in under a name comes out under its gauge."""
    third = div(Decimal(1), 3)
    reading = Reading(
        period=Period.month(2025, 1), subtotal="1", total=2, due=Decimal(3), gross="4", cost="5", forecast="6",
        balance="7", items={"a": "8"}, units={"a": "9"}, quantities={"m": "10"}, credits={"c": "11"},
        balances={"c": "12"}, costs={"a": third}, more={Gauge("amount", "a", {"model": "small"}): "13"},
        customer=Reading(subtotal="14"),
    )  # fmt: skip
    read = [
        Gauge("subtotal"), Gauge("total"), Gauge("due"), Gauge("gross"), Gauge("cost"), Gauge("forecast"),
        Gauge("balance"), Gauge("amount", "a"), Gauge("units", "a"), Gauge("quantity", "m"), Gauge("credits", "c"),
        Gauge("balance", "c"), Gauge("cost", "a"), Gauge("amount", "a", {"model": "small"}),
        Gauge("subtotal", customer=True),
    ]  # fmt: skip
    assert [reading.value(each) for each in read] == [*map(Decimal, range(1, 13)), third, 13, 14]
    assert repr(Reading(subtotal="1")) == "<Reading subtotal: 1>"
    assert repr(Reading()) == "<Reading of nothing>"


def test_missing_figures() -> None:
    """A figure that is not there is an error, never 0."""
    for reading, gauge in [
        (Reading(), Gauge("subtotal")),
        (Reading(subtotal=1), Gauge("subtotal", customer=True)),
        (Reading(items={"a": 1}), Gauge("amount", "a", {"model": "small"})),
        (Reading.by(lambda gauge: None), Gauge("due")),
    ]:
        with pytest.raises(MismatchError, match=r"put it into the reading") as error:
            reading.value(gauge)
        assert (error.value.code, error.value.path) == ("reading.missing", gauge.text)


def test_by_demand() -> None:
    """A reading by demand works out what is asked for, and only that."""
    asked: list[Gauge] = []

    def find(gauge: Gauge) -> Decimal | None:
        asked.append(gauge)
        return Decimal(5)

    month = Period.month(2025, 1)
    reading = Reading.by(find, period=month, customer=Reading(subtotal=1))
    assert reading.value(Gauge("subtotal")) == 5
    assert (asked, reading.period, repr(reading)) == ([Gauge("subtotal")], month, "<Reading by demand>")
    assert reading.value(Gauge("subtotal", customer=True)) == 1


@pytest.mark.parametrize("value", [0.5, True, "1_000", Decimal("NaN"), "1e3"])
def test_figures_are_numbers_of_the_grammar(value: object) -> None:
    """No float, bool, NaN or look-alike becomes a figure."""
    with pytest.raises(NumberError):
        Reading(subtotal=value)  # type: ignore[arg-type]
    with pytest.raises(NumberError):
        Reading(items={"a": value})  # type: ignore[dict-item]


def test_gauges() -> None:
    """Gauges are equal by what they name, whatever the order of the dimensions."""
    one = Gauge("amount", "a", {"x": "1", "y": "2"})
    assert one == Gauge("amount", "a", {"y": "2", "x": "1"})
    assert hash(one) == hash(Gauge("amount", "a", {"y": "2", "x": "1"}))
    assert one != Gauge("amount", "a", {"x": "1", "y": "2"}, customer=True)
    assert one != "amount a"
    assert (one.group, grouped(None)) == ((("x", "1"), ("y", "2")), ())
    assert repr(one) == "Gauge('amount', 'a', {'x': '1', 'y': '2'})"
    assert repr(Gauge("due", customer=True)) == "Gauge('due', customer=True)"
    assert [str(each) for each in (one, Gauge("due", customer=True))] == ["amount a[x=1,y=2]", "customer's due"]
    # Names cannot be made to look like groups.
    assert Gauge("amount", 'a", [["x", "1"]]').text != Gauge("amount", "a", {"x": "1"}).text


@pytest.mark.parametrize(("what", "name"), [("money", ""), ("subtotal", "a"), ("amount", ""), ("credits", "")])
def test_unknown_gauges(what: str, name: str) -> None:
    """A figure that no reading could have is refused at once."""
    with pytest.raises(MismatchError, match="use one of") as error:
        Gauge(what, name)
    assert error.value.code == "gauge.unknown"


def test_margin() -> None:
    """A margin is a percentage of the price; of no price there is none."""
    assert margin(Decimal(50), Decimal(40)) == 20
    assert margin(ZERO, Decimal(1)) is None
    assert [spare(Decimal(50), Decimal(cost), Decimal(20)) for cost in (39, 40, 41)] == [100, 0, -100]
