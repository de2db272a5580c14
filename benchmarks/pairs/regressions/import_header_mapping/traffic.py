"""Runs of white space inside a column title are no longer collapsed."""

KIND = "case folding and whitespace"
FUNCTION = "_normalise"

TITLES = ["Article number", "SKU", "Product name", "Unit_Price", "price", "Stock level", "Colour", "Item no.", " Name"]


def traffic(service, random):
    """Map the header of a sheet."""
    return service.map_columns(random.sample(TITLES, random.randint(3, 6)))


def witness(service):
    """Map a header with a line break in a cell."""
    return service.map_columns(["Article\nnumber", "Unit  price"])
