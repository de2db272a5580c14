"""One written test, in a process of its own: Hypothesis writes that two functions do the same.

    python ghostwriting.py BEFORE AFTER FUNCTION     two modules in the current folder, and a name in both

Prints the test. Ends with 1 when it cannot be written, or has no strategy for an argument; the last line says why.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main(modules: list[str], name: str) -> int:
    sys.path.insert(0, str(Path.cwd()))
    from hypothesis.extra.ghostwriter import equivalent

    functions: list[Callable[..., Any] | None] = [getattr(importlib.import_module(one), name, None) for one in modules]
    there = [one for one in functions if one is not None]
    if len(there) < len(functions):
        return refused(f"{name} is not in both versions")
    try:
        # Equal exceptions are no difference: otherwise the first input that both refuse would end the test.
        text = equivalent(*there, allow_same_errors=True)
    except Exception as error:  # noqa: BLE001  # whatever it is, there is no test
        return refused(f"{type(error).__name__}: {error}")
    unknown = re.findall(r"(\w+)=st\.nothing\(\)", text)
    if unknown:
        return refused(f"no strategy for {', '.join(unknown)}")
    print(text)
    return 0


def refused(why: str) -> int:
    print(" ".join(why.split()))
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:3], sys.argv[3]))
