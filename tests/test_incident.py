"""The example of an incident: what is asked of the running service finds the fault, and proves the fix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

INCIDENT = Path(__file__).resolve().parent.parent / "examples" / "incident"


def test_the_incident_is_found_fixed_and_proved() -> None:
    """From end to end, with a real service under traffic."""
    ran = subprocess.run(
        [sys.executable, str(INCIDENT / "incident.py")], capture_output=True, text=True, timeout=180, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.count("amount=4000000 JPY high_value=False") >= 1
    assert ran.stdout.count("error = RateMissing") == 3
    assert ran.stdout.count("amount=4000000 JPY high_value=True") == 3
    assert ran.stdout.endswith("found, fixed, and proved\n")


def test_the_lost_rows_are_found() -> None:
    """Between two values."""
    ran = subprocess.run(
        [sys.executable, str(INCIDENT / "rows.py")], capture_output=True, text=True, timeout=180, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "100 rows from the database, 20 in the answer" in ran.stdout
    assert "100 rows from the database, 100 in the answer" in ran.stdout
