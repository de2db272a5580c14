"""Near the beginning the window starts at a negative index."""

KIND = "slicing"
FUNCTION = "UsageMonitor._baseline"


def traffic(service, random):
    """Assess the newest of a day's readings."""
    monitor = service.UsageMonitor(width=random.choice([4, 6, 8]))
    base = random.uniform(0.4, 2.5)
    for _ in range(random.randint(12, 24)):
        monitor.add(round(base * random.uniform(0.6, 1.5), 3))
    if random.random() < 0.2:
        monitor.add(round(base * 3, 3))
    return monitor.assess(len(monitor.samples) - 1)


def witness(service):
    """Assess the fifth reading of a new meter."""
    monitor = service.UsageMonitor(width=6)
    for kwh in (1.0, 1.2, 1.1, 2.6, 3.0):
        monitor.add(kwh)
    return monitor.assess(4)
