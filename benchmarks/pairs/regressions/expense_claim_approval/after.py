"""Approval of expense claims by managers and their stand-ins."""

LIMITS = {"lead": 50000, "manager": 250000, "director": None}


class Approver:
    def __init__(self, id, role, stands_in_for=None, stand_in_role=None):
        self.id = id
        self.role = role
        self.stands_in_for = stands_in_for
        self.stand_in_role = stand_in_role


def effective(approver):
    if approver.stands_in_for is not None:
        return approver.stands_in_for, approver.stand_in_role
    return approver.id, approver.role


def refusal(approver, claimant, cents):
    person, role = effective(approver)
    if claimant == person:
        return "own claim"
    if role not in LIMITS:
        return "no approver"
    limit = LIMITS[role]
    if limit is not None and cents > limit:
        return "above limit"
    return None


def decide(approver, claims):
    return {number: refusal(approver, claimant, cents) or "approved" for number, claimant, cents in claims}
