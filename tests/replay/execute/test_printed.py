"""What is printed is behaviour: it is compared between base and candidate; what goes to standard error is not."""

from __future__ import annotations

from pathlib import Path

from pytest_runtime.testing import Scenario

SOURCE = """
    import sys

    def show(rows):
        for name, price in rows:
            print(f"{name} {price:.2f}")
        print("done", file=sys.stderr)
    """
ROWS = [("a", 850.5), ("b", 3.25)]


def shop(folder: Path) -> Scenario:
    """One function whose whole purpose is to print."""
    return Scenario(folder, {"shop": SOURCE}).record(lambda shop: shop.show(ROWS))


def test_what_is_printed_is_compared(tmp_path: Path) -> None:
    """Line by line."""
    replayed = shop(tmp_path).change("shop", "{price:.2f}", "{price}").judge()
    assert replayed.counts == {"diverged": 1}
    assert replayed.fields == {"stdout.print() [0]": (r"'a 850.50\n'", r"'a 850.5\n'")}


def test_output_that_is_gone_is_missing(tmp_path: Path) -> None:
    """All of it."""
    replayed = shop(tmp_path).change("shop", 'print(f"{name} {price:.2f}")', "pass").judge()
    assert set(replayed.fields) == {"stdout.print(): missing call"}


def test_the_same_output_in_another_way_is_the_same(tmp_path: Path) -> None:
    """In pieces; and other diagnostics are no difference."""
    scenario = shop(tmp_path).change(
        "shop", 'print(f"{name} {price:.2f}")', 'sys.stdout.write(f"{name} {price:.2f}\\n")'
    )
    assert scenario.change("shop", '"done"', '"finished"').judge().counts == {"same": 1}


def test_against_a_recording_nobody_knows_what_was_printed(tmp_path: Path) -> None:
    """It makes no difference there."""
    assert shop(tmp_path).replay().counts == {"same": 1}
