"""Expands ranges of bin numbers as written on pick sheets."""

LIMIT = 500


def expand_range(text):
    first, dash, last = (part.strip() for part in text.partition("-"))
    if not dash:
        return [first]
    if len(last) < len(first):
        # "0117-19" means 0117 to 0119
        last = first[: len(first) - len(last)] + last
    low, high = int(first), int(last)
    if high < low or high - low >= LIMIT:
        raise ValueError(f"bad range: {text}")
    return [f"{number:04d}" for number in range(low, high + 1)]


def bins_on_sheet(sheet):
    bins = []
    for part in sheet.split(","):
        if part.strip():
            bins.extend(expand_range(part))
    return bins
