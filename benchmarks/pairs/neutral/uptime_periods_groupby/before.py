"""Condenses the probes of a host into periods of the same state."""


def periods(probes, min_probes=1):
    result = []
    current = None
    for moment, state in probes:
        if current is None or current["state"] != state:
            if current is not None and current["probes"] >= min_probes:
                result.append(current)
            current = {"state": state, "first": moment, "last": moment, "probes": 1}
        else:
            current["last"] = moment
            current["probes"] += 1
    if current is not None and current["probes"] >= min_probes:
        result.append(current)
    return result
