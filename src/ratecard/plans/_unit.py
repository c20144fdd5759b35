"""Units of one's own that cards may be written in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .._model import Key, Model, Whole
from ..money import Currency

__all__ = ["CustomUnit"]


class CustomUnit(Model, frozen=True):
    """
    A unit of one's own that cards may be written in, such as credits.

    Attributes:
        key: its name; no code of ISO 4217.
        places: decimals it is counted in, 0 to 18.
    """

    key: Key
    places: Annotated[Whole, Field(ge=0, le=18)]

    def currency(self) -> Currency:
        """The same as a currency."""
        return Currency.custom(self.key, places=self.places)
