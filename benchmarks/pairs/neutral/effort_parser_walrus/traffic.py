"""Assignment and test are joined with the walrus operator."""

KIND = "walrus"
FUNCTION = "parse_effort"


def traffic(service, random):
    """One ordinary use."""
    hours, minutes = random.randint(0, 9), random.randint(1, 59)
    return service.parse_effort(
        random.choice(
            [
                f"{hours}:{minutes:02d}",
                f"{hours}h {minutes}m",
                f"{minutes} min",
                f"{hours}.5h",
                f"{hours},25 h",
                f" {hours}H{minutes}MIN ",
            ]
        )
    )
