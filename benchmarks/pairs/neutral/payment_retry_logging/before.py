"""Plans the next attempt to collect a failed payment."""

from datetime import timedelta

FINAL = {"stolen_card", "account_closed", "fraud"}
DELAYS = [timedelta(hours=4), timedelta(days=1), timedelta(days=3), timedelta(days=7)]


def next_attempt(payment, now):
    if payment["failure"] in FINAL:
        return None
    attempts = payment["attempts"]
    if attempts < 1:
        raise ValueError(f"payment {payment['id']} was never attempted")
    if attempts > len(DELAYS):
        return None
    due = now + DELAYS[attempts - 1]
    if due.weekday() >= 5:
        due += timedelta(days=7 - due.weekday())
    return due
