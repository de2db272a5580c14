"""The examples of questions: each incident is found out, by commands as a person gives them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "questions" / "investigate.py"


def test_the_incidents_are_found_out() -> None:
    """The rows that are cut off, the payment that is sent four times, and the rounding of two stages."""
    done = subprocess.run([sys.executable, EXAMPLE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rows, retries, stages = (re.sub(r" +", " ", part) for part in done.stdout.split("\n=== ")[1:])
    assert "exchanges['SELECT items'].rows == 100 and page_size is None is true" in rows
    assert "at shopfront/catalogue.py:17" in rows
    assert "first shows in outbound system" in retries
    assert "total > SURCHARGE_FROM is true" in retries
    assert "environment.TAX_ROUNDING given, certain not set 'half-even'" in stages
    assert "staging: Decimal('0.03') production: Decimal('0.02')" in stages
