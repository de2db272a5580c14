"""Tells how long a background job ran, for people."""


def human_duration(seconds):
    if seconds < 0:
        return "-" + human_duration(-seconds)
    days = seconds // 86400
    hours = (seconds - days * 86400) // 3600
    minutes = (seconds - days * 86400 - hours * 3600) // 60
    rest = seconds - days * 86400 - hours * 3600 - minutes * 60
    parts = []
    if days:
        parts.append(f"{days}d")
    if hours:
        parts.append(f"{hours}h")
    if minutes:
        parts.append(f"{minutes}m")
    if rest or not parts:
        parts.append(f"{rest}s")
    return " ".join(parts)
