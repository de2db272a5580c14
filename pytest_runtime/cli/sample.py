"""The value of `--sample`: traces a second, `all`, or `auto`."""

from __future__ import annotations

import math

import click

from ..recorders.options import Sample


def sample_value(text: str) -> Sample:
    """What `sample` in the configuration takes too; raises `click.BadParameter`."""
    if text == "all":
        return "all"
    if text == "auto":
        return "auto"
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise click.BadParameter(f"{text!r} is neither a number of traces a second, nor all, nor auto")
    return number
