"""A good reading takes one off the count of warm readings instead of starting it over."""

KIND = "counter"
FUNCTION = "ColdChainMonitor.reading"


def traffic(service, random):
    """Some readings of a truck, hardly ever a warm one."""
    monitor = service.ColdChainMonitor()
    states = []
    for _ in range(random.randint(4, 9)):
        celsius = round(random.uniform(3.5, 7.5), 1)
        if random.random() < 0.03:
            celsius = round(random.uniform(8.2, 9.5), 1)
        states.append(monitor.reading(celsius, door_open=random.random() < 0.1))
    return states, monitor.worst


def witness(service):
    """Warm readings with a good one between them."""
    monitor = service.ColdChainMonitor()
    return [monitor.reading(celsius) for celsius in (8.5, 8.7, 7.9, 8.6, 8.9, 7.0)]
