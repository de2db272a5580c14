"""`manage.py fill_library`: books, members and some old loans."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import Permission, User
from django.core.management.base import BaseCommand
from django.utils import timezone

from library.models import Book, Loan

BOOKS = (
    ("Emma", "Jane Austen", "9780141439587", "9.99", 2),
    ("Persuasion", "Jane Austen", "9780141439686", "8.50", 1),
    ("Middlemarch", "George Eliot", "9780141439549", "12.00", 3),
    ("Dracula", "Bram Stoker", "9780141439846", "7.25", 1),
    ("Walden", "Henry David Thoreau", "9780691096124", "15.45", 2),
    ("Ulysses", "James Joyce", "9780141182803", "18.90", 1),
    ("Moby-Dick", "Herman Melville", "9780142437247", "14.10", 2),
    ("Villette", "Charlotte Bronte", "9780140434798", "10.35", 4),
    ("Kim", "Rudyard Kipling", "9780141442372", "6.99", 5),
)
MEMBERS = ("ada", "bob", "cleo", "dan")
LENT = (("ada", 0, 30), ("ada", 3, 3), ("bob", 1, 23), ("bob", 4, 60), ("cleo", 5, 100), ("dan", 2, 5))
"""Who has which book, since how many days."""


class Command(BaseCommand):
    help = "Fill an empty database."

    def handle(self, *args: Any, **options: Any) -> None:
        books = [
            Book.objects.create(title=title, author=author, isbn=isbn, price=Decimal(price), copies=copies)
            for title, author, isbn, price, copies in BOOKS
        ]
        members = {
            name: User.objects.create_user(name, f"{name}@town.example", f"{name}-likes-books") for name in MEMBERS
        }
        clerk = User.objects.create_user("clerk", "clerk@town.example", "clerk-likes-books")
        clerk.user_permissions.set(Permission.objects.filter(codename__in=["add_book", "view_loan"]))
        today = timezone.localdate()
        for name, book, days in LENT:
            lent_on = today - timedelta(days=days)
            due_on = lent_on + timedelta(days=21)
            Loan.objects.create(book=books[book], member=members[name], lent_on=lent_on, due_on=due_on)
        self.stdout.write(f"{len(books)} books, {len(members)} members")
