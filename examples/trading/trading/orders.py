"""Orders as customers send them: a JSON object, or a CSV file with one order a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from trading.errors import TradingError, ValidationError, status_of
from trading.execution import ExecutionService
from trading.models import BUY, SELL, Order

COLUMNS = ("user", "symbol", "side", "quantity")
MAX_QUANTITY = 1_000_000
MAX_ROWS = 500


@dataclass(frozen=True)
class RowResult:
    """What became of one line of an uploaded file; lines count from 1, after the header."""

    line: int
    status: int
    body: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        return {"line": self.line, "status": self.status, **self.body}


def parse_order(fields: Mapping[str, object]) -> Order:
    """An order from JSON or CSV fields; raises ValidationError with the first field that is wrong."""
    side = _text(fields, "side").lower()
    if side not in (BUY, SELL):
        raise ValidationError(f"side must be {BUY} or {SELL}", field="side")
    return Order(
        user=_text(fields, "user"),
        symbol=_text(fields, "symbol").upper(),
        side=side,
        quantity=_quantity(fields.get("quantity")),
        limit_price=_limit_price(fields.get("limit_price")),
        client_order_id=_client_order_id(fields.get("client_order_id")),
    )


def parse_file(data: bytes) -> list[dict[str, str]]:
    """The rows of an uploaded CSV file, not yet validated."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError("the file is not UTF-8 text", field="file") from error
    reader = csv.DictReader(io.StringIO(text))
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise ValidationError(f"the file has no column {', '.join(missing)}", field="file")
    rows = list(reader)
    if len(rows) > MAX_ROWS:
        raise ValidationError(f"the file has {len(rows)} orders, {MAX_ROWS} are allowed", field="file")
    return rows


def execute_rows(rows: list[dict[str, str]], execution: ExecutionService) -> list[RowResult]:
    """Execute each row by itself: one that is refused does not stop the next."""
    results = []
    for line, row in enumerate(rows, start=1):
        try:
            trade = execution.execute(parse_order(row))
        except TradingError as error:
            results.append(RowResult(line, status_of(error), error.to_json()))
        else:
            results.append(RowResult(line, 201, {"id": trade.id, "total": str(trade.total)}))
    return results


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(f"{name} is missing", field=name)
    return value.strip()


def _quantity(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValidationError("quantity must be a whole number", field="quantity")
    try:
        quantity = int(value)
    except ValueError as error:
        raise ValidationError("quantity must be a whole number", field="quantity") from error
    if not 0 < quantity <= MAX_QUANTITY:
        raise ValidationError(f"quantity must be between 1 and {MAX_QUANTITY}", field="quantity")
    return quantity


def _limit_price(value: object) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation as error:
        raise ValidationError("limit_price must be a number", field="limit_price") from error
    if not price.is_finite() or price <= 0:
        raise ValidationError("limit_price must be positive", field="limit_price")
    return price


def _client_order_id(value: object) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 64:
        raise ValidationError("client_order_id must be text of at most 64 characters", field="client_order_id")
    return value
