"""Bins are written with four digits whatever the width on the sheet."""

KIND = "leading zeros"
FUNCTION = "expand_range"


def traffic(service, random):
    """A sheet with one to four places, numbered with four digits."""
    parts = []
    for _ in range(random.randint(1, 4)):
        low = random.randint(1, 1900)
        if random.random() < 0.5:
            parts.append(f"{low:04d}")
        else:
            parts.append(f"{low:04d}-{low + random.randint(1, 8):04d}")
    return service.bins_on_sheet(", ".join(parts))


def witness(service):
    """An older hall with six digits."""
    return service.bins_on_sheet("000117-19, 000200")
