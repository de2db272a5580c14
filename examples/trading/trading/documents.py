"""Documents for people and spreadsheets: the confirmation of a trade and the CSV export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from flask import render_template

from trading.models import Account, Instrument, Trade

EXPORT_COLUMNS = (
    "executed_at",
    "id",
    "reference",
    "user",
    "symbol",
    "side",
    "quantity",
    "price",
    "fee",
    "total",
    "high_value",
    "status",
    "settlement_date",
)


def confirmation(trade: Trade, account: Account, instrument: Instrument) -> str:
    """The confirmation of `trade` as HTML."""
    return render_template("confirmation.html", trade=trade, account=account, instrument=instrument)


def export_lines(trades: Iterable[Trade]) -> Iterator[str]:
    """The lines of a CSV file, header first, each as soon as its trade has been read."""
    yield _line(EXPORT_COLUMNS)
    for trade in trades:
        fields = trade.to_json()
        yield _line([fields[column] for column in EXPORT_COLUMNS])


def _line(values: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(values)
    return buffer.getvalue()
