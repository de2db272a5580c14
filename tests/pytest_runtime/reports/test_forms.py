"""The forms of a report: each against a file that was looked at, and each with texts that are hostile.

Where a form was changed on purpose: PYTEST_RUNTIME_WRITE_GOLD=1 pytest tests/pytest_runtime/reports, and read the diff.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from pytest_runtime.recorders.errors import ConfigurationError
from pytest_runtime.replay.model.verdict import TraceVerdict
from pytest_runtime.replay.run.result import RunResult
from pytest_runtime.reports.annotations import LIMIT, annotations_of
from pytest_runtime.reports.formats import ENDINGS, write
from pytest_runtime.reports.headline import headline_of
from pytest_runtime.reports.html.render import html_of
from pytest_runtime.reports.json_report import FORMAT, ReportError, read_report, write_report
from pytest_runtime.reports.markdown import markdown_of
from pytest_runtime.reports.owners import Owners
from pytest_runtime.reports.sarif import sarif_bytes, sarif_of

from ..test_report import FAILED, NOTHING, SAME, UNJUDGED, printed, totals, verdict
from .examples import NASTY, everything, hostile, large

GOLD = Path(__file__).with_name("gold")
ROOT = Path("/nowhere")


def as_json(result: RunResult) -> str:
    """The JSON report, without the encoded result at its end: that is no contract."""
    folder = Path(os.environ["PYTEST_RUNTIME_TEST_FOLDER"])
    write_report(folder / "report.json", result)
    report = json.loads((folder / "report.json").read_text())
    del report["result"]
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


FORMS: dict[str, Callable[[RunResult], str]] = {
    "report.json": as_json,
    "report.md": markdown_of,
    "report.sarif": lambda result: sarif_bytes(result).decode(),
    "report.html": html_of,
    "annotations.txt": lambda result: "\n".join(annotations_of(result, "services/shop/")) + "\n",
    "terminal.txt": lambda result: printed(result) + "\n",
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_as_it_was_looked_at(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that a result holds, in each form."""
    monkeypatch.setenv("PYTEST_RUNTIME_TEST_FOLDER", str(tmp_path))
    text = FORMS[name](everything(ROOT))
    if os.environ.get("PYTEST_RUNTIME_WRITE_GOLD"):
        (GOLD / name).write_text(text, encoding="utf-8")
    assert text == (GOLD / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_report_that_was_read_back_gives_the_same_report(ending: str, tmp_path: Path) -> None:
    """Every form can be made of the JSON report later."""
    result = everything(ROOT)
    write(tmp_path / f"now{ending}", result)
    write(tmp_path / "kept.json", result)
    write(tmp_path / f"later{ending}", read_report((tmp_path / "kept.json").read_bytes(), ROOT))
    assert (tmp_path / f"later{ending}").read_bytes() == (tmp_path / f"now{ending}").read_bytes()


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    """Another file, another version, another form."""
    for data in (b"", b"[]", b"\xff", b'{"format": "x"}', b"[" * 100_000):
        with pytest.raises(ReportError, match="no JSON report"):
            read_report(data, tmp_path)
    with pytest.raises(ReportError, match=rf"format {FORMAT + 1}.*reads format {FORMAT}"):
        read_report(json.dumps({"format": FORMAT + 1}).encode(), tmp_path)
    with pytest.raises(ConfigurationError, match=r"report\.pdf.*\.html"):
        write(tmp_path / "report.pdf", NOTHING)


# --- the headline ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "state", "words"),
    [
        (everything(ROOT), "changed", "3 of 7 traces diverged, at 2 places; 1 trace did not end"),
        (totals(verdict(FAILED)), "changed", "could not be replayed"),
        (totals(verdict(SAME)), "safe", "1 trace came out the same; 5 values compared"),
        (totals(verdict(SAME, UNJUDGED)), "safe", "1 could not be judged"),
        (totals(verdict(UNJUDGED)), "unknown", "The one trace could not be judged"),
        (totals(differs=False), "safe", "no file differs"),
    ],
)
def test_the_headline_says_whether_it_is_safe_and_why(result: RunResult, state: str, words: str) -> None:
    """Green only where the run is a pass; what is unknown is neither."""
    headline = headline_of(result)
    assert headline.state == state
    assert words in headline.why
    assert (headline.state == "safe") == result.passed()


# --- hostile texts --------------------------------------------------------------------------------------------------


def test_no_text_becomes_markup_in_html() -> None:
    """Whatever stands in a result, the page has the elements of its own template, and no address leads anywhere."""
    page = html_of(hostile())
    tags, links = elements_of(page)
    assert tags <= elements_of(html_of(everything(ROOT)))[0]
    assert page.count("<script>") == page.count("</script>") == 1
    assert all(link.startswith("#") for link in links)
    assert "\x1b" not in page
    assert "\u202e" not in page


def elements_of(page: str) -> tuple[set[str], list[str]]:
    """(names of elements, what `href` and `src` refer to)."""
    tags: set[str] = set()
    links: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.add(tag)
            links.extend(value or "" for name, value in attrs if name in ("href", "src", "action", "srcset"))

    Reader().feed(page)
    return tags, links


def test_no_text_becomes_markup_in_markdown() -> None:
    """Outside code spans and blocks, and the few tags that are ours, nothing hostile is left."""
    text = markdown_of(hostile())
    without_blocks = re.sub(r"^(`{3,})text\n.*?\n\1$", "", text, flags=re.MULTILINE | re.DOTALL)
    bare = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", without_blocks)
    bare = re.sub(r"</?(details|summary)>", "", bare)
    for word in ("<", "@everyone", "javascript", "::set-output", "\x1b", "\u202e"):
        assert word not in bare, bare
    assert all(row.count("|") - row.count("\\|") == 5 for row in without_blocks.splitlines() if row.startswith("| "))


@pytest.mark.parametrize("name", FORMS)
def test_no_text_becomes_a_command(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line begins with a workflow command that is not an annotation of ours; no control character is left."""
    monkeypatch.setenv("PYTEST_RUNTIME_TEST_FOLDER", str(tmp_path))
    text = FORMS[name](hostile())
    assert "\x1b" not in text
    commands = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    ours = [line for line in commands if re.match(r"::error (file=[^,:]+,)?(line=\d+,)?title=[^,:]+::", line)]
    assert commands == ours
    assert not ours or name == "annotations.txt"


def test_the_values_of_a_command_stay_its_values() -> None:
    """A file's name with a comma and a colon does not begin another property, and a line end no other line."""
    lines = annotations_of(hostile())
    assert len(lines) == 2
    assert all("\n" not in line and "%0A" in line for line in lines)
    assert re.match(r"::error file=[^,:]*,line=2,title=[^,:]*::", lines[0]) is not None


# --- limits ---------------------------------------------------------------------------------------------------------


def test_many_causes_fit_a_comment_and_the_annotations() -> None:
    """A comment keeps whole blocks and says that there is more; annotations end with how many are left."""
    result = large(2_000, 200)
    text = markdown_of(result)
    assert len(text) <= 60_000
    assert "190 more places" in text
    cut = markdown_of(result, limit=3_000)
    assert len(cut) <= 3_000
    assert cut.count("```") % 2 == 0
    assert cut.endswith("in the HTML and JSON reports.\n")
    lines = annotations_of(result)
    assert len(lines) == LIMIT
    assert "191 more" in lines[-1]


def test_a_run_that_is_no_pass_without_a_cause_is_annotated() -> None:
    """Otherwise a red check would have nothing to point at."""
    [line] = annotations_of(totals(verdict(UNJUDGED)))
    assert line.startswith("::error title=pytest-runtime::Not known to be safe to merge%0A")
    assert annotations_of(totals(verdict(SAME))) == []


# --- SARIF ----------------------------------------------------------------------------------------------------------


def test_fingerprints_stay_when_lines_move() -> None:
    """Code scanning knows a finding again by what it is, not by where it stands today."""
    before = everything(ROOT)
    moved = moved_down(before, 40)
    prints = [
        [one["partialFingerprints"] for one in sarif_of(result)["runs"][0]["results"] if one["ruleId"] == "divergence"]
        for result in (before, moved)
    ]
    assert prints[0] == prints[1]
    assert len({str(one) for one in prints[0]}) == 2


def moved_down(result: RunResult, lines: int) -> RunResult:
    """The same result some lines further down."""

    def moved(trace: TraceVerdict) -> TraceVerdict:
        location = trace.location
        if location is None:
            return trace
        return msgspec.structs.replace(trace, location=msgspec.structs.replace(location, line=location.line + lines))

    return result._replace(
        verdicts=tuple(
            msgspec.structs.replace(verdict, traces=tuple(map(moved, verdict.traces))) for verdict in result.verdicts
        )
    )


def test_sarif_names_only_files_of_the_project() -> None:
    """A place outside has no location: code scanning would refuse it."""
    results = sarif_of(hostile())["runs"][0]["results"]
    uris = [one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in results if one["locations"]]
    assert uris
    assert all(re.fullmatch(r"[\w.~/%-]+", uri) for uri in uris)
    assert NASTY not in json.dumps(results)


# --- owners ---------------------------------------------------------------------------------------------------------


def test_owners_are_those_of_the_repository(tmp_path: Path) -> None:
    """The file may stand above the project; the last rule that fits decides."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github" / "CODEOWNERS").write_text("* @all\n/services/shop/ @shop @org/team\n")
    project = tmp_path / "services" / "shop"
    project.mkdir(parents=True)
    assert Owners(project).of("web.py") == ("@shop", "@org/team")
    assert Owners(tmp_path).of("other.py") == ("@all",)
    assert Owners(project).of("/usr/lib/python3/re.py") == ()
    (project / ".git").mkdir()
    assert Owners(project).of("web.py") == ()


@pytest.mark.parametrize("name", sorted(FORMS.keys() - {"terminal.txt"}))
def test_a_form_names_the_owners_of_a_place(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reviewers are found by them: in each form for others than who runs it."""
    monkeypatch.setenv("PYTEST_RUNTIME_TEST_FOLDER", str(tmp_path))
    assert "@org/pricing" not in FORMS[name](everything(tmp_path))
    (tmp_path / "CODEOWNERS").write_text("* @all\n/shop.py @org/pricing\n")
    assert "@org/pricing" in FORMS[name](everything(tmp_path))


def test_sarif_has_owners_for_programs(tmp_path: Path) -> None:
    """In the property bag of each result with a place that somebody owns; its fingerprint is the same without."""
    bare = sarif_of(everything(tmp_path))["runs"][0]["results"]
    (tmp_path / "CODEOWNERS").write_text("/shop.py @shop @org/pricing\n")
    owned = sarif_of(everything(tmp_path))["runs"][0]["results"]
    assert [one["partialFingerprints"] for one in owned] == [one["partialFingerprints"] for one in bare]
    assert [one.get("properties") for one in owned if one["locations"]] == [
        {"owners": ["@shop", "@org/pricing"]} if "shop.py" in str(one["locations"]) else None
        for one in owned
        if one["locations"]
    ]
    assert not any("properties" in one for one in owned if not one["locations"])


def test_an_owner_is_neither_markup_nor_a_command(tmp_path: Path) -> None:
    """A pull request can change that file, too."""
    (tmp_path / "CODEOWNERS").write_text("* @<script>alert(1)</script> a@example.org\x1b[2J @a%0A::error::x\n")
    result = everything(tmp_path)
    page, text, annotations = html_of(result), markdown_of(result), "\n".join(annotations_of(result))
    assert page.count("<script>") == 1
    assert "`@<script>alert(1)</script>`" in text
    assert "%250A::error::x" in annotations
    assert "\x1b" not in page + text + annotations + sarif_bytes(result).decode()


@pytest.mark.parametrize("result", [everything(ROOT), NOTHING, hostile(), large(40, 20)])
def test_sarif_has_the_form_that_the_standard_says(result: RunResult) -> None:
    """Types, required properties and levels of SARIF 2.1.0, by a model of it that others maintain."""
    model = pytest.importorskip("sarif_pydantic")
    read = model.Sarif.model_validate_json(sarif_bytes(result))
    assert len(read.runs[0].results) == len(sarif_of(result)["runs"][0]["results"])
