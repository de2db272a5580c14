"""Only whole numbers are found, so of "1.5h" the 5 is read."""

KIND = "units"
FUNCTION = "Job.minutes"


def traffic(service, random):
    """A job of minutes or hours."""
    title = random.choice(("Change filter", "Grease bearings", "Inspect belt", "Replace pump"))
    duration = random.choice(("45", "30 min", "90m", "2h", "1h 30m", "3 hrs", "1d", "20min"))
    return service.Job(title, duration, random.randint(1, 3)).crew_hours()


def witness(service):
    """An hour and a half, written with a point."""
    return service.Job("Replace pump", "1.5h", 2).crew_hours()
