"""Sellers with equal revenue come out in the opposite order."""

KIND = "ordering and ties"
FUNCTION = "Contest.standings"


def traffic(service, random):
    """Record some sales and ask for the winners."""
    contest = service.Contest("Spring", prizes=random.choice([2, 3]))
    for _ in range(random.randint(4, 10)):
        contest.record(random.choice(["maria", "tobias", "ines", "jonas", "olga"]), round(random.uniform(40, 900), 2))
    return contest.winners()


def witness(service):
    """Ask for the winner between equals."""
    contest = service.Contest("Spring", prizes=1)
    contest.record("maria", 250)
    contest.record("tobias", 250)
    return contest.winners()
