"""Decides whether a badge opens a door at a given moment."""


class DoorPolicy:
    def __init__(self, rules):
        self.rules = rules

    def may_open(self, badge, door, moment):
        if badge.get("blocked"):
            return False
        groups = set(badge["groups"])
        return any(
            rule["door"] in (door, "*")
            and rule["group"] in groups
            and moment.weekday() in rule["weekdays"]
            and rule["from_hour"] <= moment.hour < rule["to_hour"]
            for rule in self.rules
        )
