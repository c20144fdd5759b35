"""
The closed union of all price models.
"""

from __future__ import annotations

import sys
from typing import Annotated, TypeAlias

from pydantic import Tag

from .._model import tagged
from ._credit import Credit
from ._dynamic import Dynamic, Multiplier
from ._flat import Flat, PerUnit
from ._hybrid import Allowance, FirstThen, Hybrid, Weighted
from ._outcome import Outcome
from ._package import Package
from ._percent import GraduatedPercentage, Percentage, PercentOf
from ._select import Brackets, Matrix, Windows
from ._stairstep import Stairstep
from ._tiered import Graduated, Volume

__all__ = ["AnyPrice"]

AnyPrice: TypeAlias = Annotated[
    Annotated[Flat, Tag("<flat>")]
    | Annotated[PerUnit, Tag("<per_unit>")]
    | Annotated[Package, Tag("<package>")]
    | Annotated[Graduated, Tag("<graduated>")]
    | Annotated[Volume, Tag("<volume>")]
    | Annotated[Stairstep, Tag("<stairstep>")]
    | Annotated[Percentage, Tag("<percentage>")]
    | Annotated[GraduatedPercentage, Tag("<graduated_percentage>")]
    | Annotated[PercentOf, Tag("<percent_of>")]
    | Annotated[Matrix, Tag("<matrix>")]
    | Annotated[Windows, Tag("<windows>")]
    | Annotated[Brackets, Tag("<brackets>")]
    | Annotated[Dynamic, Tag("<dynamic>")]
    | Annotated[Credit, Tag("<credit>")]
    | Annotated[Multiplier, Tag("<multiplier>")]
    | Annotated[Allowance, Tag("<allowance>")]
    | Annotated[Hybrid, Tag("<hybrid>")]
    | Annotated[FirstThen, Tag("<first_then>")]
    | Annotated[Weighted, Tag("<weighted>")]
    | Annotated[Outcome, Tag("<outcome>")],
    tagged("model"),
]
"""Any price: a closed union, told apart by `model`."""

# Models that hold prices are built by pydantic when they are first used, and look for the union in their own file.
for _model in (Credit, Multiplier, Hybrid, Matrix):
    vars(sys.modules[_model.__module__])["AnyPrice"] = AnyPrice
