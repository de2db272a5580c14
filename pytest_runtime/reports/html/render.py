"""Rendering: a result as the values that the template of the HTML report shows, and the page itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, NamedTuple

from jinja2 import BaseLoader, Environment, StrictUndefined
from markupsafe import Markup

from ...replay.model.verdict import VERDICTS, ClassVerdict, Effect
from ...replay.run.causes import Cause, causes_of, place_key, replay_command, sorts_of
from ...replay.run.excerpts import Excerpt
from ...replay.run.result import RunResult
from ..headline import State, headline_of
from ..owners import Owners
from ..printing import many, printable
from .lists import Section, lists_of
from .values import shown

OPENED = 1
"""Causes that are open when the page is: the first screen shows one whole."""

NEIGHBOURS = 2
"""Calls before and after one that differs: enough to see between what it stands."""

SIGNS: dict[State, str] = {"safe": "✓", "changed": "✗", "unknown": "?"}


class _Heading(NamedTuple):
    id: str
    title: str
    items: int


def html_of(result: RunResult) -> str:
    """The page: it loads nothing, and nothing of the baseline or the candidate in it is markup."""
    style, script, template = (_resource(name) for name in ("report.css", "report.js", "report.html.j2"))
    environment = Environment(
        loader=BaseLoader(),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["css"] = lambda verdict: verdict.replace(" ", "-")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = environment.from_string(template).render(
        **_values(result), style=Markup(style), script=Markup(script), script_digest=digest
    )
    return page if page.endswith("\n") else f"{page}\n"


def _resource(name: str) -> str:
    return resources.files(__package__ or __name__).joinpath(name).read_text(encoding="utf-8")


def _shown(value: Any) -> Any:
    """What neither a terminal nor a browser shows otherwise than it is: directions of writing, control characters."""
    return printable(value) if type(value) is str else value


def _values(result: RunResult) -> dict[str, Any]:
    found = causes_of(result.verdicts)
    numbers = {place_key(cause.location): number for number, cause in enumerate(found, 1)}
    ids = {name: number for number, name in enumerate(dict.fromkeys(verdict.entry for verdict in result.verdicts), 1)}
    owners = Owners(result.root)
    headline = headline_of(result)
    rows = [row for verdict in result.verdicts for row in _rows(verdict, numbers, ids[verdict.entry])]
    lists = lists_of(result)
    counts = [(verdict, count) for verdict, count in result.counts().items() if count]
    return {
        "title": headline.title,
        "headline": headline,
        "sign": SIGNS[headline.state],
        "baseline": result.baseline,
        "oracle": result.oracle,
        "trace": result.trace,
        "selected": len(result.verdicts),
        "asserted": result.asserted(),
        "counts": counts,
        "verdicts": [verdict for verdict, _count in counts],
        "causes": [_cause(number, cause, result, owners, ids) for number, cause in enumerate(found, 1)],
        "opened": OPENED,
        "lists": lists,
        "rows": rows,
        "kinds": list(dict.fromkeys(row["kind"] for row in rows)),
        "entries": [_entry(name, number, result, counts) for name, number in ids.items()],
        "sections": list(_headings(found, lists, rows, ids)),
    }


def _headings(
    causes: Sequence[Cause], lists: Sequence[Section], rows: Sequence[object], ids: dict[str, int]
) -> Iterator[_Heading]:
    if causes:
        yield _Heading("causes", "What changed", len(causes))
    yield from (_Heading(section.id, section.short, section.number) for section in lists)
    if rows:
        yield _Heading("divergences", "All divergences", len(rows))
    if ids:
        yield _Heading("entries", "Entries and paths", len(ids))


def _cause(number: int, cause: Cause, result: RunResult, owners: Owners, ids: dict[str, int]) -> dict[str, Any]:
    place, evidence = cause.location, result.evidence_at(cause.location)
    excerpts = [_excerpt(side, sign, found) for side, sign, found in _sides(evidence.base, evidence.candidate) if found]
    entries = list(dict.fromkeys(verdict.entry for verdict in cause.classes))
    members = (trace for verdict in cause.classes for trace in verdict.traces if trace.trace in set(cause.traces))
    first = cause.sorts[0] if cause.sorts else None
    where = f"{place.file}:{place.line}" if place is not None else "no place found"
    fields = [sort.shown for sort in cause.sorts]
    return {
        "number": number,
        "place": where,
        "function": place.function.partition(":")[2] if place is not None else "",
        "traces": cause.traces,
        "replayed": cause.replayed,
        "lead": f"{first.shown}: {first.example.base_text} → {first.example.candidate_text}" if first else "",
        "owners": owners.of(place.file) if place is not None else (),
        "sides": cause.sides,
        "how": place.how if place is not None else "",
        "deleted": place.deleted if place is not None else "",
        "reasons": sorted({trace.reason for trace in members if trace.reason}),
        "excerpts": excerpts,
        "counted": any(line["branches"] for excerpt in excerpts for line in excerpt["lines"]),
        "sorts": [
            {
                "kind": sort.kind,
                "shown": sort.shown,
                "base": sort.example.base_text,
                "candidate": sort.example.candidate_text,
                "traces": len(sort.traces),
                "more": shown(sort.example),
            }
            for sort in cause.sorts
        ],
        "kinds": list(dict.fromkeys(sort.kind for sort in cause.sorts)),
        "effects": list(_folded(cause.effects)),
        "variables": evidence.variables,
        "entries": [{"name": name, "id": ids[name]} for name in entries],
        "replay": replay_command(result.baseline.name, cause.traces[0]),
        "words": " ".join([where, *entries, *fields, *cause.traces]),
    }


def _folded(effects: Sequence[Effect]) -> Iterator[tuple[Effect, int]]:
    """The calls that differ with their neighbours, each with how many the same were left out before it."""
    differing = [position for position, effect in enumerate(effects) if effect.kind != "same"]
    shown = {near for position in differing for near in range(position - NEIGHBOURS, position + NEIGHBOURS + 1)}
    last = -1
    for position, effect in enumerate(effects):
        if position in shown:
            yield effect, position - last - 1
            last = position


def _sides(base: Excerpt | None, candidate: Excerpt | None) -> tuple[tuple[str, str, Excerpt | None], ...]:
    return ("base", "gone", base), ("candidate", "new", candidate)


def _excerpt(side: str, sign: str, excerpt: Excerpt) -> dict[str, Any]:
    changed = set(excerpt.changed)
    return {
        "side": side,
        "sign": sign,
        "file": excerpt.file,
        "lines": [
            {
                "number": number,
                "text": text,
                "changed": number in changed,
                "marked": number == excerpt.marked,
                "branches": [branch for branch in excerpt.branches if branch.line == number],
            }
            for number, text in enumerate(excerpt.lines, excerpt.first)
        ],
    }


def _rows(verdict: ClassVerdict, numbers: dict[Any, int], entry: int) -> Iterator[dict[str, Any]]:
    """One row for each place and field pattern of a path class; `entry` is the number of its entry."""
    places: dict[Any, list[Any]] = {}
    for trace in verdict.traces:
        if trace.verdict == "diverged":
            places.setdefault(place_key(trace.location), []).append(trace)
    for key, traces in places.items():
        location = traces[0].location
        for sort in sorts_of(traces):
            yield {
                "entry": verdict.entry,
                "id": entry,
                "path": verdict.path,
                "words": verdict.words or many(len(verdict.traces), "trace"),
                "kind": sort.kind,
                "place": f"{location.file}:{location.line}" if location is not None else "no place found",
                "cause": numbers.get(key, 0),
                "field": sort.shown,
                "base": sort.example.base_text,
                "candidate": sort.example.candidate_text,
                "trace": sort.traces[0],
                "more": f" (+{len(sort.traces) - 1})" if len(sort.traces) > 1 else "",
            }


def _entry(name: str, number: int, result: RunResult, counts: Sequence[tuple[str, int]]) -> dict[str, Any]:
    classes = [verdict for verdict in result.verdicts if verdict.entry == name]
    return {
        "name": name,
        "id": number,
        "recorded": sum(verdict.recorded for verdict in classes),
        "fidelity": result.fidelity.get(name),
        "paths": [
            {
                "id": verdict.path,
                "words": verdict.words or many(len(verdict.traces), "trace"),
                "recorded": verdict.recorded,
                "counts": [(known, verdict.count(known)) for known in VERDICTS if known in dict(counts)],
            }
            for verdict in classes
        ],
    }
