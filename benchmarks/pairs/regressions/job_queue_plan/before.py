"""Plans which queued jobs a pool of workers takes next."""

RANK = {"urgent": 0, "normal": 1, "bulk": 2}


def plan_jobs(jobs, workers, budget_seconds=900):
    ordered = sorted(jobs, key=lambda job: RANK[job["priority"]])
    lanes = [[] for _ in range(workers)]
    load = [0] * workers
    postponed = []
    for job in ordered:
        lane = load.index(min(load))
        if load[lane] + job["seconds"] > budget_seconds:
            postponed.append(job["id"])
            continue
        load[lane] += job["seconds"]
        lanes[lane].append(job["id"])
    return {"lanes": lanes, "load": load, "postponed": postponed}
