"""
Many customers at once: their terms in one book, measured by one pass over the records, settled one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from .._kinds import expect, expect_many
from .._problems import near
from ..credits import Ledger
from ..errors import MismatchError
from ..periods import Period
from ..plans import Carry, Offer, Subscription, Terms, resolve
from ._charge import charge
from ._settle import settle
from ._statement import Statement
from ._tally import Tally

__all__ = ["Book", "resolve_all"]


class Book:
    """
    The terms of many customers for one period. Made by `resolve_all`.

    Attributes:
        terms: by customer.
    """

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[str, Terms]) -> None:
        self.terms = dict(terms)

    def statements(
        self,
        tally: Tally,
        *,
        ledgers: Mapping[str, Ledger] | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> Iterator[Statement]:
        """
        The statement of each customer, one at a time, in the order of the book.

        Args:
            tally: measured for this book.
            ledgers: by customer, their credits in the place of those that the terms were resolved with; customers who
                share one are billed by `rate`, in turn, each on the ledger that the one before left.
            progress: called with how many are done and how many there are.

        Raises:
            MismatchError: `book.customer`, when a ledger is for somebody else; and as `charge` and `settle`.
        """
        _held(ledgers, self.terms, "a ledger")
        for done, terms in enumerate(self.terms.values(), start=1):
            yield settle(charge(terms, tally, ledger=(ledgers or {}).get(terms.customer)))
            if progress is not None:
                progress(done, len(self.terms))

    def __len__(self) -> int:
        return len(self.terms)

    def __repr__(self) -> str:
        return f"<Book of {len(self.terms)} customers>"


def resolve_all(
    offer: Offer,
    subscriptions: Iterable[Subscription],
    period: Period,
    *,
    carries: Mapping[str, Carry] | None = None,
    ledgers: Mapping[str, Ledger] | None = None,
) -> Book:
    """
    The terms of many subscriptions for one period; customers with equal metering are measured together.

    Args:
        offer: a plan, or a catalog of plans.
        subscriptions: one a customer.
        period: what is to be billed.
        carries: `statement.carry` of the period before, by customer.
        ledgers: their credits, by customer; usage is cut where lots begin or end to pay.

    Raises:
        MismatchError: `book.twice`, when a customer comes twice; `book.customer`, when a carry or a ledger is for
            somebody else; `argument.type`; and as `resolve`.
    """
    words = "give a list of them, also where there is one"
    expect_many(subscriptions, "the subscriptions", words, alone=Subscription)
    expect(carries or {}, Mapping, "the carries", "give a mapping from customers to carries")
    expect(ledgers or {}, Mapping, "the ledgers", "give a mapping from customers to ledgers")
    found: dict[str, Terms] = {}
    for subscription in subscriptions:
        expect(subscription, Subscription, "a subscription", "write plan.subscribe(customer, start=...)")
        customer = subscription.customer
        if customer in found:
            raise MismatchError(
                f"{customer!r} has two subscriptions here; rate them one by one, or give them keys of their own",
                code="book.twice",
            )
        carry, ledger = (carries or {}).get(customer), (ledgers or {}).get(customer)
        found[customer] = resolve(offer, subscription, period, carry=carry, ledger=ledger)
    _held(carries, found, "a carry")
    _held(ledgers, found, "a ledger")
    return Book(found)


def _held(given: Mapping[str, object] | None, customers: Mapping[str, Terms], what: str) -> None:
    """Whether all that is given is for customers of the book: what is for nobody would be left out in silence."""
    for customer in given or {}:
        if customer not in customers:
            near_names = near(customer, customers) if isinstance(customer, str) else ""
            raise MismatchError(
                f"{what} is given for {customer!r}, and no subscription here is theirs{near_names or '; leave it out'}",
                code="book.customer",
            )
