"""`manage.py loan_report`: what was lent how often, as CSV."""

from __future__ import annotations

import csv
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from library.lending import popularity


class Command(BaseCommand):
    help = "Write how often each book was lent, as CSV."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("since", type=date.fromisoformat)
        parser.add_argument("--top", type=int, default=5)

    def handle(self, *args: Any, **options: Any) -> None:
        writer = csv.writer(self.stdout)
        writer.writerow(["book", "loans"])
        writer.writerows(popularity(options["since"])[: options["top"]])
