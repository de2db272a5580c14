"""Maps the header of an uploaded product sheet to known columns."""

ALIASES = {
    "article number": "sku",
    "item no": "sku",
    "sku": "sku",
    "product name": "name",
    "name": "name",
    "unit price": "price",
    "price": "price",
    "stock level": "stock",
    "in stock": "stock",
}
REQUIRED = {"sku", "price"}


def _normalise(title):
    return title.replace("_", " ").rstrip(":.").strip().lower()


def map_columns(header):
    columns = {}
    unknown = []
    for position, title in enumerate(header):
        target = ALIASES.get(_normalise(title))
        if target is None:
            unknown.append(title)
        elif target not in columns:
            columns[target] = position
    return {"columns": columns, "unknown": unknown, "missing": sorted(REQUIRED - columns.keys())}
