"""Orders the waiting list of a concert."""

MEMBER_BONUS = {"gold": 2, "silver": 1}


def next_in_line(waiting, seats):
    queue = list(waiting)
    queue.sort(key=lambda entry: entry["since"])
    queue.sort(key=lambda entry: MEMBER_BONUS.get(entry.get("member"), 0), reverse=True)
    offered = []
    for entry in queue:
        if entry["seats"] > seats:
            continue
        seats -= entry["seats"]
        offered.append(entry["name"])
    return offered, seats
