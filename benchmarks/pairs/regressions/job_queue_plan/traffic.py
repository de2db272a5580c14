"""The caller's list of jobs is sorted in place."""

KIND = "argument mutation"
FUNCTION = "plan_jobs"


def traffic(service, random):
    """Plan a queue of normal jobs followed by bulk ones."""
    number = random.randint(100, 900)
    jobs = []
    for priority in ["normal"] * random.randint(1, 5) + ["bulk"] * random.randint(0, 2):
        number += random.randint(1, 4)
        jobs.append({"id": number, "priority": priority, "seconds": random.randint(20, 480)})
    return service.plan_jobs(jobs, random.randint(1, 3))


def witness(service):
    """Plan a queue in which the last job is urgent."""
    jobs = [{"id": 1, "priority": "normal", "seconds": 30}, {"id": 2, "priority": "urgent", "seconds": 30}]
    plan = service.plan_jobs(jobs, 1)
    return plan, [job["id"] for job in jobs]
