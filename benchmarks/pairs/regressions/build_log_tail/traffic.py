"""The last zero lines are all lines."""

KIND = "slicing"
FUNCTION = "tail"

LINES = [
    "collecting packages",
    "compiling module orders",
    "WARNING deprecated option --fast",
    "running 214 checks",
    "ERROR check_totals failed",
    "writing artefacts",
    "",
]


def traffic(service, random):
    """Show the end of a log."""
    log = "\n".join(random.choice(LINES) for _ in range(random.randint(5, 60)))
    return service.log_excerpt(log, count=random.choice([5, 10, 20]))


def witness(service):
    """Show only the status."""
    return service.log_excerpt("compiling\nERROR failed", count=0)
