"""Plans the next attempt to collect a failed payment."""

import logging
from datetime import timedelta

log = logging.getLogger(__name__)

FINAL = {"stolen_card", "account_closed", "fraud"}
DELAYS = [timedelta(hours=4), timedelta(days=1), timedelta(days=3), timedelta(days=7)]


def next_attempt(payment, now):
    if payment["failure"] in FINAL:
        log.info("payment is given up after %s", payment["failure"])
        return None
    attempts = payment["attempts"]
    if attempts < 1:
        raise ValueError(f"payment {payment['id']} was never attempted")
    if attempts > len(DELAYS):
        log.info("payment is given up after %d attempts", attempts)
        return None
    due = now + DELAYS[attempts - 1]
    if due.weekday() >= 5:
        log.debug("%s is on a weekend", due)
        due += timedelta(days=7 - due.weekday())
    log.debug("attempt %d is due at %s", attempts + 1, due)
    return due
