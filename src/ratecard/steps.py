"""
A step: one line of the derivation of an amount, that recomputes.

A step names its rule, its inputs and its result, and holds the steps it rests on. The rules are a closed table of small
pure functions; `Step.check` applies the rule to the inputs again, and to the results of the steps below, and compares.
So an explanation is not prose beside the arithmetic: it is the arithmetic, and `words` only reads it aloud.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias, get_args

from ._numbers import (
    ONE,
    ZERO,
    Exact,
    Ratio,
    Rounding,
    add,
    ceil,
    div,
    exact,
    floor,
    mul,
    quantize,
    sign,
    sub,
    text,
    to_multiple,
    total,
)
from ._visible import visible
from .errors import InternalError

__all__ = ["RULES", "Input", "Step", "clamped", "packages"]

Input: TypeAlias = Exact | str
_Facts: TypeAlias = Mapping[str, Input]


class Step:
    """
    One line of a derivation.

    Attributes:
        rule: a key of `RULES`.
        inputs: the named facts that the rule reads, in the order they are told.
        result: what the rule gives, exact.
        parts: the steps whose results the rule reads.
        note: what the line is about, in words; it has no part in the arithmetic.
    """

    __slots__ = ("inputs", "note", "parts", "result", "rule")

    def __init__(
        self,
        rule: str,
        inputs: Sequence[tuple[str, Input]],
        result: Exact,
        *,
        parts: Sequence[Step] = (),
        note: str = "",
    ) -> None:
        self.rule = rule
        self.inputs = tuple(inputs)
        self.result = result
        self.parts = tuple(parts)
        self.note = note

    @classmethod
    def of(
        cls, rule: str, inputs: Sequence[tuple[str, Input]] = (), *, parts: Sequence[Step] = (), note: str = ""
    ) -> Step:
        """The step whose result is what its rule gives."""
        result = RULES[rule](dict(inputs), [part.result for part in parts])
        # A negative fee times 0 would leave a negative zero.
        return cls(rule, inputs, result if result else ZERO, parts=parts, note=note)

    def check(self) -> bool:
        """Whether this step, and every step below it, recomputes to its result."""
        stack: list[Step] = [self]
        while stack:
            step = stack.pop()
            rule = RULES.get(step.rule)
            if rule is None or rule(dict(step.inputs), [part.result for part in step.parts]) != step.result:
                return False
            stack.extend(step.parts)
        return True

    def words(self, *, indent: str = "") -> str:
        """The step and all below it as lines of text, each checkable with a pencil."""
        lines: list[str] = []
        stack: list[tuple[Step, str]] = [(self, indent)]
        while stack:
            step, margin = stack.pop()
            lines.append(margin + step._line())
            stack.extend((part, margin + "  ") for part in reversed(step.parts))
        return "\n".join(lines)

    def _line(self) -> str:
        told = TOLD[self.rule](dict(self.inputs), [text(part.result) for part in self.parts])
        front = f"{self.note}: " if self.note else ""
        return visible(f"{front}{told} = {text(self.result)}" if told else f"{front}{text(self.result)}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Step):
            return NotImplemented
        left: list[tuple[Step, Step]] = [(self, other)]
        while left:
            a, b = left.pop()
            mine = (a.rule, a.inputs, a.result, a.note, len(a.parts))
            if mine != (b.rule, b.inputs, b.result, b.note, len(b.parts)):
                return False
            left.extend(zip(a.parts, b.parts, strict=True))
        return True

    def __hash__(self) -> int:
        return hash((self.rule, self.inputs, self.result, self.note))

    def __repr__(self) -> str:
        return f"<Step {self._line()}>"

    def to_json(self) -> dict[str, Any]:
        """Plain data: every amount as text."""
        found: dict[str, Any] = self._told()
        left: list[tuple[Step, dict[str, Any]]] = [(self, found)]
        while left:
            step, told = left.pop()
            if step.parts:
                told["parts"] = [part._told() for part in step.parts]
                left.extend(zip(step.parts, told["parts"], strict=True))
        return found

    def _told(self) -> dict[str, Any]:
        """This step alone, without its parts."""
        told: dict[str, Any] = {"rule": self.rule}
        if self.note:
            told["note"] = self.note
        if self.inputs:
            told["inputs"] = {name: value if isinstance(value, str) else text(value) for name, value in self.inputs}
        told["result"] = text(self.result)
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Step:
        """Read back what `to_json` wrote; however deep it is, no call nests deeper."""
        found = cls._read(told)
        left = [(found, told)]
        while left:
            step, data = left.pop()
            parts = data.get("parts", ())
            step.parts = tuple(cls._read(part) for part in parts)
            left.extend(zip(step.parts, parts, strict=True))
        return found

    @classmethod
    def _read(cls, told: Mapping[str, Any]) -> Step:
        """One step alone, without its parts."""
        inputs = [(name, value if name in _WORDS else exact(value)) for name, value in told.get("inputs", {}).items()]
        return cls(told["rule"], inputs, exact(told["result"]), note=told.get("note", ""))


_WORDS = frozenset({"mode", "rounding"})


def packages(quantity: Exact, size: Exact, mode: str) -> Exact:
    """
    How many packages of a size a quantity takes: started ones (`up`), only full ones (`down`), or parts (`none`).

    Raises:
        InternalError: `step.input`, for another rule.
    """
    if mode not in ("up", "down", "none"):
        raise InternalError(f"{mode!r} is no rule for packages", code="step.input")
    count = div(quantity, size)
    if mode == "none":
        return count
    return Decimal(ceil(count) if mode == "up" else floor(count))


def clamped(value: Exact, low: Exact | None, high: Exact | None) -> Exact:
    """The value, but not below `low`, then not above `high`."""
    if low is not None and value < low:
        value = low
    return high if high is not None and value > high else value


def _exact(facts: _Facts, name: str, default: Exact = ZERO) -> Exact:
    value = facts.get(name, default)
    if isinstance(value, str):
        raise InternalError(f"the input {name} of a step is not a number", code="step.input")
    return value


def _some(facts: _Facts, name: str) -> Exact | None:
    return _exact(facts, name) if name in facts else None


def _mode(facts: _Facts, name: str) -> Rounding:
    value = facts.get(name, "half_up")
    for mode in get_args(Rounding):
        if mode == value:
            return mode  # type: ignore[no-any-return]
    raise InternalError(f"{value!r} is not a rounding rule", code="step.input")


def _product(facts: _Facts, _: list[Exact]) -> Exact:
    found: Exact = ONE
    for name in facts:
        value = _exact(facts, name)
        found = div(found, value) if name == "per" else mul(found, value)
    return found


def _tier(facts: _Facts, _: list[Exact]) -> Exact:
    amount = div(mul(_exact(facts, "units"), _exact(facts, "unit_price")), _exact(facts, "per", ONE))
    return add(amount, _exact(facts, "flat_price"))


def _package(facts: _Facts, _: list[Exact]) -> Exact:
    paid = sub(_exact(facts, "quantity"), _exact(facts, "free_units"))
    count = packages(paid, _exact(facts, "package_size"), str(facts.get("rounding", "up")))
    return mul(count, _exact(facts, "package_price")) if sign(paid) > 0 else ZERO


def _packed(facts: _Facts, _: list[Exact]) -> Exact:
    size = _exact(facts, "package_size")
    return mul(packages(_exact(facts, "quantity"), size, str(facts.get("rounding", "up"))), size)


def _percentage(facts: _Facts, _: list[Exact]) -> Exact:
    amount = add(mul(_exact(facts, "value"), _exact(facts, "rate")), _exact(facts, "fixed"))
    return clamped(amount, _some(facts, "minimum"), _some(facts, "maximum"))


def _clamp(facts: _Facts, parts: list[Exact]) -> Exact:
    return clamped(parts[0], _some(facts, "minimum"), _some(facts, "maximum"))


def _round(facts: _Facts, parts: list[Exact]) -> Exact:
    return quantize(parts[0], int(str(_exact(facts, "places"))), _mode(facts, "mode"))


def _multiple(facts: _Facts, parts: list[Exact]) -> Exact:
    step = _exact(facts, "step")
    if isinstance(step, Ratio):
        raise InternalError("the step of a rounding is a Decimal", code="step.input")
    return to_multiple(parts[0], step, _mode(facts, "mode"))


def _difference(_: _Facts, parts: list[Exact]) -> Exact:
    return sub(parts[0], parts[1])


def _scaled(facts: _Facts, parts: list[Exact]) -> Exact:
    return div(mul(parts[0], _exact(facts, "factor", ONE)), _exact(facts, "divisor", ONE))


def _greatest(_: _Facts, parts: list[Exact]) -> Exact:
    found = parts[0]
    for part in parts[1:]:
        found = part if part > found else found
    return found


def _least(_: _Facts, parts: list[Exact]) -> Exact:
    found = parts[0]
    for part in parts[1:]:
        found = part if part < found else found
    return found


RULES: dict[str, Callable[[_Facts, list[Exact]], Exact]] = {
    # A fact that comes from outside: a measured quantity, a fee, a zero with its reason.
    "given": lambda facts, _: _exact(facts, "value"),
    # The product of the inputs, over `per`.
    "product": _product,
    # The sum of the parts.
    "sum": lambda _, parts: total(parts),
    # The first part less the second.
    "difference": _difference,
    # units x unit_price / per + flat_price.
    "tier": _tier,
    # package_price x packages of package_size in the quantity beyond free_units.
    "package": _package,
    # The units in the packages of package_size that a quantity takes.
    "packed": _packed,
    # value x rate + fixed, then not below minimum, then not above maximum.
    "percentage": _percentage,
    # The one part, not below minimum, then not above maximum.
    "clamp": _clamp,
    # The one part times factor over divisor.
    "scaled": _scaled,
    # The one part rounded to places by mode.
    "round": _round,
    # The one part rounded to a multiple of step by mode.
    "multiple": _multiple,
    "greatest": _greatest,
    "least": _least,
    # The last part; those before it say where its quantity comes from.
    "last": lambda _, parts: parts[-1],
}


def _show(value: Input) -> str:
    return value if isinstance(value, str) else text(value)


def _tell_product(facts: _Facts, _: list[str]) -> str:
    shown = " x ".join(_show(value) for name, value in facts.items() if name != "per")
    return f"{shown} per {_show(facts['per'])}" if "per" in facts else shown


def _tell_tier(facts: _Facts, _: list[str]) -> str:
    shown = f"{_show(facts['units'])} x {_show(facts['unit_price'])}"
    if "per" in facts:
        shown += f" per {_show(facts['per'])}"
    return f"{shown} + {_show(facts['flat_price'])}" if "flat_price" in facts else shown


def _tell_package(facts: _Facts, _: list[str]) -> str:
    free = f" less {_show(facts['free_units'])} free" if "free_units" in facts else ""
    mode = _rounded(facts)
    size, price = _show(facts["package_size"]), _show(facts["package_price"])
    return f"{_show(facts['quantity'])}{free} in packages of {size} ({mode}) x {price}"


def _tell_packed(facts: _Facts, _: list[str]) -> str:
    return f"{_show(facts['quantity'])} in packages of {_show(facts['package_size'])} ({_rounded(facts)})"


def _rounded(facts: _Facts) -> str:
    return {"up": "rounded up", "down": "rounded down", "none": "not rounded"}[str(facts.get("rounding", "up"))]


def _tell_percentage(facts: _Facts, _: list[str]) -> str:
    shown = f"{_show(facts['value'])} x {_show(facts['rate'])}"
    return (f"{shown} + {_show(facts['fixed'])}" if "fixed" in facts else shown) + _bounds(facts)


def _bounds(facts: _Facts) -> str:
    low = f", at least {_show(facts['minimum'])}" if "minimum" in facts else ""
    return low + (f", at most {_show(facts['maximum'])}" if "maximum" in facts else "")


def _tell_scaled(facts: _Facts, parts: list[str]) -> str:
    shown = parts[0]
    if "factor" in facts:
        shown += f" x {_show(facts['factor'])}"
    return f"{shown} / {_show(facts['divisor'])}" if "divisor" in facts else shown


TOLD: dict[str, Callable[[_Facts, list[str]], str]] = {
    "given": lambda _, __: "",
    "product": _tell_product,
    "sum": lambda _, parts: " + ".join(parts),
    "difference": lambda _, parts: f"{parts[0]} - {parts[1]}",
    "tier": _tell_tier,
    "package": _tell_package,
    "packed": _tell_packed,
    "percentage": _tell_percentage,
    "clamp": lambda facts, parts: parts[0] + _bounds(facts),
    "scaled": _tell_scaled,
    "round": lambda facts, parts: f"{parts[0]} rounded to {_show(facts['places'])} places, {_show(facts['mode'])}",
    "multiple": lambda facts, parts: (
        f"{parts[0]} rounded to a multiple of {_show(facts['step'])}, {_show(facts['mode'])}"
    ),
    "greatest": lambda _, parts: f"the greatest of {', '.join(parts)}",
    "least": lambda _, parts: f"the least of {', '.join(parts)}",
    "last": lambda _, __: "",
}
