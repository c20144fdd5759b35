"""
The closed union of aggregates, told apart by `kind`.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Tag

from .._model import tagged
from ._extremes import Latest, Max, Min
from ._levels import Level, Peak
from ._outcomes import Outcomes
from ._sets import Percentile, Unique
from ._sums import Average, Count, Sum

__all__ = ["AnyAggregate"]

AnyAggregate: TypeAlias = Annotated[
    Annotated[Sum, Tag("<sum>")]
    | Annotated[Count, Tag("<count>")]
    | Annotated[Average, Tag("<average>")]
    | Annotated[Max, Tag("<max>")]
    | Annotated[Min, Tag("<min>")]
    | Annotated[Latest, Tag("<latest>")]
    | Annotated[Unique, Tag("<unique>")]
    | Annotated[Percentile, Tag("<percentile>")]
    | Annotated[Level, Tag("<level>")]
    | Annotated[Peak, Tag("<peak>")]
    | Annotated[Outcomes, Tag("<outcomes>")],
    tagged("kind"),
]
"""Any aggregate, by the text in its `kind`."""
