"""Traffic for the library: members that look around, log in, borrow, renew and give back; always the same.

python library_traffic.py http://127.0.0.1:8000
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from typing import Any

import requests

EXPECTED = frozenset({200, 302, 400, 403, 404, 405})
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
RETURN = re.compile(r'action="(/loans/\d+/return/)"')


class Browser:
    """One visitor: keeps cookies, sends forms with the token of the page before, follows no redirect by itself."""

    def __init__(self, url: str, statuses: Counter[int]) -> None:
        self._url = url
        self._session = requests.Session()
        self._statuses = statuses
        self._token = ""
        self.page = ""

    def get(self, path: str, **query: str | int) -> str:
        return self._take(self._session.get(self._url + path, params=query, timeout=30, allow_redirects=False))

    def post(self, path: str, **fields: Any) -> str:
        """Send a form, and go where the answer leads."""
        form = {"csrfmiddlewaretoken": self._token, **fields}
        answer = self._session.post(self._url + path, data=form, timeout=30, allow_redirects=False)
        self._take(answer)
        return self.get(answer.headers["Location"]) if "Location" in answer.headers else self.page

    def log_in(self, name: str, password: str = "") -> None:
        self.get("/login/")
        self.post("/login/", username=name, password=password or f"{name}-likes-books")

    def _take(self, answer: requests.Response) -> str:
        self._statuses[answer.status_code] += 1
        self.page = answer.text
        found = TOKEN.search(self.page)
        if found:
            self._token = found[1]
        return self.page


def stroll(visitor: Browser) -> None:
    for page in (1, 2, 3, 9):
        visitor.get("/", page=page)
    for pk in (1, 3, 4, 9, 4):
        visitor.get(f"/books/{pk}/")
    visitor.get("/")
    for text in ("austen", "Kim", "nothing like it", "  "):
        visitor.get("/", q=text)
    visitor.get("/books/77/")
    visitor.get("/loans/")
    visitor.get("/books/1/borrow/")
    visitor.post("/books/1/borrow/")


def borrow_some(visitor: Browser, *books: int) -> None:
    for pk in books:
        visitor.get(f"/books/{pk}/")
        visitor.post(f"/books/{pk}/borrow/")


def give_all_back(visitor: Browser) -> None:
    paths = RETURN.findall(visitor.get("/loans/"))
    for path in paths:
        visitor.post(path.replace("return", "renew"))
        visitor.post(path)
    visitor.post(paths[0])


def add_books(clerk: Browser) -> None:
    clerk.get("/books/add/")
    book = {"title": "Cranford", "author": "Elizabeth Gaskell", "price": "5.20", "copies": "2"}
    clerk.post("/books/add/", **book, isbn="978-0-14-143988-4")
    clerk.post("/books/add/", **book, isbn="978-0-14-143988-4")
    clerk.post("/books/add/", **book, isbn="978-0-14-143988-5")
    clerk.post("/books/add/", **{**book, "price": "cheap"}, isbn="9780141441085")
    clerk.get("/loans/overdue.json")


def run(url: str) -> Counter[int]:
    statuses: Counter[int] = Counter()
    stroll(Browser(url, statuses))
    for name, books in (("ada", (9, 7, 8, 3)), ("bob", (9, 2)), ("dan", (4, 6, 8, 77))):
        member = Browser(url, statuses)
        member.log_in(name)
        borrow_some(member, *books)
        give_all_back(member)
        borrow_some(member, books[0])
        member.get("/books/add/")
        member.post("/loans/")
        member.get("/")
        if name == "dan":
            member.post("/logout/")
    Browser(url, statuses).log_in("cleo", "wrong")
    clerk = Browser(url, statuses)
    clerk.log_in("clerk")
    add_books(clerk)
    return statuses


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Send the example's traffic to the library.")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8000")
    statuses = run(parser.parse_args(argv).url)
    counts = ", ".join(f"{code}: {count}" for code, count in sorted(statuses.items()))
    print(f"{statuses.total()} requests by status: {counts}")
    missing = sorted(EXPECTED - statuses.keys())
    unforeseen = sorted(statuses.keys() - EXPECTED)
    if missing or unforeseen:
        print(f"never seen: {missing}; not foreseen: {unforeseen}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
