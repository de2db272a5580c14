"""Keeps the state of a courier's delivery."""

_NEXT = {
    ("created", "pick_up"): "on_the_way",
    ("on_the_way", "deliver"): "delivered",
    ("on_the_way", "fail"): "failed",
    ("failed", "retry"): "on_the_way",
    ("failed", "send_back"): "returned",
    ("created", "cancel"): "cancelled",
    ("failed", "cancel"): "cancelled",
}


class Delivery:
    def __init__(self, number, state="created"):
        self.number = number
        self.state = state
        self.history = []
        self.attempts = 0

    def apply(self, action, by=None):
        previous = self.state
        if (previous, action) not in _NEXT:
            raise ValueError(f"delivery {self.number} is {previous}: cannot {action}")
        self.state = _NEXT[previous, action]
        self.history.append((previous, self.state, by or "system"))
        if self.state == "on_the_way":
            self.attempts += 1
        return self.state
