"""What callers send, and what they get."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from .models import Status


class LineIn(BaseModel):
    sku: str
    quantity: Annotated[int, Field(gt=0, le=1000)]


class OrderIn(BaseModel):
    customer: Annotated[str, Field(min_length=1, max_length=40)]
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    lines: Annotated[list[LineIn], Field(min_length=1)]
    coupon: str | None = None


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    quantity: int
    unit_price: int


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    customer: str
    status: Status
    total: int
    created_at: datetime
    lines: list[LineOut]


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    sku: str
    name: str
    price: int
    available: bool
