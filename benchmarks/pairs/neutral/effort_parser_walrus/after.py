"""Reads the effort that people write into time sheets, in minutes."""

import re

CLOCK = re.compile(r"^(\d{1,2}):(\d{2})$")
HOURS = re.compile(r"^(\d+(?:[.,]\d+)?)\s*h$")
PARTS = re.compile(r"^(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?$")


def parse_effort(text):
    if not (cleaned := text.strip().lower()):
        raise ValueError("effort is missing")
    if clock := CLOCK.match(cleaned):
        hours, minutes = clock.groups()
        return int(hours) * 60 + int(minutes)
    if decimal := HOURS.match(cleaned):
        return round(float(decimal[1].replace(",", ".")) * 60)
    if parts := PARTS.match(cleaned):
        return int(parts[1] or 0) * 60 + int(parts[2] or 0)
    raise ValueError(f"cannot read effort {text!r}")
