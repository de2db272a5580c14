"""Annotations of GitHub Actions: workflow commands that mark the changed lines of a pull request.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..replay.run.causes import Cause, causes_of
from ..replay.run.result import RunResult
from .headline import headline_of
from .owners import Owners
from .printing import many, printable

LIMIT = 10
"""Annotations of one kind that GitHub shows of a step."""


def annotations_of(result: RunResult, prefix: str = "") -> list[str]:
    """One command a cause, most traces first; `prefix` leads from the repository's root to the project's.

    A run that is no pass without any cause has one that says why.
    """
    owners = Owners(result.root)
    found = [_cause(cause, prefix, owners) for cause in causes_of(result.verdicts)]
    found += list(_unjudged(result, prefix))
    if not found and not result.passed():
        headline = headline_of(result)
        found = [command("error", f"{headline.title}\n{headline.why}", title="pytest-runtime")]
    if len(found) > LIMIT:
        more = f"{len(found) - LIMIT + 1} more are in the report"
        found = [*found[: LIMIT - 1], command("error", more, title="pytest-runtime")]
    return found


def _cause(cause: Cause, prefix: str, owners: Owners) -> str:
    traces = many(len(cause.traces), "trace")
    lines = [f"{traces} of {cause.replayed} diverged: callers see another result."]
    for side in cause.sides[:1]:
        lines += [f"base: {side.base}", f"candidate: {side.candidate}"]
    if cause.location is not None and not cause.sides:
        lines.append(cause.location.how)
    for sort in cause.sorts[:6]:
        lines.append(f"{sort.shown}: {sort.example.base_text} → {sort.example.candidate_text}")
    file, line = (cause.location.file, cause.location.line) if cause.location is not None else ("", 0)
    if names := owners.of(file) if file else ():
        lines.append(f"Owned by {', '.join(names)}")
    return command(
        "error", "\n".join(lines), title=f"{traces} diverged here", file=f"{prefix}{file}" if file else "", line=line
    )


def _unjudged(result: RunResult, prefix: str) -> Iterator[str]:
    for change in result.agreed.left:
        file, _colon, rest = change.name.partition(":")
        number = rest.split(" ")[0]
        named = change.kind == "line" and number.isdigit()
        yield command(
            "error",
            change.describe(),
            title="changed and judged by no trace",
            file=f"{prefix}{file}" if named else "",
            line=int(number) if named else 0,
        )


def command(
    level: Literal["error", "warning", "notice"], message: str, *, title: str, file: str = "", line: int = 0
) -> str:
    """One workflow command, in a line."""
    properties = {"file": file, "line": str(line) if line else "", "title": title}
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    return f"::{level} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
