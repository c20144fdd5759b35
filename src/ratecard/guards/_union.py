"""
The closed union of guards, told apart by `kind`.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Tag

from .._model import tagged
from ._alerts import Alert
from ._caps import Cap
from ._fair import FairUse
from ._limits import Concurrency, FixedWindow, SlidingWindow, TokenBucket
from ._margin import MarginFloor
from ._volume import VolumeThreshold

__all__ = ["AnyGuard"]

AnyGuard: TypeAlias = Annotated[
    Annotated[Cap, Tag("<cap>")]
    | Annotated[Alert, Tag("<alert>")]
    | Annotated[TokenBucket, Tag("<token_bucket>")]
    | Annotated[FixedWindow, Tag("<fixed_window>")]
    | Annotated[SlidingWindow, Tag("<sliding_window>")]
    | Annotated[Concurrency, Tag("<concurrency>")]
    | Annotated[FairUse, Tag("<fair_use>")]
    | Annotated[VolumeThreshold, Tag("<volume_threshold>")]
    | Annotated[MarginFloor, Tag("<margin_floor>")],
    tagged("kind"),
]
"""Any guard, by the text in its `kind`."""
