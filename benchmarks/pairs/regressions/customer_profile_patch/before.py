"""Applies partial updates to customer profiles."""

EDITABLE = ("name", "phone", "company", "newsletter", "credit_limit")


class Profile:
    def __init__(self, **fields):
        self.fields = dict(fields)
        self.history = []

    def patch(self, changes, by):
        unknown = sorted(set(changes) - set(EDITABLE))
        if unknown:
            raise ValueError(f"cannot change: {', '.join(unknown)}")
        touched = []
        for name in EDITABLE:
            value = changes.get(name)
            if value is None:
                continue
            if isinstance(value, str):
                value = value.strip()
            if self.fields.get(name) != value:
                self.history.append((by, name, self.fields.get(name)))
                self.fields[name] = value
                touched.append(name)
        return touched
