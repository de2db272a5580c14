"""Reads the effort that people write into time sheets, in minutes."""

import re

CLOCK = re.compile(r"^(\d{1,2}):(\d{2})$")
HOURS = re.compile(r"^(\d+(?:[.,]\d+)?)\s*h$")
PARTS = re.compile(r"^(?:(\d+)\s*h)?\s*(?:(\d+)\s*m(?:in)?)?$")


def parse_effort(text):
    cleaned = text.strip().lower()
    if not cleaned:
        raise ValueError("effort is missing")
    match = CLOCK.match(cleaned)
    if match:
        return int(match.group(1)) * 60 + int(match.group(2))
    match = HOURS.match(cleaned)
    if match:
        return round(float(match.group(1).replace(",", ".")) * 60)
    match = PARTS.match(cleaned)
    if match:
        return int(match.group(1) or 0) * 60 + int(match.group(2) or 0)
    raise ValueError(f"cannot read effort {text!r}")
