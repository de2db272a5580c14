"""The application of a recorded service: under which name an included module holds it."""

from __future__ import annotations

import sys
from collections.abc import Callable


def locate_application(application: object, covers: Callable[[str], bool]) -> str:
    """`module:attribute` under which an included module holds the application; empty when none does."""
    for name, module in list(sys.modules.items()):
        if covers(name):
            for attribute, value in list(vars(module).items()):
                if value is application:
                    return f"{name}:{attribute}"
    return ""
