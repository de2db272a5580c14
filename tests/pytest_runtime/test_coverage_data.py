"""The coverage data file: coverage.py's own reports read it, one context per trace."""

from __future__ import annotations

import io
import json
import sys
import textwrap
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from coverage import Coverage, CoverageData

from pytest_runtime.recorders.errors import ConfigurationError
from pytest_runtime.reports.coverage_data import import_lines, write_coverage

SOURCE = """\
def fee(total):
    if total > 100:
        return 10
    return 0


def unused():
    return 1
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of four lines that traces ran, and two that they did not."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "shop.py"
    path.write_text(SOURCE)
    return path


def loaded(path: Path) -> Coverage:
    """The data as `coverage` reads it."""
    found = Coverage(data_file=str(path), config_file=False)
    found.load()
    return found


def test_coverage_reports_what_traces_ran(shop: Path, tmp_path: Path) -> None:
    """In text, XML, LCOV, JSON and HTML; lines that no trace ran are missing."""
    path = tmp_path / "runtime.coverage"
    write_coverage(path, {"8f2c": {str(shop): {1, 2, 3}}, "91ab": {str(shop): [4, 2, 1]}})
    found, text = loaded(path), io.StringIO()
    assert found.report(file=text, show_missing=True) == pytest.approx(100 * 4 / 6)
    assert "shop.py       6      2    67%   7-8" in text.getvalue()
    found.xml_report(outfile=str(tmp_path / "out.xml"))
    lines = ElementTree.parse(tmp_path / "out.xml").getroot().iter("line")
    assert {int(line.get("number", 0)): int(line.get("hits", 0)) for line in lines} == {
        **dict.fromkeys((1, 2, 3, 4), 1),
        **dict.fromkeys((7, 8), 0),
    }
    found.lcov_report(outfile=str(tmp_path / "out.lcov"))
    assert "DA:3,1" in (tmp_path / "out.lcov").read_text()
    found.html_report(directory=str(tmp_path / "html"), show_contexts=True)
    assert "runtime:8f2c" in (tmp_path / "html" / "shop_py.html").read_text()
    found.json_report(outfile=str(tmp_path / "out.json"), show_contexts=True)
    contexts = json.loads((tmp_path / "out.json").read_text())["files"]["shop.py"]["contexts"]
    assert sorted(contexts["2"]) == ["runtime:8f2c", "runtime:91ab"]
    assert contexts["3"] == ["runtime:8f2c"]


def test_a_file_that_no_trace_ran_counts(shop: Path, tmp_path: Path) -> None:
    """Otherwise the share of the covered would be of what was reached at all; its definitions ran at import."""
    path = tmp_path / "runtime.coverage"
    write_coverage(path, {}, files=[str(shop)])
    assert loaded(path).report(file=io.StringIO()) == pytest.approx(100 * 2 / 6)


def test_only_what_must_have_run_at_import_is_said_to_have_run(tmp_path: Path) -> None:
    """Statements that nothing stands around, in classes too."""
    text = """\
        import os
        if os.name == "nt":
            import nt
        try:
            x = 1
        except ValueError:
            x = 2

        @print
        class Shop:
            size = (
                3
            )

            @property
            def name(self):
                return "x"
        """
    path = tmp_path / "module.py"
    path.write_text(textwrap.dedent(text))
    assert import_lines(path) == [1, 2, 4, 9, 10, 11, 15, 16]
    assert import_lines(tmp_path / "none.py") == []


def test_a_file_of_an_earlier_run_is_replaced(shop: Path, tmp_path: Path) -> None:
    """Lines of before are gone, and nothing is left beside it."""
    path = tmp_path / "runtime.coverage"
    write_coverage(path, {"aa": {str(shop): {1, 2, 3}}})
    write_coverage(path, {"bb": {str(shop): {1}}})
    data = CoverageData(basename=str(path))
    data.read()
    assert data.lines(str(shop)) == [1]
    assert data.measured_contexts() == {"runtime:bb"}
    data.close(force=True)
    assert {one.name for one in tmp_path.iterdir()} == {"shop.py", "runtime.coverage"}


def test_measurements_of_others_are_not_overwritten(shop: Path, tmp_path: Path) -> None:
    """The data file of the project's own tests is `.coverage`, which is easily named by mistake."""
    path = tmp_path / ".coverage"
    data = CoverageData(basename=str(path))
    data.set_context("tests/test_shop.py::test_fee")
    data.add_lines({str(shop): [1, 2]})
    data.write()
    data.close(force=True)
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"holds other measurements.*coverage combine"):
        write_coverage(path, {"aa": {str(shop): {1}}})
    assert path.read_bytes() == before
    with pytest.raises(ConfigurationError, match=r"shop\.py is no coverage data file"):
        write_coverage(shop, {})
    assert shop.read_text() == SOURCE


def test_without_coverage_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """coverage.py is an extra: nobody who does not ask for this pays for it."""
    monkeypatch.setitem(sys.modules, "coverage", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'pytest-runtime\[coverage\]'"):
        write_coverage(tmp_path / "x", {})
