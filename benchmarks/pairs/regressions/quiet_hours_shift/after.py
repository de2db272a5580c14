"""Decides whether a notification falls into a user's quiet hours."""

DAY = 24 * 60


def _local_minute(utc_minute, offset):
    minute = utc_minute + offset
    return minute - DAY if minute >= DAY else minute


def _parse(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def quiet_until(utc_minute, user):
    minute = _local_minute(utc_minute, user["utc_offset"])
    start, end = _parse(user["quiet_from"]), _parse(user["quiet_to"])
    quiet = start <= minute < end if start <= end else minute >= start or minute < end
    if not quiet:
        return None
    wait = (end - minute) % DAY
    return (utc_minute + wait) % DAY
