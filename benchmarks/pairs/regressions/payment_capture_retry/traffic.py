"""A list of statuses replaces the range, and gateway timeouts (504) are no longer tried again."""

KIND = "retries"
FUNCTION = "is_transient"


def _acquirer(service, statuses):
    def charge(authorisation, amount):
        if statuses:
            raise service.AcquirerError(statuses.pop(0))
        return f"cap-{authorisation}-{amount}"

    return charge


def traffic(service, random):
    """A capture which mostly works at once."""
    statuses = [random.choice((429, 500, 503))] if random.random() < 0.15 else []
    authorisation = f"A{random.randint(100000, 999999)}"
    return service.capture(_acquirer(service, statuses), authorisation, random.randint(500, 25000))


def witness(service):
    """A timeout in the acquirer's gateway."""
    try:
        return service.capture(_acquirer(service, [504]), "A1", 1999)
    except service.AcquirerError as error:
        return type(error).__name__, str(error)
