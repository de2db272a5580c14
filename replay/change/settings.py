"""Settings: the part of a project's configuration that decides on what a replay does."""

from __future__ import annotations

import tomllib
from typing import Any

DECISIVE = ("include", "app", "boundaries")


def replay_settings(data: bytes) -> dict[str, Any]:
    """Those keys of `[tool.pytest-runtime]` in a `pyproject.toml`; empty for a file that does not parse."""
    try:
        table = tomllib.loads(data.decode()).get("tool", {}).get("pytest-runtime", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
    return {key: table[key] for key in DECISIVE if key in table}
