"""
Money: an exact amount in a currency, and what is known of each currency.

Minor units follow ISO 4217 (list one, published 1 January 2026), together with the codes withdrawn since 2025, which
closed months are still counted in. Cash rounding, where a country has no coin for its minor unit, is kept apart: it is
never applied to a line. Stripe counts a few currencies differently; that is the profile `stripe`. An unknown code is
refused, never taken to have two decimals; units of one's own (credits, tokens) are made by `Currency.custom`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ._given import Given, read_value
from ._numbers import ONE, ZERO, Exact, Ratio, Rounding, add, exact, mul, neg, number, quantize, split, sub, text
from .errors import MismatchError, NumberError

__all__ = ["Currency", "Money"]

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP
COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL
THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
"""
# ANG gave way to XCG in 2025, BGN to EUR in 2026.
_WITHDRAWN = "ANG BGN"
_PLACES = {
    **dict.fromkeys(_TWO.split() + _WITHDRAWN.split(), 2),
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
# Where Stripe counts in other units than ISO does (docs.stripe.com/currencies: zero-decimal currencies, special cases).
_STRIPE = {"ISK": 2, "MGA": 0, "UGX": 2}
# The smallest coin where it is not the minor unit.
_CASH = {
    "AUD": "0.05", "CAD": "0.05", "CHF": "0.05", "CZK": "1", "DKK": "0.50",
    "HUF": "5", "NOK": "1", "NZD": "0.10", "SEK": "1",
}  # fmt: skip
_PROFILES = ("iso", "stripe")
_MOST_PLACES = 18
_LONGEST = 200
_SHOWN = 40


class Currency(str):
    """
    A currency or a unit of one's own, with the number of decimals it is counted in. Immutable.

    It is its code: `Currency.of("USD") == "USD"`, and `Currency("USD")` is short for `Currency.of("USD")`.

    Attributes:
        places: decimals of the smallest amount on a line.

    >>> Currency.of("JPY").places, Currency.of("UGX", profile="stripe").places, Currency.custom("credits", places=0)
    (0, 2, 'credits')
    """

    __slots__ = ("places",)

    places: int

    def __new__(cls, code: str) -> Currency:
        """The same as `Currency.of(code)`."""
        return cls.of(code)

    @staticmethod
    def of(code: str, *, profile: str = "iso") -> Currency:
        """
        A currency of ISO 4217.

        Args:
            code: three capital letters; a `Currency` comes back as it is, or in the profile asked for.
            profile: `iso`, or `stripe` for the exponents that Stripe uses.

        Raises:
            MismatchError: `currency.unknown` or `currency.profile`.
        """
        if profile not in _PROFILES:
            raise MismatchError(f"there is no profile {_short(profile)}; use iso or stripe", code="currency.profile")
        if isinstance(code, Currency):
            return _STRIPE_COINED.get(code, code) if profile == "stripe" else code
        found = (_STRIPE_COINED if profile == "stripe" else _COINED).get(code) if isinstance(code, str) else None
        if found is None:
            raise _unknown(code)
        return found

    @staticmethod
    def custom(code: str, *, places: int) -> Currency:
        """
        A unit of one's own, such as credits.

        Args:
            code: 1 to 200 printable characters that are not a currency of ISO 4217.
            places: decimals it is counted in, 0 to 18.

        Raises:
            MismatchError: `currency.code`, `currency.taken` or `currency.places`.
        """
        sound = isinstance(code, str) and code.isprintable() and code.strip() == code and 0 < len(code) <= _LONGEST
        if not sound:
            raise MismatchError(
                f"a unit is named by 1 to {_LONGEST} printable characters without blanks around them, "
                f"not {_short(code)}; choose another name",
                code="currency.code",
            )
        if code in _PLACES:
            raise MismatchError(f"{code!r} is a currency of ISO 4217; choose another name", code="currency.taken")
        if type(places) is not int or not 0 <= places <= _MOST_PLACES:
            raise MismatchError(
                f"{_short(code)} is counted in a whole number of decimals; give one from 0 to {_MOST_PLACES}",
                code="currency.places",
            )
        return _coined(code, places)

    @property
    def step(self) -> Decimal:
        """The smallest amount, such as 0.01."""
        return Decimal((0, (1,), -self.places))

    @property
    def cash_step(self) -> Decimal:
        """The smallest coin that cash is rounded to, where one is known here that is not the minor unit."""
        return Decimal(_CASH[self]) if self in _CASH else self.step

    def finer(self, places: int) -> Currency:
        """The same currency, counted in more decimals on the way to an amount."""
        return _coined(str(self), places)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a currency does not change; make another with Currency.custom, not {name} = ...")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a currency does not change; it keeps its {name}")

    def __reduce__(self) -> tuple[object, ...]:
        return (_recoined, (str(self), self.places))

    def __copy__(self) -> Currency:
        return self

    def __deepcopy__(self, memo: object) -> Currency:
        return self

    @staticmethod
    def codes() -> tuple[str, ...]:
        """All codes of ISO 4217 that are known here."""
        return tuple(sorted(_PLACES))


def _coined(code: str, places: int) -> Currency:
    made = str.__new__(Currency, code)
    object.__setattr__(made, "places", places)
    return made


_COINED = {code: _coined(code, places) for code, places in _PLACES.items()}
_STRIPE_COINED = {**_COINED, **{code: _coined(code, places) for code, places in _STRIPE.items()}}


def _recoined(code: str, places: int) -> Currency:
    """A currency out of a pickle: one that is known here, or a unit of one's own, with sound decimals either way."""
    for known in (_COINED, _STRIPE_COINED):
        if code in known and known[code].places == places:
            return known[code]
    return Currency.custom(code, places=places)


def _short(value: object) -> str:
    return repr(value[:_SHOWN]) if isinstance(value, str) else type(value).__name__[:_SHOWN]


def _unknown(code: object) -> MismatchError:
    # Among three letters any two in common are "near"; a hint is given for the same letters, or for letters too many.
    near = code.upper() if isinstance(code, str) and len(code) <= _SHOWN else ""
    close = [each for each in sorted(_PLACES) if each in near or sorted(each) == sorted(near)]
    hint = f' Did you mean "{close[0]}"?' if close else ""
    return MismatchError(
        f"{_short(code)} is not a currency of ISO 4217.{hint} Declare a unit of your own with its number of decimals",
        code="currency.unknown",
    )


class Money:
    """
    An exact amount in one currency. Immutable by contract; amounts in different currencies never mix.

    Sums and differences are exact and unrounded, and there is no negative zero. Amounts that differ in the decimals of
    their currency alone (UGX as ISO and as Stripe counts it) compare as amounts, but do not add up.

    Args:
        amount: text, int or Decimal of the number grammar; not rounded.
        currency: a code of ISO 4217, or a `Currency`.

    Raises:
        NumberError: a float, or another value outside the grammar.
        MismatchError: `currency.unknown`.

    >>> Money("19.99", "USD") + Money("0.01", "USD")
    Money('20.00', 'USD')
    """

    __slots__ = ("amount", "currency")

    amount: Decimal
    currency: Currency

    def __init__(self, amount: Decimal | int | str, currency: str) -> None:
        try:
            self.amount = number(amount)
        except NumberError as error:
            raise _endless(amount, currency) or error from None
        self.currency = Currency.of(currency)

    @classmethod
    def make(cls, amount: Decimal, currency: Currency) -> Money:
        """The same without checks, for amounts that come out of this library's own arithmetic."""
        made = cls.__new__(cls)
        made.amount = amount
        made.currency = currency
        return made

    @classmethod
    def rounded(cls, amount: Given, currency: str, *, mode: Rounding = "half_up") -> Money:
        """
        An exact value, rounded to the minor unit of a currency: what a credit cost, the exact amount of a line.

        Args:
            amount: a number, also one with more digits than money has or that does not end (`Ratio`); or its text.
            currency: a code of ISO 4217, or a `Currency`.
            mode: the rule.

        Raises:
            NumberError: what is no number, or no rule.
            MismatchError: `currency.unknown`.

        >>> Money.rounded("10/3", "USD"), Money.rounded("10/3", "USD", mode="up")
        (Money('3.33', 'USD'), Money('3.34', 'USD'))
        """
        value = exact(amount) if isinstance(amount, str) and "/" in amount else read_value(amount)
        unit = Currency.of(currency)
        return cls.make(quantize(value, unit.places, mode), unit)

    @classmethod
    def parse(cls, told: str) -> Money:
        """
        Read back what `str` wrote, for currencies of ISO 4217 and amounts of the number grammar.

        Raises:
            NumberError: `money.syntax`, or as the constructor.
            MismatchError: `currency.unknown`, also for a unit of one's own: write `Money("5", unit)`.

        >>> Money.parse("20.00 USD")
        Money('20.00', 'USD')
        """
        amount, space, code = told.partition(" ") if isinstance(told, str) else ("", "", "")
        if not space:
            raise NumberError(f"{_short(told)} is not money; write it as '20.00 USD'", code="money.syntax")
        return cls(amount, code)

    def __add__(self, other: Money) -> Money:
        return _sum(add(self.amount, self._alike(other)), self.currency)

    def __radd__(self, other: object) -> Money:
        """So that `sum` adds up money: it starts from the number 0."""
        return self if other == 0 and not isinstance(other, Money) else NotImplemented

    def __sub__(self, other: Money) -> Money:
        return _sum(sub(self.amount, self._alike(other)), self.currency)

    def __neg__(self) -> Money:
        return _sum(neg(self.amount), self.currency)

    def scale(self, factor: Decimal | int | str) -> Money:
        """The exact product with a number; round it by `round`."""
        return _sum(mul(self.amount, number(factor)), self.currency)

    def round(self, mode: Rounding = "half_up") -> Money:
        """Rounded to the currency's minor unit by a named rule."""
        return Money.make(quantize(self.amount, self.currency.places, mode), self.currency)

    def split(self, weights: Sequence[Decimal | int | str]) -> list[Money]:
        """
        Shares by weight that add up to the whole, by largest remainder, ties by order; of a negative amount the mirror.

        Raises:
            NumberError: `split.empty`, `split.negative`, or `split.step` for an amount that is not rounded.

        >>> [str(each) for each in Money("1.00", "USD").split([1, 1, 1])]
        ['0.34 USD', '0.33 USD', '0.33 USD']
        """
        shares = split(self.amount, [number(weight) for weight in weights], self.currency.step)
        return [Money.make(quantize(share, self.currency.places), self.currency) for share in shares]

    def _same(self, other: Money) -> Decimal:
        if not isinstance(other, Money):
            raise MismatchError(f"{other!r} is not Money; write Money('1', '{self.currency}')", code="money.type")
        if other.currency != self.currency:
            raise MismatchError(
                f"{self.currency} and {other.currency} do not mix; convert one of them first", code="currency.mixed"
            )
        return other.amount

    def _alike(self, other: Money) -> Decimal:
        amount = self._same(other)
        if other.currency.places != self.currency.places:
            raise MismatchError(
                f"{self.currency} is counted in {self.currency.places} decimals here and in {other.currency.places} "
                "there; make both with one profile",
                code="currency.mixed",
            )
        return amount

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount == other.amount and self.currency == other.currency

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __repr__(self) -> str:
        return f"Money({shown(self.amount, self.currency)!r}, {str(self.currency)!r})"

    def __str__(self) -> str:
        return f"{shown(self.amount, self.currency)} {self.currency}"

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuilt, (text(self.amount), str(self.currency), self.currency.places))


def _rebuilt(amount: str, code: str, places: int) -> Money:
    return _sum(exact(amount), _recoined(code, places))


def _endless(amount: object, currency: object) -> NumberError | None:
    """The error for an exact value that money cannot hold, which says how it is rounded."""
    if not isinstance(amount, Ratio):
        return None
    words = f"{text(amount)[:_SHOWN]} has no end in decimals; round it by Money.rounded(value, {_short(currency)})"
    return NumberError(words, code="number.type")


def _sum(amount: Exact, currency: Currency) -> Money:
    """Money out of exact arithmetic, which ends in decimal since money does."""
    if isinstance(amount, Ratio):
        raise NumberError(f"{text(amount)[:_SHOWN]} is not an amount of money; round it first", code="money.syntax")
    return Money.make(amount or ZERO, currency)


def shown(amount: Exact, currency: Currency) -> str:
    """The digits of an amount with at least the decimals of its currency, and all of its own."""
    digits = text(amount)
    if "/" in digits:
        return digits
    whole, _, rest = digits.partition(".")
    rest = rest.ljust(currency.places, "0")
    return f"{whole}.{rest}" if rest else whole


def scaled(amount: Exact, factor: Exact) -> Exact:
    """The exact product; one name for the conversion of an amount by a rate."""
    return mul(amount, factor) if factor != ONE else amount
