"""Keeps the state of a courier's delivery."""


class Delivery:
    def __init__(self, number, state="created"):
        self.number = number
        self.state = state
        self.history = []
        self.attempts = 0

    def apply(self, action, by=None):
        new = None
        if self.state == "created":
            if action == "pick_up":
                new = "on_the_way"
            elif action == "cancel":
                new = "cancelled"
        elif self.state == "on_the_way":
            if action == "deliver":
                new = "delivered"
            elif action == "fail":
                new = "failed"
        elif self.state == "failed":
            if action == "retry":
                new = "on_the_way"
            elif action == "send_back":
                new = "returned"
            elif action == "cancel":
                new = "cancelled"
        if new is None:
            raise ValueError(f"delivery {self.number} is {self.state}: cannot {action}")
        if new == "on_the_way":
            self.attempts += 1
        self.history.append((self.state, new, by or "system"))
        self.state = new
        return new
