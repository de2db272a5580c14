"""Reads the label selectors that operators type, such as `env=prod,team!=ops,canary`."""


def parse_selector(text):
    conditions = []
    for raw in text.split(","):
        part = raw.strip()
        if part == "":
            continue
        if "!=" in part:
            pieces = part.split("!=", 1)
            operator = "!="
        elif "=" in part:
            pieces = part.split("=", 1)
            operator = "="
        else:
            pieces = [part, None]
            operator = "exists"
        key = pieces[0].strip()
        value = pieces[1]
        if value is not None:
            value = value.strip()
        if key == "":
            raise ValueError(f"no label in {part!r}")
        conditions.append((key, operator, value))
    return conditions
