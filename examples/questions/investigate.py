"""Three incidents, recorded and investigated with `compare` and `why`: run it, and read what is found.

    python investigate.py            # records into a folder of its own, which goes at the end

1. The database gave 100 rows, and the page shows 20.
2. A payment is sent four times.
3. Staging and production round differently.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
GATEWAY_LIMIT = 1_000


def main() -> int:
    """Investigate all three; the status says whether each was found out."""
    with tempfile.TemporaryDirectory(prefix="incidents-") as name:
        folder = Path(name)
        shutil.copytree(HERE / "shopfront", folder / "shopfront", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(HERE / "pyproject.toml", folder)
        before = Path.cwd()
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        try:
            for incident in (missing_rows, retries, two_stages):
                print(f"\n=== {(incident.__doc__ or '').splitlines()[0]}")
                incident(folder)
        finally:
            os.chdir(before)
            sys.path.remove(str(folder))
    return 0


def missing_rows(folder: Path) -> None:
    """The database gave 100 rows, and the page shows 20."""
    from pytest_runtime import record

    database = str(folder / "shop.db")
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE items (id INTEGER, shop INTEGER, name TEXT)")
        rows = [(number, shop, f"item {number}") for shop in range(1, 41) for number in range(100 if shop % 2 else 12)]
        connection.executemany("INSERT INTO items VALUES (?, ?, ?)", rows)
    with record("catalogue", root=folder):
        from shopfront import catalogue

        for shop in range(1, 41):
            catalogue.items(database, shop)
            catalogue.items(database, shop, page_size=500)
    fails = 'len(result.items) < exchanges["SELECT items"].rows'
    ask(
        "compare", "catalogue", "--pick", "len(result.items)", "--pick", "rows", "--pick", "page_size", "--group", fails
    )
    ask("why", "catalogue", "--fail", fails)


def retries(folder: Path) -> None:
    """A payment is sent four times."""
    from pytest_runtime import record

    with gateway() as address, record("retries", root=folder):
        from shopfront import payments

        for number in range(40):
            payments.pay(address, f"order-{number}", 50 * number, express=number % 3 == 0)
    ask("why", "retries", "--fail", 'exchanges["/charges"].count > 1')


def two_stages(folder: Path) -> None:
    """Staging and production round differently."""
    from pytest_runtime import record

    for name, rounding in (("staging", None), ("production", "half-even")):
        if rounding is None:
            os.environ.pop("TAX_ROUNDING", None)
        else:
            os.environ["TAX_ROUNDING"] = rounding
        forget_modules()
        with record(name, root=folder):
            from shopfront import prices

            for cents in range(25, 475, 25):
                prices.gross(f"{cents / 1000:.3f}", 0)
    os.environ.pop("TAX_ROUNDING", None)
    ask("compare", "staging", "production", "--rows", "4")


def forget_modules() -> None:
    """Import the service anew: on Python 3.11 a recorder sees the modules that are imported under it."""
    for module in [name for name in sys.modules if name.partition(".")[0] == "shopfront"]:
        del sys.modules[module]


@contextmanager
def gateway() -> Iterator[str]:
    """A payment gateway that refuses large sums with a status that looks like a moment's weakness."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            charge = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refused = charge["total"] > GATEWAY_LIMIT
            body = json.dumps({"error": "over the limit"} if refused else {"ok": True}).encode()
            self.send_response(503 if refused else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def ask(*command: str) -> None:
    """Show a command, and what it prints."""
    from pytest_runtime.cli.main import main as run

    shown = " ".join(f"'{word}'" if not word.isidentifier() and not word.startswith("--") else word for word in command)
    print(f"\n$ pytest-runtime {shown}", flush=True)
    run(command)


if __name__ == "__main__":
    sys.exit(main())
