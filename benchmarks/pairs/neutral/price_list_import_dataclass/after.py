"""Reads the rows of a supplier's price list."""

from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation


@dataclass
class _Article:
    sku: str
    name: str
    price: Decimal
    pack: int


def read_prices(rows):
    cheapest = {}
    for number, row in enumerate(rows, start=1):
        sku = row["sku"].strip().upper()
        name = row.get("name", "").strip()
        try:
            price = Decimal(row["price"].replace(",", "."))
        except InvalidOperation:
            raise ValueError(f"row {number}: bad price {row['price']!r}") from None
        article = _Article(sku=sku, name=name, price=price, pack=int(row.get("pack") or 1))
        if sku not in cheapest or price < cheapest[sku].price:
            cheapest[sku] = article
    return [asdict(article) for article in cheapest.values()]
