"""Keeps the standings of a sales contest."""


class Contest:
    def __init__(self, title, prizes=3):
        self.title = title
        self.prizes = prizes
        self._revenue = {}

    def record(self, seller, amount):
        self._revenue[seller] = round(self._revenue.get(seller, 0) + amount, 2)

    def standings(self):
        # who reached the amount first stays ahead
        return sorted(self._revenue.items(), key=lambda entry: entry[1], reverse=True)

    def winners(self):
        return [seller for seller, revenue in self.standings()[: self.prizes] if revenue > 0]
