"""
Credits: what customers hold to pay with, in money or in units of one's own.

A `Grant` becomes a lot in a `Ledger`; a draw spends lots in the order of burning that a `Policy` states. The room is
complete in itself: no plan, no price and no statement is needed.
"""

from __future__ import annotations

from ._entries import (
    Committed,
    Drawn,
    Entry,
    Expired,
    Granted,
    Refunded,
    Released,
    Repaid,
    Reserved,
    Returned,
    RolledOver,
    Voided,
    entry_from_json,
)
from ._fields import entry_id
from ._grants import AnyGrant, Category, Grant, Recurring, Rollover, Scope, Use
from ._holdings import Holding
from ._ledger import Ledger, OpenLedger
from ._lots import Lot
from ._policy import AnyOverage, BurnKey, CommitOver, Leave, LotTime, Negative, Overage, Policy, Preset, Refuse
from ._results import Draw, Return
from ._returns import Due
from ._revenue import LotRevenue, Revenue
from ._topup import Bonus, Proposal, TopUp

__all__ = [
    "AnyGrant",
    "AnyOverage",
    "Bonus",
    "BurnKey",
    "Category",
    "CommitOver",
    "Committed",
    "Draw",
    "Drawn",
    "Due",
    "Entry",
    "Expired",
    "Grant",
    "Granted",
    "Holding",
    "Leave",
    "Ledger",
    "Lot",
    "LotRevenue",
    "LotTime",
    "Negative",
    "OpenLedger",
    "Overage",
    "Policy",
    "Preset",
    "Proposal",
    "Recurring",
    "Refunded",
    "Refuse",
    "Released",
    "Repaid",
    "Reserved",
    "Return",
    "Returned",
    "Revenue",
    "RolledOver",
    "Rollover",
    "Scope",
    "TopUp",
    "Use",
    "Voided",
    "entry_from_json",
    "entry_id",
]
