"""
How a ledger decides, as data: the order in which lots burn, what happens when they do not suffice, and by which time.

A burn order is a list of keys, each of which sorts lots; ties go to the next key, and the last one is always the lot's
id, so that the order is total. The presets follow the vendors' documents, so that a wallet can be replayed under each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeAlias, TypedDict

from pydantic import Field, Tag, model_validator

from .._model import Many, Model, OptionalAmount, Whole, default, refuse, tagged
from ..errors import Problem, UnknownKeyError

__all__ = [
    "ORDERS", "AnyOverage", "BurnKey", "CommitOver", "Leave", "LotTime", "Negative", "Overage", "Policy", "Preset",
    "Refuse",
]  # fmt: skip

BurnKey: TypeAlias = Literal[
    "expiry", "expiry_second", "priority", "age", "effective", "promotional", "cost", "rolled", "rolled_last",
    "narrow", "largest", "id",
]  # fmt: skip
"""
What lots are sorted by:

- `expiry`: the soonest first, never last; `expiry_second` cuts it to whole seconds.
- `priority`: the smallest number first.
- `age`: granted first; `effective`: effective first.
- `promotional`: promotional before paid; `cost`: the lowest cost of a unit first.
- `rolled`: rolled over before new; `rolled_last`: the other way round.
- `narrow`: the fewest items, meters and dimensions in the scope first, an open scope last.
- `largest`: the largest original amount first.
- `id`: by id; always the last key, whether it is written or not.
"""

Preset: TypeAlias = Literal["default", "stripe", "orb", "metronome", "openmeter", "lago"]
"""A vendor's way, or our own."""

LotTime: TypeAlias = Literal["service", "settlement"]
"""Which instant must lie inside a lot's time: that of the service, or that of settling."""

CommitOver: TypeAlias = Literal["draw", "reserved", "refuse"]
"""What a commit of more than was reserved does: draw the rest, leave the rest uncovered, or be refused."""

ORDERS: dict[Preset, tuple[BurnKey, ...]] = {
    "default": ("expiry", "priority", "age", "id"),
    "stripe": ("priority", "expiry", "promotional", "effective", "age", "id"),
    "orb": ("expiry", "cost", "age", "id"),
    "metronome": ("rolled", "priority", "cost", "narrow", "expiry", "effective", "id"),
    "openmeter": ("priority", "expiry_second", "age", "id"),
    "lago": ("priority", "promotional", "age", "id"),
}
"""The burn orders by name."""


class Overage(Model, frozen=True):
    """What happens to the part of a draw that no lot covers."""


class Leave(Overage, frozen=True):
    """It is left uncovered, to be priced in money."""

    kind: Literal["leave"] = default("leave")


class Refuse(Overage, frozen=True):
    """The whole draw is refused, and nothing is posted."""

    kind: Literal["refuse"] = default("refuse")


class Negative(Overage, frozen=True):
    """
    It is overdrawn, on an account of its own that the next grants pay back first.

    Attributes:
        limit: the most that may be owed in a unit; None for no limit.
        beyond: what passes the limit: `refuse` the whole draw, or `leave` that part uncovered.
    """

    kind: Literal["negative"] = default("negative")
    limit: OptionalAmount = default(None)
    beyond: Literal["refuse", "leave"] = default("refuse")

    @model_validator(mode="after")
    def _check(self) -> Negative:
        return _check_negative(self)


def _check_negative(found: Negative) -> Negative:
    if found.limit is not None and found.limit < 0:
        refuse([Problem("limit", "overdraft.limit", "a limit is what may be owed at most; write 0 or more")])
    return found


AnyOverage: TypeAlias = Annotated[
    Annotated[Leave, Tag("<leave>")] | Annotated[Refuse, Tag("<refuse>")] | Annotated[Negative, Tag("<negative>")],
    tagged("kind"),
]
"""Any overage, by the text in its `kind`."""


class Policy(Model, frozen=True):
    """
    How a ledger decides.

    Attributes:
        burn: the keys by which lots burn; `id` is added at the end where it is missing.
        overage: what happens to what no lot covers, unless a draw says otherwise.
        lot_time: `service` (a lot pays only for service inside its time), or `settlement`.
        commit_over: what a commit of more than was reserved does.
        horizon_days: for how many days ids are remembered, at least; older entries are refused. None: for ever.

    >>> Policy.preset("stripe").burn[:2], Policy.preset("stripe").lot_time
    (('priority', 'expiry'), 'settlement')
    """

    burn: Many[BurnKey] = default(ORDERS["default"])
    overage: AnyOverage = Field(default_factory=Leave)
    lot_time: LotTime = default("service")
    commit_over: CommitOver = default("draw")
    horizon_days: Annotated[Whole, Field(ge=1, le=100_000)] | None = default(None)

    @model_validator(mode="after")
    def _check(self) -> Policy:
        return _check_policy(self)

    @staticmethod
    def preset(name: Preset) -> Policy:
        """
        The way of a vendor; change fields of it with `model_copy(update=...)`.

        Raises:
            UnknownKeyError: `key.unknown`.
        """
        if name not in tuple(_PRESETS):
            told = f"there is no preset {str(name)[:40]!r}; use one of {', '.join(_PRESETS)}"
            raise UnknownKeyError([Problem("", "key.unknown", told)], what="the policy")
        return Policy(burn=ORDERS[name], **_PRESETS[name]())


def _check_policy(found: Policy) -> Policy:
    keys = found.burn
    wrong = [
        Problem(f"burn[{place}]", "burn.twice", f"{key} stands there already; remove one")
        for place, key in enumerate(keys)
        if key in keys[:place]
    ]
    if "id" in keys[:-1]:
        wrong.append(Problem("burn", "burn.id", "nothing can follow id, since no two lots share it; put it last"))
    refuse(wrong)
    return found


class _Fields(TypedDict, total=False):
    overage: AnyOverage
    lot_time: LotTime


# Made when asked for: a model that nobody uses is not built. Blocks at Orb may be overdrawn, as may OpenMeter's.
_PRESETS: dict[Preset, Callable[[], _Fields]] = {
    "default": lambda: {},
    "stripe": lambda: {"lot_time": "settlement"},
    "orb": lambda: {"overage": Negative()},
    "metronome": lambda: {},
    "openmeter": lambda: {"overage": Negative()},
    "lago": lambda: {"lot_time": "settlement"},
}
