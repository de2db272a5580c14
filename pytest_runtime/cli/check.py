"""`pytest-runtime check`: whether a baseline is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from ..config import load_project
from ..recorders.store.open import damage_of
from ..reports.printing import many
from ..wiring import readable_url
from .baselines import complete_baselines
from .output import Block, Line, json_option, show


class DamageView(msgspec.Struct, frozen=True):
    """One thing that is wrong with a baseline."""

    where: str
    problem: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of a baseline."""

    baseline: str
    location: str
    damage: tuple[DamageView, ...]


@click.command("check")
@click.argument("name", shell_complete=complete_baselines)
@json_option
@click.pass_context
def check_command(context: click.Context, name: str, as_json: bool) -> None:
    """Verify every digest of the baseline NAME, and that everything in it that refers to something finds it. Names what
    is damaged, and exits with 1 if anything is."""
    location = readable_url(load_project(Path.cwd()), name)
    damage = tuple(DamageView(found.where, found.problem) for found in damage_of(location))
    checked = Checked(baseline=name, location=location, damage=damage)
    show("check", checked, blocks_of(checked), as_json=as_json)
    context.exit(1 if damage else 0)


def blocks_of(checked: Checked) -> Iterator[Block]:
    """A line for each thing that is wrong, and what to do."""
    if not checked.damage:
        yield Line(f"{checked.baseline} is whole", "good")
        return
    for damage in checked.damage:
        yield Line(f"{damage.where}: {damage.problem}", "bad")
    yield Line(
        f"{many(len(checked.damage), 'thing')} in {checked.location} damaged. "
        "Restore it from where it was recorded (pytest-runtime pull), or record anew"
    )
