"""Shows the end of a build log in the status page."""


def tail(lines, count):
    start = max(len(lines) - count, 0)
    return lines[start:]


def log_excerpt(log, count=20, width=100):
    lines = [line.rstrip() for line in log.splitlines() if line.strip()]
    shown = tail(lines, count)
    return {
        "lines": [line if len(line) <= width else line[: width - 1] + "…" for line in shown],
        "hidden": len(lines) - len(shown),
        "failed": any(line.startswith("ERROR") for line in lines),
    }
