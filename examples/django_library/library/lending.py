"""What can be done with books. Each function is one transaction."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import date

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from .models import Book, Fine, Loan
from .rules import MOST_LOANS, MOST_RENEWALS, due_date, fine_for

log = logging.getLogger(__name__)


class Refused(Exception):
    """The rules of the house forbid it; the message is for the member."""


def find_books(text: str) -> QuerySet[Book]:
    """Books by title or author, with the number of copies that are there as `left`."""
    books = Book.objects.annotate(left=F("copies") - Count("loans", filter=Q(loans__returned_on=None)))
    if text:
        books = books.filter(Q(title__icontains=text) | Q(author__icontains=text))
    return books


@transaction.atomic
def borrow(member: User, book: Book, today: date) -> Loan:
    loans = Loan.objects.out()
    if Fine.objects.filter(loan__member=member, paid=False).exists():
        raise Refused("There are fines to be paid.")
    if loans.filter(member=member).count() >= MOST_LOANS:
        raise Refused(f"No more than {MOST_LOANS} books at a time.")
    if loans.filter(book=book).count() >= book.copies:
        raise Refused("All copies are out.")
    loan = Loan.objects.create(member=member, book=book, lent_on=today, due_on=due_date(today))
    log.info("loan %d", loan.pk)
    return loan


@transaction.atomic
def give_back(loan: Loan, today: date) -> Fine | None:
    """Take a book back; what is due where it comes too late."""
    if loan.returned_on is not None:
        raise Refused("The book was given back before.")
    loan.returned_on = today
    loan.save(update_fields=["returned_on"])
    amount = fine_for((today - loan.due_on).days, loan.book.price)
    if not amount:
        return None
    return Fine.objects.create(loan=loan, amount=amount)


@transaction.atomic
def renew(loan: Loan, today: date) -> Loan:
    if loan.renewals >= MOST_RENEWALS:
        raise Refused("The book was renewed too often.")
    if loan.due_on < today:
        raise Refused("The book is overdue.")
    loan.due_on = due_date(today)
    loan.renewals += 1
    loan.save(update_fields=["due_on", "renewals"])
    return loan


def popularity(since: date) -> list[tuple[str, int]]:
    """How often each book was lent, the most popular first."""
    counts: Counter[str] = Counter()
    for loan in Loan.objects.filter(lent_on__gte=since).select_related("book"):
        counts[loan.book.title] += 1
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))
