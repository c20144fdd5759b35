"""
When to buy more: rules that look at a balance and propose a purchase. Nothing is bought here: a proposal is a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from .._model import Amount, Key, Many, Model, OptionalAmount, default, refuse, show_day
from .._numbers import CONTEXT, ONE, ZERO, div, floor, is_whole_multiple
from ..cadence import Cadence
from ..errors import MismatchError, Problem
from ..money import Currency, Money
from ..periods import instant
from ._fields import Whole, entry_id
from ._grants import Grant

__all__ = ["Bonus", "Proposal", "TopUp"]
