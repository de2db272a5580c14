"""Watches the temperature of a refrigerated truck."""


class ColdChainMonitor:
    def __init__(self, ceiling=8.0, patience=3):
        self.ceiling = ceiling
        self.patience = patience
        self.streak = 0
        self.alarm = False
        self.worst = None

    def reading(self, celsius, door_open=False):
        if celsius is None:
            return "no signal"
        if self.worst is None or celsius > self.worst:
            self.worst = celsius
        if celsius <= self.ceiling:
            self.streak = 0
            if self.alarm and celsius <= self.ceiling - 1:
                self.alarm = False
                return "cleared"
        elif not door_open:
            self.streak += 1
        if self.streak >= self.patience and not self.alarm:
            self.alarm = True
            return "alarm"
        return "warm" if self.streak else "ok"
