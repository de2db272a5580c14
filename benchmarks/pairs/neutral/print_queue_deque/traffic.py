"""The list inside becomes a deque."""

KIND = "list to deque"
FUNCTION = "PrintQueue.next_job"


def traffic(service, random):
    """One ordinary use."""
    queue = service.PrintQueue()
    for _ in range(random.randint(1, 5)):
        queue.submit(random.choice(["ed", "flo", "gil"]), f"doc{random.randint(1, 99)}.pdf", random.randint(1, 40))
    job = queue.next_job(random.choice([None, "ed", "flo"]))
    return job, queue.waiting()
