"""The pytest plugin's edge: its options, and the hand-over to `pytest_run` when one is given.

Without `--runtime-baseline` nothing but the options and the specifications of two hooks is registered, and nothing else
is imported.
"""

from __future__ import annotations

import pytest


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """The hooks of the plugin: known without a baseline too, because a conftest may implement them."""
    from . import hooks

    pluginmanager.add_hookspecs(hooks)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("runtime", "runtime: replay recorded executions on the code under test")
    _add_selection(group)
    _add_results(group)
    parser.addini("runtime_baseline", "default of --runtime-baseline", default="")


def _add_selection(group: pytest.OptionGroup) -> None:
    """What is replayed, and against what."""
    group.addoption(
        "--runtime-baseline", metavar="NAME", default=None, help="replay this baseline and fail on every difference"
    )
    group.addoption("--runtime-only", action="store_true", default=False, help="run nothing but the replays")
    group.addoption("--runtime-trace", metavar="ID", default=None, help="replay only traces whose id begins with ID")
    group.addoption("--runtime-json", metavar="PATH", default=None, help="write the report there as JSON")
    group.addoption(
        "--runtime-report",
        metavar="PATH",
        action="append",
        default=[],
        help="write the report there, in the form that the name says (.html, .md, .sarif, .json); may be given again",
    )
    group.addoption(
        "--runtime-base",
        metavar="REV|DIR",
        default=None,
        help="compare with this revision or folder; default: HEAD when the tree is dirty, else the merge base",
    )
    group.addoption(
        "--runtime-all",
        action="store_true",
        default=False,
        help="replay every trace, not only those that a change reaches",
    )
    group.addoption(
        "--runtime-shard",
        metavar="INDEX/COUNT",
        default=None,
        help="replay only this part of the path classes (2/8: the second of eight); `pytest-runtime report merge` "
        "decides on the whole",
    )


def _add_results(group: pytest.OptionGroup) -> None:
    """What becomes of what is found, and what else is tried."""
    group.addoption(
        "--runtime-accept",
        metavar="REASON",
        default=None,
        help="write the divergences to runtime-accepted.toml as intended",
    )
    group.addoption(
        "--runtime-coverage",
        metavar="FILE",
        default=None,
        help="write what replays ran as data of coverage.py, a context a trace",
    )
    group.addoption(
        "--runtime-require-reached",
        metavar="PERCENT",
        type=float,
        default=None,
        help="fail when replays reach less than this share of the changed lines",
    )
    group.addoption(
        "--runtime-explore",
        metavar="N|strict",
        nargs="?",
        const="",
        default=None,
        help="after the replays, try N inputs next to the recorded ones on each changed function (default 200); "
        "strict: far ones fail too",
    )
    group.addoption(
        "--runtime-write-tests",
        metavar="PATH",
        default=None,
        help="write each confirmed difference as a plain pytest test that asserts what base does",
    )


def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Start before any conftest is loaded: code under test may be imported there."""
    namespace = early_config.known_args_namespace
    if not namespace.runtime_baseline:
        namespace.runtime_baseline = early_config.getini("runtime_baseline") or None
    if namespace.runtime_baseline and not namespace.help:
        from .ordinary_imports import import_ordinarily

        early_config.add_cleanup(import_ordinarily())
        from .pytest_run import start

        start(early_config, namespace)
