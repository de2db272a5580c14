"""The event that a GitHub workflow runs for, read from its variables and its file.

https://docs.github.com/actions/reference/variables-reference and
https://docs.github.com/webhooks/webhook-events-and-payloads
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..recorders.errors import ConfigurationError

NO_COMMIT = "0" * 40
"""What a push names as its predecessor where the branch is new."""


class Event(NamedTuple):
    """What a workflow runs for."""

    name: str
    """`pull_request`, `push`, `merge_group`, …"""
    base: str
    """Commit that the change is to be compared with; empty where the event names none."""
    head: str
    """Commit that the pull request proposes; empty where there is none."""
    number: int
    """Of the pull request; 0 where there is none."""
    is_fork: bool
    """Whether the change comes from another repository: then the workflow has no secrets."""
    default_branch: str

    @property
    def is_pull_request(self) -> bool:
        """Whether there is a pull request to comment on."""
        return self.number > 0


def read_event(environ: Mapping[str, str]) -> Event:
    """The event of this workflow; raises `ConfigurationError` where there is none."""
    path = environ.get("GITHUB_EVENT_PATH", "")
    if not path:
        raise ConfigurationError(
            "GITHUB_EVENT_PATH is not set: this command is for a workflow of GitHub Actions. "
            "Elsewhere run: pytest --runtime-baseline=NAME"
        )
    try:
        event: Any = msgspec.json.decode(Path(path).read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigurationError(f"the event of this workflow cannot be read: {path}: {error}") from error
    return event_of(environ.get("GITHUB_EVENT_NAME", ""), event)


def event_of(name: str, payload: Any) -> Event:
    """The event that a payload says."""
    pull = _at(payload, "pull_request")
    head, base = _at(pull, "head"), _at(pull, "base")
    commit = _text(base, "sha") or _text(_at(payload, "merge_group"), "base_sha") or _text(payload, "before")
    here = _text(_at(payload, "repository"), "full_name")
    number = _at(pull, "number")
    return Event(
        name=name,
        base="" if commit == NO_COMMIT else commit,
        head=_text(head, "sha"),
        number=number if isinstance(number, int) else 0,
        is_fork=bool(pull) and _text(_at(head, "repo"), "full_name") != here,
        default_branch=_text(_at(payload, "repository"), "default_branch"),
    )


def _at(payload: Any, key: str) -> Any:
    return payload.get(key) if isinstance(payload, dict) else None


def _text(payload: Any, key: str) -> str:
    found = _at(payload, key)
    return found if isinstance(found, str) else ""
