"""The page of traces side by side; it loads nothing, and nothing of a baseline in it is markup."""

from __future__ import annotations

from importlib import resources

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from ...replay.inspect.side_by_side import SideBySide
from ..printing import printable

KINDS = (
    ("separating", "Differs exactly between the groups"),
    ("differing", "Differs"),
    ("same", "Same in all"),
)


def side_by_side_html(table: SideBySide) -> str:
    """The page."""
    environment = Environment(
        loader=BaseLoader(), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.finalize = lambda value: printable(value) if type(value) is str else value
    template = environment.from_string(_resource("side_by_side.html.j2"))
    page = template.render(table=table, groups=list(table.groups), kinds=KINDS, style=Markup(_resource("report.css")))
    return page if page.endswith("\n") else f"{page}\n"


def _resource(name: str) -> str:
    return resources.files(__package__ or __name__).joinpath(name).read_text(encoding="utf-8")
