"""
Guards: what keeps bills, usage and margins from surprising anyone.

Caps and rate limits are asked before something runs and answer with a verdict; alerts, fair use and margin floors look
at what ran and answer with signals. A `Watch` asks them all. Everything is pure: a state, a reading and an instant go
in, a new state and the answer come out.
"""

from __future__ import annotations

from ._alerts import Alert
from ._base import Calm, Guard, Portion
from ._caps import Cap
from ._check import Watch, guard_problems
from ._clamp import clamp
from ._fair import FairUse
from ._limits import AnyRateLimit, Bucket, Concurrency, FixedWindow, RateLimit, SlidingWindow, TokenBucket
from ._margin import MarginFloor
from ._reading import Gauge, Group, Reading
from ._signals import Breach, Crossed, Rearmed, Signal, Signals
from ._state import State
from ._union import AnyGuard
from ._verdict import Bound, Verdict
from ._volume import VolumeLevel, VolumeThreshold

__all__ = [
    "Alert",
    "AnyGuard",
    "AnyRateLimit",
    "Bound",
    "Breach",
    "Bucket",
    "Calm",
    "Cap",
    "Concurrency",
    "Crossed",
    "FairUse",
    "FixedWindow",
    "Gauge",
    "Group",
    "Guard",
    "MarginFloor",
    "Portion",
    "RateLimit",
    "Reading",
    "Rearmed",
    "Signal",
    "Signals",
    "SlidingWindow",
    "State",
    "TokenBucket",
    "Verdict",
    "VolumeLevel",
    "VolumeThreshold",
    "Watch",
    "clamp",
    "guard_problems",
]
