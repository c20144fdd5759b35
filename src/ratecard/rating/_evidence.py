"""
Evidence: what stands on a line of outcomes beside its amount. What was promised, and the records that prove it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .._kinds import expect, expect_many
from ..errors import MismatchError

__all__ = ["LISTED", "Evidence", "Left", "Proof", "reason_words"]

LISTED = 100
"""So many proofs, and so many records that did not count, are written into the JSON of a line."""

_TOLD = 5


class Proof(NamedTuple):
    """
    The records that prove one outcome. In JSON it is the list of these, and `Proof(*list)` reads it back.

    Attributes:
        subject: who or what it is about.
        source, id, at: identity and time of the result's record; an empty text where it has none.
        by: the id of the record that confirmed it; empty where a window or nothing did.
        undone: the id of the record that reversed it, on a line that takes it off again.
        added: whether the line bills it, or takes it off.
    """

    subject: str
    source: str
    id: str
    at: str
    by: str
    undone: str
    added: bool


class Left(NamedTuple):
    """
    A record that was measured and did not count, or not yet.

    Attributes:
        subject: who or what it is about.
        source, id, at: its identity and time.
        reason: `pending`, not decided yet; `reversed`, undone before it was billed; `repeat`, of a subject that has
            its outcome; `unqualified`, no result; `idle`, a confirmation or reversal of nothing; `late`, a reversal
            behind its window; `unserved`, at a time at which the item was not sold; `failed`, of a
            subject that is said to be no success.
    """

    subject: str
    source: str
    id: str
    at: str
    reason: str


class Evidence:
    """
    What was promised on a line of outcomes, and what proves it. Immutable by contract.

    A line that was just made holds all proofs. Its JSON, and so a pickle of the line, holds the first `LISTED` of them,
    their number, and the digest of all, so that a full list that is kept elsewhere can be held against it by `proves`.

    Attributes:
        definition: what was promised, in words.
        digest: `sha256:` and the hash of the definition.
        added, removed: how many outcomes the line bills and takes off; their difference is its quantity.
        seal: `sha256:` and the hash of all proofs.
        proofs: the proofs, in the order of their times; of a line read from JSON the first ones.
        reasons: how many records did not count, by reason; told once an item, on its first line.
        left: these records, as far as they are listed.
    """

    __slots__ = ("added", "definition", "digest", "left", "proofs", "reasons", "removed", "seal")

    def __init__(
        self,
        definition: str,
        *,
        digest: str,
        added: int,
        removed: int,
        seal: str,
        proofs: Sequence[Proof],
        reasons: Mapping[str, int],
        left: Sequence[Left],
    ) -> None:
        self.definition = definition
        self.digest = digest
        self.added = added
        self.removed = removed
        self.seal = seal
        self.proofs = tuple(proofs)
        self.reasons = dict(reasons)
        self.left = tuple(left)

    @classmethod
    def of(cls, definition: str, proofs: Iterable[Proof]) -> Evidence:
        """The evidence that proofs are."""
        held = _in_order(proofs)
        added = sum(1 for each in held if each.added)
        return cls(
            definition, digest=_hash(definition), added=added, removed=len(held) - added, seal=_sealed(held),
            proofs=held, reasons={}, left=(),
        )  # fmt: skip

    def beside(self, left: Iterable[Left]) -> Evidence:
        """The same, with what did not count."""
        rest = sorted(left, key=lambda each: (each.at, each))
        reasons: dict[str, int] = {}
        for each in rest:
            reasons[each.reason] = reasons.get(each.reason, 0) + 1
        return Evidence(
            self.definition, digest=self.digest, added=self.added, removed=self.removed, seal=self.seal,
            proofs=self.proofs, reasons=dict(sorted(reasons.items())), left=rest,
        )  # fmt: skip

    def proves(self, proofs: Iterable[Proof | Sequence[str | bool]]) -> bool:
        """
        Whether a full list of proofs is the one that this line was made of, in whatever order.

        Args:
            proofs: `Proof`s, or the lists of seven that they are in JSON.

        Raises:
            MismatchError: `argument.type`.
        """
        expect_many(proofs, "the proofs", "give a list of them, also where there is one", alone=Proof)
        return _sealed(_in_order(_read(each) for each in proofs)) == self.seal

    def verify(self) -> bool:
        """Whether the digests recompute, as far as what they are of is here, and the counts hold the lists."""
        if self.digest != _hash(self.definition) or not self._counts_left():
            return False
        if len(self.proofs) < self.added + self.removed:
            return len(self.proofs) == LISTED
        added = sum(1 for each in self.proofs if each.added)
        return (added, len(self.proofs) - added) == (self.added, self.removed) and self.proves(self.proofs)

    def _counts_left(self) -> bool:
        """Whether the records that are listed are those that the reasons count, as far as they are listed."""
        listed = dict.fromkeys(self.reasons, 0)
        for each in self.left:
            if each.reason not in listed:
                return False
            listed[each.reason] += 1
        # A list that was cut short has its full length.
        cut = len(self.left) == LISTED and sum(self.reasons.values()) > LISTED
        return (
            cut and all(count <= self.reasons[reason] for reason, count in listed.items())
        ) or listed == self.reasons

    def words(self, *, indent: str = "") -> str:
        """The evidence in words."""
        told = [f"what counts: {' '.join(self.definition.split())} ({self.digest})"]
        for added, front in ((True, "proved by"), (False, "taken off again")):
            some = [each for each in self.proofs if each.added is added]
            if some:
                told.append(
                    f"{front}: {_listed([_proof(each) for each in some], self.added if added else self.removed)}"
                )
        for reason, count in self.reasons.items():
            some_left = [each.id or each.subject for each in self.left if each.reason == reason]
            told.append(f"not counted, {reason_words(reason)}: {_listed(some_left, count)}")
        return "\n".join(indent + each for each in told)

    def __eq__(self, other: object) -> bool:
        return self.to_json() == other.to_json() if isinstance(other, Evidence) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.digest, self.seal))

    def __repr__(self) -> str:
        return f"<Evidence of {self.added + self.removed} outcomes>"

    def to_json(self) -> dict[str, Any]:
        """Plain data; lists end after the first `LISTED`."""
        return {
            "definition": self.definition,
            "digest": self.digest,
            "added": self.added,
            "removed": self.removed,
            "seal": self.seal,
            "proofs": [list(each) for each in self.proofs[:LISTED]],
            "reasons": dict(self.reasons),
            "left": [list(each) for each in self.left[:LISTED]],
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Evidence:
        """
        Read back what `to_json` wrote.

        Raises:
            MismatchError: `statement.form`.
        """
        proofs, left = [Proof(*each) for each in told["proofs"]], [Left(*each) for each in told["left"]]
        texts = [told["definition"], told["digest"], told["seal"], *(each for row in left for each in row)]
        texts += [each for row in proofs for each in row[:-1]]
        counts = [told["added"], told["removed"], *told["reasons"].values()]
        sound = all(isinstance(each, str) for each in texts) and all(type(each) is int for each in counts)
        if not (sound and all(type(each.added) is bool for each in proofs)):
            raise MismatchError("the evidence of a line has a part of another type", code="statement.form")
        return cls(
            told["definition"], digest=told["digest"], added=told["added"], removed=told["removed"], seal=told["seal"],
            proofs=proofs, reasons=told["reasons"], left=left,
        )  # fmt: skip


_WORDS = {
    "pending": "not decided yet",
    "reversed": "undone before it was billed",
    "repeat": "the subject has its outcome already",
    "unqualified": "no result",
    "idle": "there was nothing to confirm or reverse",
    "late": "reversed after the window for it",
    "unserved": "the item was not sold then",
    "failed": "said to be no success",
}


def reason_words(reason: str) -> str:
    """A reason in words."""
    return _WORDS.get(reason, reason)


def _proof(proof: Proof) -> str:
    ids = [each for each in (proof.id, proof.by, proof.undone) if each]
    return " and ".join(ids) or proof.subject


def _listed(names: Sequence[str], count: int) -> str:
    """Names, as many as a reader wants to see, and how many more there are."""
    shown = ", ".join(names[:_TOLD])
    return f"{shown} and {count - _TOLD} more" if count > _TOLD else shown


def _read(told: Proof | Sequence[str | bool]) -> Proof:
    """A proof, or what it is in JSON."""
    expect(told, (Proof, list, tuple), "a proof", "give a Proof, or the list that it is in JSON")
    if len(told) != 7 or not all(isinstance(each, str) for each in told[:6]) or not isinstance(told[6], bool):
        raise MismatchError(
            "a proof has six texts (subject, source, id, at, by, undone) and then true or false (added); give each as "
            "it stands in evidence.proofs",
            code="argument.type",
        )
    return Proof(*told)  # type: ignore[arg-type]


def _in_order(proofs: Iterable[Proof]) -> list[Proof]:
    return sorted(proofs, key=lambda each: (each.at, each))


def _hash(told: str) -> str:
    return f"sha256:{hashlib.sha256(told.encode()).hexdigest()}"


def _sealed(proofs: Sequence[Proof]) -> str:
    return _hash(json.dumps([list(each) for each in proofs], separators=(",", ":"), ensure_ascii=True))
