"""`pytest-runtime probe`: what it prints, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_runtime import probes
from pytest_runtime.cli.main import cli, main
from pytest_runtime.cli.probe import duration_value

from ...recorders.probes.live import Service, service, until
from ...recorders.probes.test_live_probes import TRADING


def probe(*arguments: str) -> Result:
    """Run `pytest-runtime probe`."""
    return CliRunner().invoke(cli, ["probe", *arguments], catch_exceptions=False)


def placed_id(result: Result) -> str:
    """The id that a placing printed."""
    assert result.exit_code == 0, result.output
    return result.output.split()[0]


def seen(shop: Service, probe_id: str, hits: int) -> None:
    """Wait until a probe has so many hits."""
    until(lambda: shop.status(probe_id).hits >= hits)


def test_from_placing_to_removing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a person does it, kind by kind."""
    monkeypatch.chdir(tmp_path)
    with service(tmp_path, TRADING) as shop:
        end = shop.line("# end")
        log = placed_id(probe("log", end, "total={total}", "--if", "total > 10", "--hits", "3", "--for", "10m"))
        snapshot = placed_id(probe("snapshot", end, "--hits", "1", "--key", "incident-7"))
        value = placed_id(probe("value", end, "total", "--for", "90s"))
        duration = placed_id(probe("duration", f"{shop.file}:price"))
        for total in (5, 20):
            shop.module.price(total)
        for probe_id, hits in ((log, 1), (snapshot, 1), (value, 2), (duration, 2)):
            seen(shop, probe_id, hits)
        assert "total=20" in probe("read", log).output
        assert "total = 5" in probe("read", snapshot).output
        assert "counted 2: mean 12.5, least 5, most 20, in all 25" in probe("read", value).output
        assert "counted 2: mean " in probe("read", duration).output
        listed = probe("list").output.splitlines()
        assert [line.split()[0] for line in listed[1:]] == [duration, value, snapshot, log]
        found = json.loads(probe("list", "--json").output)
        assert found["format"] == "pytest-runtime probe list"
        assert [one["probe"]["key"] for one in found["probes"] if "key" in one["probe"]] == ["incident-7"]
        reading = json.loads(probe("read", log, "--json").output)
        assert [hit["text"] for hit in reading["hits"]] == ["total=20"]
        assert probe("remove", log).output == f"removed {log}: 1 of 3 hits\n"
        assert log not in probe("list").output
        audit = probe("audit", "--verify")
        assert audit.exit_code == 0
        assert "each follows the one before it" in audit.output
        path = tmp_path / ".runtime" / "live.baseline.probes" / "audit.log"
        path.write_bytes(path.read_bytes().replace(b'"placed"', b'"read"', 1))
        broken = probe("audit", "--verify")
        assert broken.exit_code == 1
        assert "the log was changed: line 1 was changed" in broken.output


def test_following_ends_with_the_probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hits as they come, then how it ended."""
    monkeypatch.chdir(tmp_path)
    with service(tmp_path, TRADING) as shop:
        log = placed_id(probe("log", shop.line("# end"), "total={total}", "--hits", "2"))
        for total in (1, 2):
            shop.module.price(total)
        output = probe("read", log, "--follow").output
        assert output.index("total=1") < output.index("total=2") < output.rindex("done, 2 of 2 hits")


def test_what_cannot_be_done_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with status 2."""
    monkeypatch.chdir(tmp_path)

    def said(*arguments: str) -> str:
        assert main(["probe", *arguments]) == 2
        return capsys.readouterr().err

    assert "there are none yet" in said("list")
    with service(tmp_path, TRADING) as shop:
        place = shop.line("# end")
        assert "no baseline 'other'" in said("list", "--baseline", "other")
        assert "is not accepted" in said("log", place, "{total}", "--if", "open('x')")
        assert "has no variable 'totl'" in said("log", place, "{totl}")
        assert "the nearest that have are" in said("counter", f"{shop.file}:999")
        assert "no probe 'abc'" in said("read", "abc")
        assert "no probe 'abc'" in said("remove", "abc")
        assert "is no duration" in said("counter", place, "--for", "soon")
        (tmp_path / "policy.toml").write_text("[[")
        assert "nothing is allowed" in said("counter", place)
    assert probes.list(root=tmp_path) == ()


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0), ("30", 30.0)])
def test_durations(text: str, seconds: float) -> None:
    """In seconds, minutes and hours."""
    assert duration_value(text) == seconds
