"""Orders the waiting list of a concert."""

MEMBER_BONUS = {"gold": 2, "silver": 1}


def next_in_line(waiting, seats):
    queue = sorted(waiting, key=lambda entry: (-MEMBER_BONUS.get(entry.get("member"), 0), entry["since"]))
    offered = []
    for entry in queue:
        if entry["seats"] <= seats:
            seats -= entry["seats"]
            offered.append(entry["name"])
    return offered, seats
