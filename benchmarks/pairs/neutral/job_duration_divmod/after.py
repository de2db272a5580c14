"""Tells how long a background job ran, for people."""


def human_duration(seconds):
    minutes, rest = divmod(abs(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = zip((days, hours, minutes, rest), "dhms", strict=True)
    text = " ".join(f"{amount}{unit}" for amount, unit in units if amount) or f"{rest}s"
    return f"-{text}" if seconds < 0 else text
