"""Reads the rows of a supplier's price list."""

from decimal import Decimal, InvalidOperation


def read_prices(rows):
    articles = {}
    for number, row in enumerate(rows, start=1):
        article = {"sku": row["sku"].strip().upper(), "name": row.get("name", "").strip()}
        try:
            article["price"] = Decimal(row["price"].replace(",", "."))
        except InvalidOperation:
            raise ValueError(f"row {number}: bad price {row['price']!r}") from None
        article["pack"] = int(row.get("pack") or 1)
        known = articles.get(article["sku"])
        if known is None or article["price"] < known["price"]:
            articles[article["sku"]] = article
    return list(articles.values())
