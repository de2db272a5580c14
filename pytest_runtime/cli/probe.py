"""`pytest-runtime probe`: questions to running processes."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import click
import msgspec

from .. import probes
from ..recorders.probes.model import METRICS, AuditLine, Hit, Kind, Metric, ProbeStatus, ProcessStatus, Reading
from ..recorders.probes.render import render
from .output import Block, Line, Table, json_option, show

F = TypeVar("F", bound=Callable[..., Any])

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}
_FOLLOWED: Final = 5.0
"""Seconds that one look waits for new hits."""


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """The probes of a baseline."""

    probes: tuple[ProbeStatus, ...]


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A process that was reached."""

    pid: int
    baseline: str


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The audit log of a baseline's probes."""

    lines: tuple[AuditLine, ...]
    problem: str
    """What is wrong with it; empty where the chain of digests holds, or was not asked for."""


def duration_value(text: str) -> float:
    """`90s`, `10m`, `1h`, or seconds; raises `click.BadParameter`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no duration: write 90s, 10m or 1h")
    return float(found[1]) * _UNITS.get(found[2], 1.0)


def _baseline_option(function: F) -> F:
    return click.option(
        "--baseline",
        default="",
        metavar="NAME",
        help="The baseline that the processes record into; default: the one that has running processes.",
    )(function)


def _placing(function: F) -> F:
    """The options of every kind of probe."""
    options: tuple[Callable[[Any], Any], ...] = (
        click.option("--if", "condition", default="", metavar="CONDITION", help="Only where this is true."),
        click.option("--hits", type=click.IntRange(min=1), metavar="N", help="Most hits; default 100, of metrics any."),
        click.option("--for", "seconds", type=duration_value, default="10m", metavar="TIME", help="How long; 10m."),
        click.option("--pid", type=int, default=0, metavar="PID", help="In this process alone."),
        click.option("--key", default="", metavar="KEY", help="A name of your own, for finding it again."),
        _baseline_option,
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.group("probe")
def probe_command() -> None:
    """Ask running processes: logs, snapshots and metrics at a line, without a restart."""


@probe_command.command("log")
@click.argument("place")
@click.argument("text")
@_placing
def log_command(place: str, text: str, **options: Any) -> None:
    """Write a line at each execution of PLACE: pytest-runtime probe log shop/trading.py:42 'total={total}'"""
    _place("log", place, text, **options)


@probe_command.command("snapshot")
@click.argument("place")
@_placing
def snapshot_command(place: str, **options: Any) -> None:
    """Keep local variables and the stack at each execution of PLACE."""
    _place("snapshot", place, "", **options)


@probe_command.command("counter")
@click.argument("place")
@_placing
def counter_command(place: str, **options: Any) -> None:
    """Count the executions of PLACE."""
    _place("counter", place, "", **options)


@probe_command.command("duration")
@click.argument("place")
@_placing
def duration_command(place: str, **options: Any) -> None:
    """Measure how long each call of the function PLACE takes; a condition is asked at its end."""
    _place("duration", place, "", **options)


@probe_command.command("value")
@click.argument("place")
@click.argument("expression")
@_placing
def value_command(place: str, expression: str, **options: Any) -> None:
    """Add up the number EXPRESSION at each execution of PLACE."""
    _place("value", place, expression, **options)


def _place(kind: Kind, place: str, text: str, *, as_json: bool, **options: Any) -> None:
    status = probes.create(kind, place, text=text, **options)
    show(f"probe {kind}", status, _status_blocks(status), as_json=as_json)


@probe_command.command("list")
@_baseline_option
@json_option
def list_command(baseline: str, as_json: bool) -> None:
    """List the probes that are placed, and those that are over and can still be read."""
    listed = Listed(probes=probes.list(baseline=baseline))
    show("probe list", listed, _list_blocks(listed), as_json=as_json)


@probe_command.command("read")
@click.argument("probe_id", metavar="ID")
@click.option("--follow", is_flag=True, help="Go on until the probe is over.")
@click.option("--after", type=int, default=0, metavar="N", help="Only hits behind the one of this number.")
@_baseline_option
@json_option
def read_command(probe_id: str, follow: bool, after: int, baseline: str, as_json: bool) -> None:
    """Print what the probe ID has seen."""
    reading = probes.read(probe_id, after=after, baseline=baseline)
    if not follow:
        show("probe read", reading, _reading_blocks(reading), as_json=as_json)
        return
    for part in _followed(reading, baseline):
        show("probe read", part, _reading_blocks(part, brief=True), as_json=as_json)
        sys.stdout.flush()


def _followed(reading: Reading, baseline: str) -> Iterator[Reading]:
    """What comes, as it comes, and at the end how the probe ended."""
    is_metric = reading.status.probe.kind in METRICS
    while True:
        if reading.hits or is_metric or reading.status.life != "placed":
            yield reading
        if reading.status.life != "placed" and not reading.hits:
            return
        if is_metric:
            time.sleep(1.0)
        reading = probes.follow(reading.status.probe.id, after=reading.last, wait=_FOLLOWED, baseline=baseline)


@probe_command.command("remove")
@click.argument("probe_id", metavar="ID")
@_baseline_option
@json_option
def remove_command(probe_id: str, baseline: str, as_json: bool) -> None:
    """Take the probe ID out of every process, and forget what it saw."""
    status = probes.remove(probe_id, baseline=baseline)
    show("probe remove", status, [Line(f"removed {probe_id}: {_hits_text(status)}")], as_json=as_json)


@probe_command.command("attach")
@click.argument("pid", type=int)
@click.option("--baseline", required=True, metavar="NAME", help="Probes for this baseline come into the process, too.")
@click.option("--include", multiple=True, metavar="PKG", help="A package in which they may stand; may be given again.")
@json_option
def attach_command(pid: int, baseline: str, include: tuple[str, ...], as_json: bool) -> None:
    """Reach the process PID, which was not started under the recorder (Python 3.14). It is not recorded."""
    probes.attach(pid, baseline=baseline, include=include)
    attached = Attached(pid=pid, baseline=baseline)
    show("probe attach", attached, [Line(f"probes for {baseline} come into process {pid} now")], as_json=as_json)


@probe_command.command("audit")
@click.option("--verify", is_flag=True, help="Say whether the chain of digests holds; exits with 1 where not.")
@_baseline_option
@json_option
@click.pass_context
def audit_command(context: click.Context, verify: bool, baseline: str, as_json: bool) -> None:
    """Print who placed, read and removed which probe, and what became of it."""
    lines, problem = probes.audit(baseline=baseline)
    audit = Audit(lines=tuple(lines), problem=problem if verify else "")
    show("probe audit", audit, _audit_blocks(audit, verify=verify), as_json=as_json)
    context.exit(1 if audit.problem else 0)


# --- what is shown ----------------------------------------------------------------------------------------------------


def _hits_text(status: ProbeStatus) -> str:
    most = f" of {status.probe.hits}" if status.probe.hits and status.probe.kind not in METRICS else ""
    return f"{status.hits}{most} hits"


def _status_blocks(status: ProbeStatus) -> Iterator[Block]:
    probe = status.probe
    condition = f" if {probe.condition}" if probe.condition else ""
    left = f", {status.left:.0f} s left" if status.life == "placed" else ""
    yield Line(
        f"{probe.id}  {probe.kind} {probe.place}{condition}: {status.life}, {_hits_text(status)}{left}", "heading"
    )
    if probe.text:
        yield Line(probe.text, "dim", 2)
    if not status.processes and status.life == "placed":
        yield Line("no process has taken notice of it yet: it waits for one that loads the file", "bad", 2)
    for process in status.processes:
        yield Line(_process_text(process), "bad" if process.state in ("refused", "broken") else "", 2)
    if status.metric is not None:
        yield from _metric_blocks(status.metric, seconds=probe.kind == "duration")


def _process_text(process: ProcessStatus) -> str:
    parts = [f"process {process.pid} ({process.program}): {process.state}"]
    parts += [process.reason] if process.reason else []
    parts += [f"{process.left_out} hits left out"] if process.left_out else []
    parts += [f"{process.errors} could not be evaluated: {process.error}"] if process.errors else []
    return "; ".join(parts)


def _metric_blocks(metric: Metric, *, seconds: bool) -> Iterator[Block]:
    if not metric.count or not (metric.total or metric.buckets or metric.most):
        yield Line(f"counted {metric.count}", "", 2)
        return
    unit = " s" if seconds else ""
    mean = metric.total / metric.count
    figures = f"mean {mean:.6g}{unit}, least {metric.least:.6g}{unit}, most {metric.most:.6g}{unit}"
    yield Line(f"counted {metric.count}: {figures}, in all {metric.total:.6g}{unit}", "", 2)
    rows = [(f"{2.0**power:.6g}{unit}", str(count)) for power, count in metric.buckets.items()]
    if rows:
        yield Table(("from", "count"), rows, frozenset({"from", "count"}), 4)


def _list_blocks(listed: Listed) -> Iterator[Block]:
    if not listed.probes:
        yield Line("no probes; pytest-runtime probe log FILE:LINE 'total={total}'")
        return
    rows = [
        (
            status.probe.id,
            status.probe.kind,
            status.probe.place,
            status.life,
            str(status.hits),
            f"{status.left:.0f} s" if status.left else "-",
            ", ".join(dict.fromkeys(process.state for process in status.processes)) or "-",
            status.probe.by,
        )
        for status in listed.probes
    ]
    yield Table(("id", "kind", "place", "is", "hits", "left", "in processes", "by"), rows, frozenset({"hits", "left"}))


def _reading_blocks(reading: Reading, *, brief: bool = False) -> Iterator[Block]:
    if not brief or reading.status.life != "placed" or reading.status.metric is not None:
        yield from _status_blocks(reading.status)
    for hit in reading.hits:
        yield from _hit_blocks(hit, reading.status.probe.kind)


def _hit_blocks(hit: Hit, kind: Kind) -> Iterator[Block]:
    when = time.strftime("%H:%M:%S", time.localtime(hit.at)) + f".{int(hit.at * 1000) % 1000:03d}"
    where = f"process {hit.pid}" + (f", {hit.thread}" if hit.thread else "") + (f", {hit.trace}" if hit.trace else "")
    if kind == "log":
        yield Line(f"{when} {hit.text}", "", 2)
        return
    yield Line(f"hit {hit.number} at {when}, {where}", "heading", 2)
    for name, value in zip(hit.names, hit.values, strict=True):
        yield Line(f"{name} = {render(value)}", "", 4)
    for call in hit.stack:
        yield Line(f"called from {call.function} ({call.file}:{call.line})", "dim", 4)


def _audit_blocks(audit: Audit, *, verify: bool) -> Iterator[Block]:
    for line in audit.lines:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(line.at))
        condition = f" if {line.condition}" if line.condition else ""
        what = f"{line.what} {line.probe} {line.kind} {line.place}{condition}"
        yield Line(f"{when} UTC  {line.by}  {what}, {line.hits} hits{': ' + line.reason if line.reason else ''}")
    if audit.problem:
        yield Line(f"the log was changed: {audit.problem}", "bad")
    elif verify:
        yield Line(f"{len(audit.lines)} lines, and each follows the one before it", "good")
