"""
The plain form of a model: dicts, lists and text with defaults left out; its digest; and the difference of two in words.

Leaving defaults out keeps a digest as it is when a later release adds a field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from .._model import Model, Pairs

__all__ = ["differences", "digest", "dump"]

# The field that says which of several kinds a model is stays, though it never differs from its default.
_TAGS = ("model", "kind")
_SHOWN = 80


def dump(model: Model) -> dict[str, Any]:
    """The plain form of a model; amounts are text in their one canonical form."""
    full = model.model_dump(mode="json")
    return _pruned_model(model, full)


def _pruned_model(model: Model, full: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in type(model).model_fields.items():
        held = getattr(model, name)
        if name in _TAGS or field.is_required() or held != field.get_default(call_default_factory=True):
            found[name] = _pruned(held, full[name])
    return found


def _pruned(held: object, full: Any) -> Any:
    if isinstance(held, Model):
        return _pruned_model(held, full)
    if isinstance(held, tuple):
        return [_pruned(*pair) for pair in zip(cast("tuple[object, ...]", held), full, strict=True)]
    if isinstance(held, Pairs) and isinstance(full, Mapping):
        return {key: _pruned(each, full[key]) for key, each in cast("Pairs[object]", held).items()}
    return full


def digest(model: Model) -> str:
    """`sha256:` and the hash of the canonical JSON: sorted keys, no spaces, ASCII."""
    import hashlib  # noqa: PLC0415  (it loads OpenSSL, which those who only import ratecard need not wait for)

    told = json.dumps(dump(model), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return "sha256:" + hashlib.sha256(told.encode("ascii")).hexdigest()


def differences(old: object, new: object, path: str = "") -> list[str]:
    """One sentence for each place at which two plain values differ."""
    if old == new:
        return []
    if isinstance(old, dict) and isinstance(new, dict):
        first, second = cast("dict[str, object]", old), cast("dict[str, object]", new)
        names = [*first, *(name for name in second if name not in first)]
        found: list[str] = []
        for name in names:
            inner = f"{path}.{name}" if path else name
            if name not in second:
                found.append(f"{inner} {_shown(first[name])} removed")
            elif name not in first:
                found.append(f"{inner} {_shown(second[name])} added")
            else:
                found += differences(first[name], second[name], inner)
        return found
    if isinstance(old, list) and isinstance(new, list):
        return _list_differences(cast("list[object]", old), cast("list[object]", new), path)
    return [f"{path} was {_shown(old)}, is {_shown(new)}"]


def _list_differences(old: list[object], new: list[object], path: str) -> list[str]:
    found: list[str] = []
    for index, (first, second) in enumerate(zip(old, new, strict=False)):
        found += differences(first, second, f"{path}[{index}]")
    shared = min(len(old), len(new))
    found += [f"{path}[{index}] {_shown(each)} removed" for index, each in enumerate(old[shared:], shared)]
    found += [f"{path}[{index}] {_shown(each)} added" for index, each in enumerate(new[shared:], shared)]
    return found


def _shown(value: object) -> str:
    told = value if isinstance(value, str) else json.dumps(value)
    return told if len(told) <= _SHOWN else told[:_SHOWN] + "..."
