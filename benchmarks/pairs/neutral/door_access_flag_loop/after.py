"""Decides whether a badge opens a door at a given moment."""


class DoorPolicy:
    def __init__(self, rules):
        self.rules = rules

    def may_open(self, badge, door, moment):
        if badge.get("blocked"):
            return False
        groups = set(badge["groups"])
        granted = False
        for rule in self.rules:
            if rule["door"] != "*" and rule["door"] != door:
                continue
            if rule["group"] not in groups or moment.weekday() not in rule["weekdays"]:
                continue
            if rule["from_hour"] <= moment.hour < rule["to_hour"]:
                granted = True
                break
        return granted
