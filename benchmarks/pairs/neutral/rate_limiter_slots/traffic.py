"""The class gets slots."""

KIND = "slots"
FUNCTION = "TokenBucket.take"


def traffic(service, random):
    """One ordinary use."""
    now = round(random.uniform(1000.0, 2000.0), 3)
    bucket = service.TokenBucket(random.randint(3, 8), random.choice([0.5, 1.0, 2.0]), now)
    answers = []
    for _ in range(random.randint(2, 9)):
        now = round(now + random.uniform(0.01, 1.5), 3)
        answers.append(bucket.take(now, random.choice([1, 1, 1, 2])))
    return answers, bucket.denied
