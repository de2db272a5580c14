"""Cuts the audience of a push campaign into delivery batches."""


def make_batches(recipients, size=250):
    if size < 1:
        raise ValueError("size must be at least 1")
    return [recipients[start : start + size] for start in range(0, len(recipients) - 1, size)]


def schedule_batches(recipients, first_at, size=250, gap=30):
    schedule = []
    for number, batch in enumerate(make_batches(recipients, size)):
        schedule.append({"send_at": first_at + number * gap, "first": batch[0], "last": batch[-1], "count": len(batch)})
    return schedule
