"""Several passes over whole numbers become one."""

KIND = "merge passes"
FUNCTION = "PayrollReport.totals"


def traffic(service, random):
    """One ordinary use."""
    sheets = []
    for _ in range(random.randint(1, 8)):
        sheets.append(
            service.Sheet(
                random.choice(["ann", "boris", "carla", "deniz"]),
                15 * random.randint(8, 40),
                random.choice([1350, 1780, 2245]),
                random.random() < 0.85,
            )
        )
    return service.PayrollReport(random.choice([9600, 300])).totals(sheets)
