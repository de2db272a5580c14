"""`manage.py send_reminders`: letters to all who keep a book too long."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from library.models import Loan
from library.tasks import send_reminder


class Command(BaseCommand):
    help = "Remind members of books that are overdue."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=0, help="only books that are overdue for more days than this")
        parser.add_argument("--dry-run", action="store_true", help="say who would be reminded, and remind nobody")

    def handle(self, *args: Any, **options: Any) -> None:
        days: int = options["days"]
        if days < 0:
            raise CommandError("--days is not negative")
        late = Loan.objects.overdue(timezone.localdate(), days).select_related("book", "member")
        for loan in late:
            self.stdout.write(f"{loan.member.username}: {loan.book.title}, due on {loan.due_on.isoformat()}")
            if not options["dry_run"]:
                send_reminder.delay(loan.pk)
        self.stdout.write(self.style.SUCCESS(f"{len(late)} reminders"))
