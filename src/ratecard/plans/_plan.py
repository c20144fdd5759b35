"""
The plan: what is metered, the dated cards that price it, and the terms that all of it shares.

Cards are appended, never edited: an edit would re-bill the past. Of the cards in the subscription's currency that are
in force and that it may see (`applies="new"` is for subscriptions that start from there on), those that name its cohort
go before those that name none, and of these the latest holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self, TypedDict, Unpack

from pydantic import Field, ValidationError, model_validator

from .._kinds import expect
from .._model import Key, Many, Model, Pairs, Table, check_depth, default, refuse, show_day
from .._numbers import Rounding
from .._problems import problems
from ..cadence import Cadence
from ..credits import AnyGrant, Policy
from ..errors import DefinitionError, Problem, UnknownKeyError
from ..guards import AnyGuard
from ..meters import Meter
from ..money import Currency
from ..periods import Proration, Zone, moment
from ..prices import Price
from ._card import Item, RateCard
from ._checks import plan_problems, rank
from ._diff import plan_differences
from ._entitlements import Entitlement
from ._extras import AnyCommitment, AnyDiscount, Coupon, Maximum, Minimum, Tax
from ._grants import Burn
from ._guarded import cost_plan
from ._in_force import InForce
from ._lookup import find, unknown
from ._order import Order
from ._phases import Phase
from ._plain import digest, dump
from ._subscription import Subscription
from ._unit import CustomUnit

__all__ = ["Plan"]


class PlanFields(TypedDict, total=False):
    """What `Plan.single` takes besides meters and items."""

    name: str
    cadence: Cadence
    zone: str
    proration: Proration
    rounding: Rounding
    rounding_at: Literal["line", "record", "statement"]
    profile: Literal["iso", "stripe"]
    units: Sequence[CustomUnit]
    order: Order
    carry_remainders: bool
    phases: Sequence[Phase]
    entitlements: Sequence[Entitlement]
    discounts: Sequence[AnyDiscount]
    coupons: Sequence[Coupon]
    minimum: Minimum | None
    maximum: Maximum | None
    commitments: Sequence[AnyCommitment]
    taxes: Sequence[Tax]
    grants: Sequence[AnyGrant]
    burn: Policy
    guards: Sequence[AnyGuard]
    costs: Sequence[RateCard]
    metadata: Mapping[str, str]


def _made(make: Any) -> Any:
    """A default that is made when it is first needed, so that importing builds nothing."""
    return Field(default_factory=make)


class Plan(Model, frozen=True):
    """
    What is sold, as data.

    Attributes:
        key: unique in a catalog.
        name: what people read; the key where it is empty.
        meters: what is counted; a meter that no item prices is fine, its records are then reported as unpriced.
        cards: at least one; see `RateCard`.
        cadence: the rhythm of billing; calendar months in the customer's zone by default. A cadence without an anchor
            follows the anchor of each subscription.
        zone: where the cards' bare dates begin, and the zone of customers who have none.
        proration: how parts of a period are counted for fees.
        rounding: the rule by which lines are rounded.
        rounding_at: where: each line (default), each record, or the statement as a whole.
        profile: whose numbers of decimals hold for currencies: ISO 4217, or Stripe's.
        units: units of one's own that cards may be written in.
        order: the order of operations.
        carry_remainders: whether what rounding leaves is taken into the next period.
        phases: how subscriptions that start on this plan begin, such as with a trial; see `Phase`.
        entitlements: what those who buy it may use, beside the prices; see `Entitlement`.
        discounts: what is taken off across the lines of a statement.
        coupons: discounts that subscriptions bring along by their keys.
        minimum: a floor under the whole; `maximum` a ceiling over it.
        commitments: what is promised or paid in advance.
        taxes: rates that come on top, or are held in the amounts.
        grants: credits that come with it, once or every period; in the customer's currency where they name none.
        burn: how the credits of a customer burn, where no ledger is given: a `credits.Policy`, in plain data also the
            name of a preset, such as `stripe`.
        guards: caps, alerts, rate limits and margin floors; soft caps are stages of every bill, the others are asked by
            `live`.
        costs: cards of what serving costs the seller; never billed, and read by margins.
        metadata: texts of one's own; they price nothing.

    >>> from ratecard import Item, prices
    >>> plan = Plan.single("api", currency="USD", items=[Item(key="fee", price=prices.Flat(amount="5.00"))])
    >>> plan.dump()
    {'key': 'api', 'cards': [{'currency': 'USD', 'items': [{'key': 'fee', 'price': {'model': 'flat', 'amount': '5'}}]}]}
    >>> Plan.load(plan.dump()) == plan
    True
    """

    key: Key
    name: str = default("")
    meters: Many[Meter] = default(())
    cards: Annotated[Many[RateCard], Field(min_length=1)]
    cadence: Cadence = _made(lambda: Cadence.calendar("month"))
    zone: Zone = default("UTC")
    proration: Proration = default("day")
    rounding: Rounding = default("half_up")
    rounding_at: Literal["line", "record", "statement"] = default("line")
    profile: Literal["iso", "stripe"] = default("iso")
    units: Many[CustomUnit] = default(())
    order: Order = _made(Order.default)
    carry_remainders: bool = default(False)
    phases: Many[Phase] = default(())
    entitlements: Many[Entitlement] = default(())
    discounts: Many[AnyDiscount] = default(())
    coupons: Many[Coupon] = default(())
    minimum: Minimum | None = default(None)
    maximum: Maximum | None = default(None)
    commitments: Many[AnyCommitment] = default(())
    taxes: Many[Tax] = default(())
    grants: Many[AnyGrant] = default(())
    burn: Burn = _made(Policy)
    guards: Many[AnyGuard] = default(())
    costs: Many[RateCard] = default(())
    metadata: Table[str] = default(Pairs[str]())

    @model_validator(mode="after")
    def _check(self) -> Self:
        refuse(plan_problems(self))
        return self

    @classmethod
    def single(
        cls,
        key: str,
        *,
        currency: str,
        meters: Sequence[Meter] = (),
        items: Sequence[Item] = (),
        **fields: Unpack[PlanFields],
    ) -> Plan:
        """
        A plan with one card that is always in force.

        Args:
            key: the plan's.
            currency: the card's.
            meters: what is counted.
            items: what is sold.
            fields: the other fields of a plan.
        """
        return Plan(key=key, meters=meters, cards=[RateCard(currency=currency, items=items)], **fields)

    @classmethod
    def load(cls, value: Mapping[str, object]) -> Plan:
        """
        A plan from plain data, as JSON or YAML give it.

        Args:
            value: mappings, lists, text and whole numbers; a binary float where an amount belongs is refused.

        Raises:
            DefinitionError: with every problem and its path: all faults of shape first; where there are none, all
                references between parts.

        >>> try:
        ...     Plan.load({"key": "api", "cards": [{"currency": "USD", "items": [
        ...         {"key": "base", "price": {"model": "flat", "amount": 0.5}},
        ...         {"key": "seats", "price": {"model": "per_unit", "unit_prise": "2"}}]}]})
        ... except DefinitionError as error:
        ...     print([(each.path, each.code) for each in error.problems])
        [('cards[0].items[0].price.amount', 'number.float'), ('cards[0].items[1].price.unit_price', 'field.missing'),
        ('cards[0].items[1].price.unit_prise', 'field.unknown')]
        """
        if not isinstance(value, Mapping):
            words = f"a plan is written as a mapping, not {type(value).__name__}; write its fields"
            raise DefinitionError([Problem("", "model.type", words)], what="the plan")
        check_depth(value)
        try:
            return cls.model_validate(dict(value))
        except ValidationError as error:
            raise DefinitionError(problems(error), what="the plan") from None

    def dump(self) -> dict[str, Any]:
        """The plain form: amounts are text, defaults are left out; `load` reads it back."""
        return dump(self)

    @cached_property
    def digest(self) -> str:
        """`sha256:` and the hash of its canonical JSON; equal plans have equal digests."""
        return digest(self)

    @cached_property
    def cost_plan(self) -> Plan | None:
        """The plan that would bill what serving costs; None where nothing is said of that."""
        return cost_plan(self) if self.costs else None

    def __reduce__(self) -> tuple[object, ...]:
        # Through `load`, so that a plan that comes out of a pickle is checked like any other.
        return (Plan.load, (self.dump(),))

    @property
    def label(self) -> str:
        """What people read."""
        return self.name or self.key

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of its cards, each once, in the order of the cards."""
        return tuple(dict.fromkeys(card.currency for card in self.cards))

    def get(self, key: str) -> Plan:
        """
        Itself, when the key is its own: a plan is an offer of one.

        Raises:
            UnknownKeyError: `key.unknown`.
        """
        return find((self,), key, what="plan", owner="the offer")

    def meter(self, key: str) -> Meter:
        """
        The meter with this key.

        Raises:
            UnknownKeyError: `key.unknown`, with near names.
        """
        return find(self.meters, key, what="meter", owner=f"the plan {self.key!r}")

    def currency_of(self, code: str) -> Currency:
        """
        A unit of the plan's own, or a currency of ISO 4217 with the decimals of the plan's profile.

        Raises:
            MismatchError: `currency.unknown`.
        """
        for unit in self.units:
            if unit.key == code:
                return unit.currency()
        return Currency.of(code, profile=self.profile)

    def effective(self, card: RateCard) -> datetime | None:
        """The instant at which a card comes into force; None: it is in force always."""
        return None if card.effective is None else moment(card.effective, self.zone)

    def card_at(self, currency: str, cohort: str | None, at: datetime, started: datetime) -> RateCard:
        """
        The card that holds for a subscription at an instant.

        Args:
            currency: the subscription's.
            cohort: the subscription's, or None.
            at: the instant.
            started: when the subscription started; cards for new subscriptions are seen from there on.

        Raises:
            NoPriceError: `card.none` when no card is in force.
        """
        return InForce(self, currency, cohort, started).at(at)

    def subscribe(
        self,
        customer: str,
        *,
        start: date | str,
        end: date | str | None = None,
        zone: str | None = None,
        currency: str | None = None,
        anchor: date | str | None = None,
        cohort: str | None = None,
        quantities: Mapping[str, Decimal | int | str] | None = None,
        coupons: Sequence[str] = (),
    ) -> Subscription:
        """
        A customer's subscription to this plan; see `Subscription` for the arguments.

        Raises:
            DefinitionError: `subscription.currency` when the plan has cards in several currencies and none is named, or
                none in the one that is.
            UnknownKeyError: `key.unknown` for a quantity that no item is sold by, or a coupon that is not here.
        """
        made = Subscription(
            customer=customer,
            plan=self.key,
            start=start,
            end=end,
            zone=zone,
            currency=currency,
            anchor=anchor,
            cohort=cohort,
            quantities=quantities or {},
            coupons=coupons,
        )
        made.currency_under(self)
        sold = list(dict.fromkeys(item.quantity for card in self.cards for item in card.items if item.quantity))
        owner = f"the plan {self.key!r}"
        wrong = [
            Problem(f"quantities.{name}", "key.unknown", unknown(name, sold, what="quantity", owner=owner))
            for name in made.quantities
            if name not in sold
        ]
        have = [coupon.key for coupon in self.coupons]
        wrong += [
            Problem(f"coupons[{index}]", "key.unknown", unknown(key, have, what="coupon", owner=owner))
            for index, key in enumerate(made.coupons)
            if key not in have
        ]
        if wrong:
            raise UnknownKeyError(wrong, what="the subscription")
        return made

    def with_card(self, card: RateCard) -> Plan:
        """
        The plan with one more card: a change of price.

        Raises:
            DefinitionError: `card.order` when it is not later than all cards of the same currency and cohort.
        """
        expect(card, RateCard, "the card", "write RateCard(currency=..., items=[...])")
        for held in self.cards:
            same = (held.currency, held.cohort) == (card.currency, card.cohort)
            if same and rank(self.effective(card)) <= rank(self.effective(held)):
                since = f"in force from {show_day(held.effective)}" if held.effective else "in force always"
                words = f"a card in {card.currency} is {since}; give the new one a later date"
                path = f"cards[{len(self.cards)}].effective"
                raise DefinitionError([Problem(path, "card.order", words)], what="the plan")
        return self.model_copy(update={"cards": (*self.cards, card)})

    def variant(self, key: str, prices: Mapping[str, Price]) -> Plan:
        """
        Another plan with other prices, on all its cards: a what-if.

        Args:
            key: the new plan's.
            prices: the price of each item that changes.

        Raises:
            UnknownKeyError: `key.unknown` for an item that no card has.
        """
        expect(prices, Mapping, "the prices", "give a mapping from items to prices")
        have = list(dict.fromkeys(item.key for card in self.cards for item in card.items))
        owner = f"the plan {self.key!r}"
        wrong = [
            Problem(name, "key.unknown", unknown(name, have, what="item", owner=owner))
            for name in prices
            if name not in have
        ]
        if wrong:
            raise UnknownKeyError(wrong, what="the variant")
        cards = [
            card.model_copy(update={"items": tuple(_repriced(item, prices) for item in card.items)})
            for card in self.cards
        ]
        return self.model_copy(update={"key": key, "cards": tuple(cards)})

    def diff(self, other: Plan) -> tuple[str, ...]:
        """
        What is different in the other plan, in words: a sentence for each meter, card, item and field.

        >>> from ratecard import Item, prices
        >>> plan = Plan.single("api", currency="USD", items=[Item(key="base", price=prices.Flat(amount="20"))])
        >>> plan.diff(plan.variant("api-2", {"base": prices.Flat(amount="25")}))
        ('key was api, is api-2', "card USD: item 'base': price.amount was 20, is 25")
        """
        expect(other, Plan, "the other", "give a plan; plain data is read by Plan.load")
        return plan_differences(self, other)


def _repriced(item: Item, prices: Mapping[str, Price]) -> Item:
    return item.model_copy(update={"price": prices[item.key]}) if item.key in prices else item
