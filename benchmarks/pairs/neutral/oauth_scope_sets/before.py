"""Compares the scopes a client asks for with the scopes it was granted."""


def scope_report(requested, granted):
    wanted = []
    for scope in requested.split():
        if scope not in wanted:
            wanted.append(scope)
    have = granted.split()
    missing = []
    for scope in wanted:
        parent = scope.split(":")[0]
        if scope not in have and parent not in have:
            missing.append(scope)
    unused = []
    for scope in have:
        if scope not in wanted and scope not in unused:
            unused.append(scope)
    missing.sort()
    unused.sort()
    return {"ok": missing == [], "missing": missing, "unused": unused}
