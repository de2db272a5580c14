"""Texts of a baseline, which may be hostile, on a terminal and in the log of a CI system.

A CI system takes lines of its log for commands: GitHub Actions `::name ...::` at the begin of a line and `##[name]`
anywhere (https://docs.github.com/actions/reference/workflow-commands-for-github-actions), Azure Pipelines
`##vso[area.action]`, TeamCity `##teamcity[...]`. GitLab's sections begin with an escape character.
"""

from __future__ import annotations

import re

_COMMAND = re.compile(r"^(\s*):(?=:)|#(?=#(?:\[|vso\[|teamcity\[))", re.IGNORECASE | re.MULTILINE)


def printable(text: str) -> str:
    """A text that neither a terminal nor a CI system takes for a command; its line ends stay.

    Printing what is printable changes nothing.
    """
    if not text.isprintable():
        text = "".join(char if char == "\n" or char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    if "::" in text or "##" in text:
        text = _COMMAND.sub(lambda found: f"{found[0]} ", text)
    return text


def in_line(text: str) -> str:
    """The same in one line: a name in a baseline may hold the end of one."""
    return printable(" ".join(text.splitlines()))
