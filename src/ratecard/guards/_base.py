"""
What a guard is: plain data with a name, and a worker made of it that keeps a small state.

A guard says what it reads and in which groups it counts. `worker` makes of it the thing that answers: `bind` before
something runs, `note` after it ran. Workers change nothing; they hand back a part of the state, the very same one when
nothing has changed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from .. import _worth as worth
from .._model import Key, Many, Model, Pairs, Table, default
from .._numbers import CONTEXT, ONE, ZERO, Exact, add, floor, neg, number, sub, total
from .._worth import OptionalWorth
from ..cadence import Cadence
from ..errors import MismatchError, NumberError, Problem
from ._answers import seconds
from ._reading import Gauge, Group, Reading
from ._signals import Breach, Signals
from ._verdict import Bound
from ._windows import Part, bad_state, instant_of

__all__ = ["NOTHING", "Calm", "Guard", "Look", "Portion", "Setting", "Took", "Work", "Worth", "wide", "width"]

NOTHING = Reading()


class Portion:
    """
    How a request can be cut: what would be so if only a part of it ran. Immutable by contract.

    Args:
        quantity: all that is asked for, 0 or more.
        read: for a part of it, the reading after it ran and what it takes by itself.
        step: the smallest quantity there is; parts are multiples of it.
        pieces: quantities between which each reading only rises or only falls, ascending; none when it never falls.

    Raises:
        NumberError: for a quantity or a step that is no number of the grammar, or below 0.
    """

    __slots__ = ("pieces", "quantity", "read", "step")

    def __init__(
        self,
        quantity: Decimal | int | str,
        read: Callable[[Decimal], tuple[Reading, Reading]],
        *,
        step: Decimal | int | str = ONE,
        pieces: Sequence[Exact] = (),
    ) -> None:
        self.quantity = number(quantity)
        self.step = number(step)
        self.read = read
        self.pieces = tuple(pieces)
        if self.quantity < 0 or self.step <= 0:
            raise NumberError("a portion has a quantity of 0 or more and a step above 0", code="number.step")


class Took(NamedTuple):
    """All that something took when it was admitted, and where it ran elsewhere, in which group that was."""

    uses: Reading | None
    calls: Decimal
    group: Mapping[str, str] | None = None


class Look:
    """What a worker is given to see: the instant, the readings, and who asks."""

    __slots__ = (
        "admitted", "after", "at", "before", "calls", "group", "held", "id", "now", "parts", "record", "told", "took",
        "uses",
    )  # fmt: skip

    def __init__(
        self,
        at: datetime,
        told: int,
        now: int,
        after: Reading,
        *,
        before: Reading | None = None,
        uses: Reading | None = None,
        calls: Decimal = ZERO,
        group: Mapping[str, str] | None = None,
        id: str | None = None,
        record: str | None = None,
        parts: Sequence[Part] = (),
        admitted: int | None = None,
        took: Took | None = None,
    ) -> None:
        self.admitted = admitted
        self.took = took
        self.at = at
        self.told = told
        self.now = now
        self.after = after
        self.before = before
        self.uses = uses
        self.calls = calls
        self.group = group
        self.id = id
        self.record = record
        self.parts = parts
        # What was so before the guards took anything in; `parts` has what those before in turn made of it.
        self.held = parts

    def cut(self, after: Reading, uses: Reading) -> Look:
        """The same for a part of what was asked."""
        return Look(
            self.at, self.told, self.now, after,
            before=self.before, uses=uses, calls=self.calls, group=self.group, id=self.id, parts=self.parts,
        )  # fmt: skip

    def apart(self, took: Took) -> tuple[Look, Look]:
        """What is given back in the group where it was taken, and all that ran in its own."""
        told = [each for each in (took.uses, self.uses) if each is not None]
        back = Look(
            self.at, self.told, self.now, self.after, group=took.group, record=self.record,
            uses=None if took.uses is None else _summed([took.uses], neg),
            calls=CONTEXT.minus(took.calls), parts=self.parts, admitted=self.admitted, took=took,
        )  # fmt: skip
        ran = Look(
            self.at, self.told, self.now, self.after, group=self.group, record=self.record,
            uses=_summed(told, lambda value: value) if told else None,
            calls=CONTEXT.add(self.calls, took.calls), parts=self.parts, admitted=self.told,
        )  # fmt: skip
        back.held = ran.held = self.held
        return back, ran

    def taken(self, gauge: Gauge | None) -> Exact:
        """What is taken of a figure; without a gauge the calls."""
        if gauge is None:
            return self.calls
        if self.uses is None:
            raise MismatchError(
                f"a guard counts the {gauge} of each request; say in `uses` how much this one takes",
                code="reading.missing",
                path=gauge.text,
            )
        return self.uses.value(gauge)

    def mended(self, gauge: Gauge | None) -> Exact:
        """What is taken beyond what was admitted; nothing where nothing was told."""
        return ZERO if gauge is not None and self.uses is None else self.taken(gauge)

    def parted(self, gauge: Gauge | None) -> tuple[Exact, Exact]:
        """
        What ran beyond what was admitted, apart for what is above 0 and for what is below.

        A limit may count only one of both, so the difference alone does not tell it what to give back: 5 where -3 was
        admitted is 5 more and 3 less given. Where what was admitted is not told, it was above 0.
        """
        more = self.mended(gauge)
        took = self.took
        if took is None or (gauge is not None and took.uses is None):
            return more, ZERO
        old = took.calls if gauge is None or took.uses is None else took.uses.value(gauge)
        new = add(old, more)
        return sub(max(new, ZERO), max(old, ZERO)), sub(min(new, ZERO), min(old, ZERO))

    def wait(self, ready: int | None) -> Decimal | None:
        """Seconds from the instant that was told until another one."""
        return None if ready is None else seconds(max(0, ready - self.told))


def _summed(some: Sequence[Reading], turned: Callable[[Exact], Exact]) -> Reading:
    return Reading.by(lambda gauge: turned(total(each.value(gauge) for each in some)))


class Setting:
    """What workers are made in: the currency, the zone, and the other guards by name."""

    __slots__ = ("currency", "guards", "zone")

    def __init__(self, guards: Mapping[str, tuple[int, Guard]], currency: str | None, zone: str | None = None) -> None:
        self.guards = guards
        self.currency = currency
        self.zone = zone

    def heard(self, cap: str) -> bool:
        """Whether a guard must know how far the window of a cap went back."""
        return any(
            getattr(each, "cap", None) == cap and getattr(each, "rearm", None) == "recover"
            for _, each in self.guards.values()
        )

    def cadence(self, per: Cadence) -> Cadence:
        """A cadence in the zone at hand, where it names none of its own."""
        return per if per.anchor is None or self.zone is None else per.at(per.anchor, self.zone)

    def amount(self, worth: Decimal | Pairs[Decimal], guard: str) -> Decimal:
        """The amount in the currency at hand."""
        if isinstance(worth, Decimal):
            return worth
        if self.currency is None or self.currency not in worth:
            shown = "no currency was named" if self.currency is None else f"the currency is {self.currency}"
            told = f"{guard} is written in {', '.join(worth)}, and {shown}; add its amount in that currency"
            raise MismatchError(told, code="guard.currency")
        return worth[self.currency]


class Calm(NamedTuple):
    """
    How long a guard has nothing to say: up to which figure it lets everything pass, and at which it has more to tell.

    Attributes:
        gauge: the figure; None where the guard reads none.
        admits_to: it lets through what keeps the figure at or under this; None for everything.
        tells_at: it has nothing to tell while the figure is below this; None for never.
        tells_above: it has nothing to tell while the figure is at or under this; None for never.
    """

    gauge: Gauge | None = None
    admits_to: Exact | None = None
    tells_at: Exact | None = None
    tells_above: Exact | None = None


class Work:
    """
    What answers for a guard, in one group.

    Attributes:
        key: the guard's name.
        kind: the guard's kind.
        cell: the group it counts, for guards that count each group on its own.
        admits: it has a say before something runs.
        clamps: it may let a part through.
        notes: it has something to tell after something ran.
        mends: it has something to count where more or less ran than was admitted.
        holds: it holds something under the ids of requests until that is released.
    """

    __slots__ = ("admits", "cell", "clamps", "holds", "key", "kind", "mends", "notes")

    def __init__(self, guard: Guard, cell: Group) -> None:
        self.key = guard.name
        self.kind: str = getattr(guard, "kind", "")
        self.cell = cell
        self.admits = False
        self.clamps = False
        self.notes = False
        self.mends = False
        self.holds = False

    def zero(self) -> Part:
        """Its part of a new state."""
        return None

    def idle(self, part: Part, now: int) -> bool:
        """Whether the part says no more than a new one."""
        return bool(part == self.zero())

    def bind(self, part: Part, look: Look) -> tuple[Part, Bound | None]:
        """The part with what is asked taken; or the limit, when it binds."""
        return part, None

    def fits(self, part: Part, look: Look, portion: Portion) -> tuple[Decimal, Bound | None]:
        """How much of what is asked fits, and the limit when that is not all."""
        return portion.quantity, None

    def note(self, part: Part, look: Look) -> tuple[Part, Signals]:
        """The part after something ran, and what there is to tell."""
        return part, ()

    def breached(self, limit: Exact, value: Exact | None, look: Look, turn: int, frame: int | None) -> Signals:
        """What is told of a limit that was passed, in a period or window with this start."""
        return (
            Breach(
                self.key,
                limit,
                value,
                look.at,
                period=None if frame is None else instant_of(frame),
                turn=turn,
                record=look.record,
                group=self.cell,
            ),
        )

    def released(self, part: Part, id: str) -> Part:
        """The part without what a caller held."""
        return part

    def left(self, part: Part, look: Look) -> Exact | None:
        """What is left; None where it is not a quantity, or not known."""
        return None

    def calm(self, part: Part, reading: Reading) -> Calm | None:
        """How long it has nothing to say while its figure only rises; None where that is not known."""
        return None if self.admits or self.notes or self.mends else Calm()

    def dump(self, part: Part) -> Any:
        """Plain data."""
        return part

    def load(self, data: Any) -> Part:
        """Read back what `dump` wrote."""
        if data is not None:
            raise bad_state("the state of a guard that keeps none")
        return None


if TYPE_CHECKING:
    Worth = OptionalWorth
    Groups: TypeAlias = Many[Mapping[str, str]]
else:

    class Worth(worth.Worth):
        """An amount, or a table of amounts by currency, or None."""

        none = True
        code = "guard.currency"

    Groups = Many[Table[str]]


class Guard(Model, frozen=True):
    """
    What all guards have.

    Attributes:
        key: its name, unique among the guards of a plan; by default made of what it watches.
        group: only what is in this group, by dimension; empty for all.
        each: dimensions; every group by them is watched on its own.
        without: groups it has nothing to say about, such as those that have a guard of their own.
    """

    key: Key | None = default(None)
    group: Table[str] = default(Pairs[str]())
    each: Many[Key] = default(())
    without: Groups = default(())

    @property
    def name(self) -> str:
        """The key, or a name made of what it watches."""
        return self.key if self.key is not None else self._named()

    @abstractmethod
    def inner(self, setting: Setting, cell: Group) -> Work:
        """What answers for it in one group."""

    @abstractmethod
    def _named(self) -> str: ...

    def problems(self, setting: Setting) -> list[Problem]:
        """What is wrong with it among the others."""
        return []


def within_problems(guard: Guard) -> list[Problem]:
    """What is wrong with the groups of a guard."""
    return [
        Problem(
            f"each[{index}]", "guard.each",
            f"{name!r} is already told in this guard; name each dimension once",
        )
        for index, name in enumerate(guard.each)
        if name in guard.group or name in guard.each[:index]
    ]  # fmt: skip


def wide(guard: Guard, *told: str) -> str:
    """A name made of what is watched, and of the groups."""
    parts = [each for each in told if each]
    if guard.group:
        parts.append("in " + ",".join(f"{name}={value}" for name, value in guard.group.items()))
    if guard.each:
        parts.append("for each " + ",".join(guard.each))
    return " ".join(parts)


def width(seconds: Decimal) -> int:
    """Seconds as whole microseconds; 0 where they are not above 0 or finer than that."""
    found = CONTEXT.scaleb(seconds, 6)
    return floor(found) if found > 0 and found == floor(found) else 0
