"""The values of `--sample` (traces a second, `all`, or `auto`) and `--cpu-share` (a share of the CPU)."""

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


def share_value(text: str) -> float:
    """A share as a number or in percent, between 0 and 1; raises `click.BadParameter`."""
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        raise click.BadParameter(f"{text!r} is no share of the CPU: write 2% or 0.02")
    return number
