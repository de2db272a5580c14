"""Combining marks are composed away instead of skipped, so marks without a composed letter count as a column."""

KIND = "combining"
FUNCTION = "display_width"


def traffic(service, random):
    """A list of one to six articles."""
    names = ["Hex bolt M8", "Washer 8 mm", "Café table", "Lamp", "Desk (oak)", "Cable 3 m", "Müller shelf", "Paint"]
    chosen = random.sample(names, random.randint(1, 6))
    return service.packing_list([(name, random.randint(1, 120)) for name in chosen])


def witness(service):
    """A name with an underlined letter that has no composed form."""
    return service.packing_list([("K\u0332ombu flakes", 2), ("Miso paste", 10)])
