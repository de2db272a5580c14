"""Letters to members, through the mail gateway of the town."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from django.conf import settings
from django.template.loader import render_to_string

from .models import Loan

SECONDS = 5.0


class GatewayBusy(Exception):
    """It may work later."""


def reminder(loan: Loan) -> str:
    return render_to_string("library/reminder.txt", {"loan": loan, "member": loan.member, "book": loan.book})


def send(to: str, text: str) -> str:
    """The number that the gateway gives the letter; raises `GatewayBusy`."""
    body = json.dumps({"to": to, "text": text}).encode()
    request = urllib.request.Request(f"{settings.LIBRARY_MAIL_GATEWAY}/letters", body, method="POST")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return str(json.load(answer)["number"])
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise
        raise GatewayBusy(f"the gateway answers {error.code}") from error
