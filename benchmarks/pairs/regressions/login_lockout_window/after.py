"""Locks accounts after too many failed logins."""


class LoginGuard:
    def __init__(self, limit=3, window=60, lock_for=900):
        self.limit = limit
        self.window = window
        self.lock_for = lock_for
        self.failures = {}
        self.locked_until = {}

    def is_locked(self, user, now):
        return self.locked_until.get(user, 0) > now

    def record(self, user, ok, now):
        if self.is_locked(user, now):
            return "locked"
        if ok:
            self.failures.pop(user, None)
            return "welcome"
        recent = self.failures.get(user, [])
        if recent and now - recent[0] >= self.window:
            recent = []
        recent.append(now)
        self.failures[user] = recent
        if len(recent) >= self.limit:
            self.locked_until[user] = now + self.lock_for
            del self.failures[user]
            return "locked"
        return f"{self.limit - len(recent)} left"
