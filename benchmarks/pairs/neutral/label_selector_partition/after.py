"""Reads the label selectors that operators type, such as `env=prod,team!=ops,canary`."""


def parse_selector(text):
    conditions = []
    for raw in text.split(","):
        if not (part := raw.strip()):
            continue
        for operator in ("!=", "="):
            key, found, value = part.partition(operator)
            if found:
                condition = (key.strip(), operator, value.strip())
                break
        else:
            condition = (part, "exists", None)
        if not condition[0]:
            raise ValueError(f"no label in {part!r}")
        conditions.append(condition)
    return conditions
