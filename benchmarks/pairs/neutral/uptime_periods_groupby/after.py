"""Condenses the probes of a host into periods of the same state."""

from itertools import groupby
from operator import itemgetter


def periods(probes, min_probes=1):
    result = []
    for state, run in groupby(probes, key=itemgetter(1)):
        moments = [moment for moment, _ in run]
        if len(moments) >= min_probes:
            result.append({"state": state, "first": moments[0], "last": moments[-1], "probes": len(moments)})
    return result
