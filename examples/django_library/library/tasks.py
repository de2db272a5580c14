"""What runs in the worker."""

from __future__ import annotations

import logging
from typing import Any

from celery import shared_task
from django.db.models import F

from . import notices
from .models import Loan

log = logging.getLogger(__name__)


@shared_task(bind=True, autoretry_for=(notices.GatewayBusy,), max_retries=2, default_retry_delay=1)
def send_reminder(self: Any, loan_pk: int) -> str | None:
    """Remind a member of a loan that is out; the number of the letter, or None where none is needed any more."""
    loan = Loan.objects.out().select_related("book", "member").filter(pk=loan_pk).first()
    if loan is None:
        log.info("loan %d was given back meanwhile", loan_pk)
        return None
    number = notices.send(loan.member.email, notices.reminder(loan))
    Loan.objects.filter(pk=loan.pk).update(reminders=F("reminders") + 1)
    return number
