"""Compares the scopes a client asks for with the scopes it was granted."""


def scope_report(requested, granted):
    wanted = set(requested.split())
    have = set(granted.split())
    missing = sorted(scope for scope in wanted - have if scope.partition(":")[0] not in have)
    return {"ok": not missing, "missing": missing, "unused": sorted(have - wanted)}
