"""
Meters: what of the usage is measured, and how many records become one quantity.

A `Meter` selects records by event and filters, and hands their values to an aggregate: `Sum`, `Count`, `Average`,
`Max`, `Min`, `Latest`, `Unique`, `Percentile`, `Level`, `Peak` or `Outcomes`.
"""

from __future__ import annotations

from ._base import Aggregate, Frame, Given
from ._extremes import Latest, Max, Min
from ._filters import AnyFilter, Equals, Exists, Filter, In, Prefix, Range
from ._levels import Level, LevelMode, Peak
from ._meter import Convert, Meter
from ._outcomes import Happening, Judged, Judgement, Outcomes, read_happening, show_happening
from ._sets import Percentile, Unique
from ._sums import Average, Count, Sum
from ._union import AnyAggregate

__all__ = [
    "Aggregate",
    "AnyAggregate",
    "AnyFilter",
    "Average",
    "Convert",
    "Count",
    "Equals",
    "Exists",
    "Filter",
    "Frame",
    "Given",
    "Happening",
    "In",
    "Judged",
    "Judgement",
    "Latest",
    "Level",
    "LevelMode",
    "Max",
    "Meter",
    "Min",
    "Outcomes",
    "Peak",
    "Percentile",
    "Prefix",
    "Range",
    "Sum",
    "Unique",
    "read_happening",
    "show_happening",
]
