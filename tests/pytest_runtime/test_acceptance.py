"""Acceptances: what is accepted is exactly what was reviewed, and the file says so without a recorded value."""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_runtime.accept.acceptance_file import (
    FILE,
    parse_acceptances,
    read_acceptances,
    render_acceptances,
    write_acceptances,
)
from pytest_runtime.recorders.errors import AcceptanceError
from pytest_runtime.recorders.model.value_tree import (
    BytesNode,
    DictNode,
    EnumNode,
    GlobalNode,
    ListNode,
    ObjectNode,
    StandardNode,
    Tree,
    TupleNode,
)
from pytest_runtime.replay.change.base import find_base
from pytest_runtime.replay.change.files import tree_of
from pytest_runtime.replay.compare.summarise import SORTS_LIMIT, reported
from pytest_runtime.replay.compare.tree_diff import FIELD_LIMIT, tree_differences
from pytest_runtime.replay.judge.acceptance import (
    Acceptance,
    apply,
    field_pattern,
    judged_classes,
    merge,
    propose,
    prune,
    settled_classes,
    still_needed,
)
from pytest_runtime.replay.model.difference import ABSENT, Difference, DifferenceKind, DifferencePart
from pytest_runtime.replay.model.reason import Reason, ReasonCode
from pytest_runtime.replay.model.render import as_json, short
from pytest_runtime.replay.model.shape_text import covers, is_shape, joined, shape_text
from pytest_runtime.replay.model.verdict import ClassVerdict, FieldDifference, TraceVerdict, Verdict

ENTRY, PATH = "POST /trades", "5c1e"
REASON = "the threshold moved, TICKET-7"
WHY = Reason(ReasonCode.UNKNOWN, "why")


def difference(
    field: str, base: Tree, candidate: Tree, kind: DifferenceKind = DifferenceKind.RESPONSE
) -> FieldDifference:
    """A differing field, as a run reports it."""
    raw = [msgspec.Raw(msgspec.json.encode(as_json(value))) for value in (base, candidate)]
    return FieldDifference(kind, field, raw[0], raw[1], short(base), short(candidate))


def shape(value: Tree, *, exact: bool = False) -> str:
    """The shape of a value, as a difference holds it."""
    field = difference("x", value, None)
    return shape_text(field.base, field.base_text, exact=exact)


def diverged(*differences: FieldDifference, trace: str = "t1") -> TraceVerdict:
    """A diverged trace."""
    return TraceVerdict(trace, "diverged", differences=differences)


def verdict(*traces: TraceVerdict, entry: str = ENTRY, path: str = PATH, words: str = "total is big") -> ClassVerdict:
    """A path class."""
    return ClassVerdict(entry, path, "item", words, 37, traces)


def verdicts_of(found: ClassVerdict) -> list[tuple[str, str]]:
    """Verdict and reason of each trace."""
    return [(trace.verdict, trace.reason) for trace in found.traces]


FLAG = difference("response.json.high_value", True, False)
NAME = difference("response.json.name", "Ann", "Anna")
ACCEPTED = Acceptance(
    entry=ENTRY,
    path=PATH,
    conditions="total is big",
    field="response.json.high_value",
    kind="response",
    base="True",
    candidate="False",
    reason=REASON,
)


# --- shapes ---


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "True"),
        (None, "None"),
        (42, "int"),
        (1.5, "float"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ("secret", "str of length 6"),
        ("", "str of length 0"),
        ("it's", "str of length 4"),
        ("(absent)", "str of length 8"),
        ("Decimal('1')", "str of length 12"),
        ("x" * 3000, "long str"),
        (ABSENT, "absent"),
        (BytesNode(b"secret"), "bytes"),
        (ListNode([1, 2]), "list of length 2"),
        (ListNode([1] * 101), "list"),
        (TupleNode([1]), "tuple"),
        (DictNode(["b", "a"], [1, 2]), "{a, b}"),
        (DictNode(["a", "4111111111111111", "bob@example.org"], [1, 2, 3]), "{a, …}"),
        (DictNode([], []), "{}"),
        (DictNode([1], [2]), "dict or set"),
        (StandardNode("decimal", ["12.50"]), "Decimal"),
        (StandardNode("int", ["ffffffffffffffffff"]), "int"),
        (StandardNode("datetime", [2024, 1, 2, 3, 4, 5, 6, 0, None]), "datetime"),
        (EnumNode("shop:Order.Status", "PAID", 3), "Order.Status.PAID"),
        (EnumNode("shop:Flag", None, 3), "Flag"),
        (ObjectNode("shop:Order", None, ["name"], ["Ann"]), "Order"),
        (ObjectNode("builtins:ValueError", TupleNode(["secret"]), [], []), "ValueError"),
        (GlobalNode("shop.pricing:fee"), "shop.pricing.fee"),
    ],
)
def test_a_shape_shows_the_kind_of_a_value_and_not_the_value(value: Tree, said: str) -> None:
    """Types, lengths, names of keys; of values only booleans, None, what is no number, and members."""
    assert shape(value) == said
    assert is_shape(said)


def test_a_status_code_stands_for_itself() -> None:
    """No other integer does."""
    proposed = propose([verdict(diverged(difference("response.status", 200, 404)))], REASON)
    assert (proposed[0].base, proposed[0].candidate) == ("200", "404")
    proposed = propose([verdict(diverged(difference("response.json.status", 200, 404)))], REASON)
    assert (proposed[0].base, proposed[0].candidate) == ("int", "int")


def test_shapes_of_one_kind_join_to_a_range() -> None:
    """Which covers both, and what lies between."""
    assert joined("str of length 3", "str of length 12") == "str of length 3..12"
    assert joined("str of length 3..12", "str of length 5") == "str of length 3..12"
    assert joined("int", "int") == "int"
    assert covers("str of length 3..12", "str of length 5")
    assert not covers("str of length 3..12", "str of length 2")
    assert not covers("str of length 3..12", "list of length 5")
    assert not covers("int", "float")
    assert not is_shape("str of length 5..3")


@pytest.mark.parametrize(
    ("kind", "field", "said"),
    [
        (DifferenceKind.RESPONSE, "response.json.items[3].price", "response.json.items[*].price"),
        (DifferenceKind.RESPONSE, "response.headers.content-type", "response.headers.content-type"),
        (DifferenceKind.RETURN, "return.by_name['Ann [x]'].total", "return.by_name[*].total"),
        (DifferenceKind.RETURN, "return[('a]', 'b')].total", "return[*].total"),
        (DifferenceKind.RETURN, "return['cut… 1a2b", "return[*]"),
        (DifferenceKind.RETURN, "return.a12b34c5.total", "return[*].total"),
        (
            DifferenceKind.CALL_CHANGED,
            "GET users:80/users/4711/orders json.total",
            "GET users:80/users/<id>/orders json.total",
        ),
        (DifferenceKind.CALL_ADDED, "GET users:80/users/4711: extra call", "GET users:80/users/<id>: extra call"),
        (DifferenceKind.CALL_CHANGED, "INSERT t1_customers parameters.name", "INSERT t1_customers parameters.name"),
        (DifferenceKind.CALL_CHANGED, "shop.gateways.Client.pay() amount", "shop.gateways.Client.pay() amount"),
    ],
)
def test_a_field_is_reported_without_what_is_data(kind: DifferenceKind, field: str, said: str) -> None:
    """Positions, keys and parts of routes that differ from trace to trace."""
    assert field_pattern(difference(field, 1, 2, kind)) == said


# --- applying ---


def test_a_trace_whose_every_difference_is_accepted_is_accepted() -> None:
    """With the reason; a trace with one more difference stays diverged, with all its differences."""
    found = apply([verdict(diverged(FLAG), diverged(FLAG, NAME), TraceVerdict("t3", "same"))], [ACCEPTED])
    assert verdicts_of(found.verdicts[0]) == [("accepted", REASON), ("diverged", ""), ("same", "")]
    assert found.verdicts[0].traces[1].differences == (FLAG, NAME)
    assert (found.used, found.idle) == ((ACCEPTED,), ())


@pytest.mark.parametrize(
    "other",
    [
        {"entry": "POST /orders"},
        {"path": "77aa"},
        {"field": "response.json.low_value"},
        {"kind": "return"},
        {"base": "False"},
        {"candidate": "absent"},
    ],
)
def test_an_acceptance_fits_nothing_else(other: dict[str, Any]) -> None:
    """Entry, path, field, kind and both shapes are all part of it."""
    found = apply([verdict(diverged(FLAG))], [msgspec.structs.replace(ACCEPTED, **other)])
    assert verdicts_of(found.verdicts[0]) == [("diverged", "")]
    assert len(found.idle) == 1


def test_the_words_for_people_are_no_part_of_what_fits() -> None:
    """They change when a sibling class is recorded."""
    assert apply([verdict(diverged(FLAG), words="total > 10_000 is true")], [ACCEPTED]).used == (ACCEPTED,)


def test_reasons_of_several_acceptances_are_all_reported() -> None:
    """Each once, in a fixed order."""
    other = propose([verdict(diverged(NAME))], "a name for all")
    found = apply([verdict(diverged(NAME, FLAG, NAME))], [ACCEPTED, *other])
    assert verdicts_of(found.verdicts[0]) == [("accepted", f"a name for all; {REASON}")]


def test_a_trace_with_differences_that_nobody_saw_is_not_accepted() -> None:
    """What nobody saw nobody reviewed."""
    found = verdict(msgspec.structs.replace(diverged(FLAG), left_out=9, unseen=True))
    applied = apply([found], propose([found], REASON))
    assert [trace.verdict for trace in applied.verdicts[0].traces] == ["diverged"]
    said = applied.verdicts[0].traces[0].reason
    assert "all 1 differences that are reported of it are accepted, but there may be" in said


def long_list(names: Sequence[str]) -> TraceVerdict:
    """A trace that diverged in a field of every item of a long list, as a run reports it."""
    found = [
        Difference(DifferenceKind.RETURN, f"return[{number}].name", name, None) for number, name in enumerate(names)
    ]
    shown = reported(found)
    parts = [difference(one.field, one.base, one.candidate, DifferenceKind.RETURN) for one in shown.differences]
    return msgspec.structs.replace(diverged(*parts), left_out=shown.left_out, unseen=shown.unseen)


def test_a_divergence_of_a_long_list_is_accepted() -> None:
    """What is left out of it is like what is reported, and no longer or shorter."""
    names = ["ab"] * 500 + ["a", "abcde"] + ["abc"] * 500
    trace = long_list(names)
    assert (len(trace.differences), trace.left_out, trace.unseen) == (FIELD_LIMIT, len(names) - FIELD_LIMIT, False)
    found = verdict(trace)
    [proposed] = propose([found], REASON)
    assert (proposed.field, proposed.base) == ("return[*].name", "str of length 1..5")
    assert apply([found], [proposed]).verdicts[0].count("accepted") == 1
    halves = [msgspec.structs.replace(proposed, base=f"str of length {part}") for part in ("1..2", "4..5")]
    assert apply([found], halves).verdicts[0].count("accepted") == 0


def test_every_sort_of_difference_is_reported() -> None:
    """Of each pattern and kind of values at least one, however many come before; beyond a limit, that is said."""
    lines = [Difference(DifferenceKind.RETURN, f"return[{number}]", 1, 2) for number in range(200)]
    last = Difference(DifferenceKind.RETURN, "return[200]", 1, None)
    shown = reported([*lines, last])
    assert (len(shown.differences), shown.differences[-1], shown.left_out) == (FIELD_LIMIT, last, 201 - FIELD_LIMIT)
    keys = [
        Difference(DifferenceKind.RETURN, f"return.k{chr(97 + n % 26)}{chr(97 + n // 26)}", 1, 2) for n in range(500)
    ]
    shown = reported(keys)
    assert (len(shown.differences), shown.unseen) == (SORTS_LIMIT, True)


def test_a_divergence_that_shows_no_field_is_not_accepted() -> None:
    """Nor is a trace with any other verdict."""
    names: tuple[Verdict, ...] = ("diverged", "not judged", "error", "hung", "crashed")
    traces = [TraceVerdict(name, name, WHY) for name in names]
    assert apply([verdict(*traces)], [ACCEPTED]).verdicts == (verdict(*traces),)


def test_applying_twice_changes_nothing_and_taking_back_restores() -> None:
    """An accepted trace keeps its differences."""
    once = apply([verdict(diverged(FLAG))], [ACCEPTED])
    assert apply(once.verdicts, [ACCEPTED]) == once
    assert apply(once.verdicts, []).verdicts[0].count("diverged") == 1


# --- those that match nothing ---


def test_only_what_was_judged_complains() -> None:
    """A run that was narrowed says nothing about the others; a class that is gone is reported always."""
    judged, unjudged, gone = (msgspec.structs.replace(ACCEPTED, path=path) for path in ("aa", "bb", "cc"))
    found = apply([verdict(TraceVerdict("t", "same"), path="aa")], [judged, unjudged, gone])
    known = {(ENTRY, "aa"), (ENTRY, "bb")}
    assert found.unmatched(judged_classes(found.verdicts), known) == (judged, gone)
    assert found.unmatched((), known) == (gone,)


def test_a_class_is_judged_when_all_its_traces_are() -> None:
    """Settled, when besides none diverged."""
    cases: dict[str, tuple[Verdict, ...]] = {
        "aa": ("same", "accepted"),
        "bb": ("same", "diverged"),
        "cc": ("same", "not judged"),
        "dd": ("same", "error"),
        "ee": (),
    }
    found = [verdict(*(TraceVerdict(name, name) for name in names), path=path) for path, names in cases.items()]
    assert judged_classes(found) == {(ENTRY, "aa"), (ENTRY, "bb")}
    assert settled_classes(found) == {(ENTRY, "aa")}


def test_prune_removes_only_what_base_has_been_seen_to_do() -> None:
    """Not what is used, not judged, diverged otherwise, or gone; that only when it is asked for."""
    paths = ("same", "used", "unjudged", "diverged", "absent", "gone")
    ones = {path: msgspec.structs.replace(ACCEPTED, path=path) for path in paths}
    found = [
        verdict(TraceVerdict("t", "same"), path="same"),
        verdict(diverged(FLAG), path="used"),
        verdict(TraceVerdict("t", "not judged"), TraceVerdict("u", "same"), path="unjudged"),
        verdict(diverged(NAME), path="diverged"),
    ]
    applied = apply(found, ones.values())
    known = {(ENTRY, path) for path in paths if path != "gone"}
    pruned = prune(ones.values(), still_needed(applied, known))
    assert pruned.removed == (ones["same"],)
    assert set(pruned.kept) == set(ones.values()) - {ones["same"]}
    assert set(prune(ones.values(), still_needed(applied, known, gone=True)).removed) == {ones["same"], ones["gone"]}


# --- proposing ---

GOLD = """\
# Divergences that are intended, each reviewed: written by `pytest --runtime-baseline=NAME --runtime-accept "REASON"`,
# cleaned up by `pytest-runtime prune NAME`. Values are shapes; say more in `reason`: comments are not kept.

[[accepted]]
entry = "GET /trades"
path = "5c1e"
conditions = "ok"
field = "POST fraud:80/validate json.flag"
kind = "outbound"
base = "False"
candidate = "absent"
reason = "said \\"so\\" on \\\\ Monday"

[[accepted]]
entry = "POST /trades"
path = "5c1e"
conditions = "total is big"
field = "response.json.high_value"
kind = "response"
base = "True"
candidate = "False"
reason = "said \\"so\\" on \\\\ Monday"

[[accepted]]
entry = "POST /trades"
path = "5c1e"
conditions = "total is big"
field = "response.json.name"
kind = "response"
base = "str of length 3..11"
candidate = "str of length 1..4"
reason = "said \\"so\\" on \\\\ Monday"
"""


def test_what_is_proposed_reads_like_this(tmp_path: Path) -> None:
    """One table per entry, branch and field; lengths of several traces are one range."""
    longer = difference("response.json.name", "Bartholomew", "B")
    call = difference("POST fraud:80/validate json.flag", False, ABSENT, DifferenceKind.CALL_CHANGED)
    found = [verdict(diverged(FLAG, NAME), diverged(longer, trace="t2"), TraceVerdict("t3", "same")), verdict()]
    found.append(verdict(diverged(call), entry="GET /trades", words="ok"))
    path = tmp_path / FILE
    write_acceptances(path, propose(found, 'said "so"\n  on  \\ Monday'))
    assert path.read_text(encoding="utf-8") == GOLD


def test_a_reason_is_needed() -> None:
    """Spaces are none."""
    with pytest.raises(ValueError, match="needs a reason"):
        propose([verdict(diverged(FLAG))], " \n")


def test_control_characters_of_a_hostile_baseline_stay_out() -> None:
    """Terminal escapes, letters that turn the direction of text, halves of characters: and it still fits."""
    found = [verdict(diverged(FLAG), entry="a\x1b[2J\u202e\ud800", words="\x00")]
    proposed = propose(found, "why")
    assert proposed[0].entry == "a�[2J��"
    assert parse_acceptances(render_acceptances(proposed), Path("x")) == tuple(proposed)
    assert apply(found, proposed).verdicts[0].count("accepted") == 1


def test_merging_keeps_what_was_reviewed() -> None:
    """The same again adds nothing; another shape is another statement, with a reason of its own."""
    wide = msgspec.structs.replace(ACCEPTED, field="response.json.name", base="str of length 1..9", candidate="None")
    narrow = msgspec.structs.replace(wide, base="str of length 3", reason="new")
    other = msgspec.structs.replace(wide, base="str of length 12", reason="new")
    assert merge([ACCEPTED, wide], [narrow, other]) == sorted([ACCEPTED, wide, other])


# --- laws ---

WORDS = st.text(max_size=8)
FILLED = st.text(min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
SHAPES = st.sampled_from(["True", "None", "int", "str of length 3", "str of length 3..12", "{a, b}", "absent"]) | FILLED
ACCEPTANCES = st.builds(
    Acceptance,
    entry=FILLED,
    path=FILLED,
    conditions=WORDS,
    field=FILLED,
    kind=st.sampled_from(get_args(DifferencePart)),
    base=SHAPES.filter(is_shape),
    candidate=SHAPES.filter(is_shape),
    reason=FILLED,
)
DISTINCT = st.lists(ACCEPTANCES, max_size=5, unique_by=lambda one: one.identity)

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=5) | st.just(ABSENT)
VALUES: st.SearchStrategy[Any] = SCALARS | st.lists(SCALARS, max_size=3).map(lambda items: ListNode([*items]))
FIELDS = st.sampled_from(
    ["response.json.a", "response.json.b[1].c", "response.status", "return['k']", "GET x/1 json.a"]
)
DIFFERENCES = st.builds(difference, FIELDS, VALUES, VALUES, st.sampled_from(DifferenceKind))
DIVERGED = st.lists(DIFFERENCES, min_size=1, max_size=3).map(lambda found: diverged(*found))
TRACES = DIVERGED | st.sampled_from([TraceVerdict("s", "same"), TraceVerdict("n", "not judged", WHY)])
VERDICTS = st.lists(
    st.builds(
        lambda traces, entry, path, words: verdict(*traces, entry=entry, path=path, words=words),
        st.lists(TRACES, max_size=3),
        st.sampled_from(["POST /a", "shop:f"]),
        st.sampled_from(["11", "22"]),
        st.sampled_from(["x is true", "x is false"]),
    ),
    max_size=4,
)


@given(DISTINCT)
def test_what_is_written_is_read(acceptances: list[Acceptance]) -> None:
    """And written again to the same bytes, in whatever order."""
    text = render_acceptances(acceptances)
    assert parse_acceptances(text, Path("x")) == tuple(sorted(acceptances))
    random.Random(0).shuffle(acceptances)
    assert render_acceptances(acceptances) == text
    tomllib.loads(text)


@given(VERDICTS, st.randoms(use_true_random=False))
def test_the_order_of_verdicts_and_traces_does_not_matter(verdicts: list[ClassVerdict], chance: random.Random) -> None:
    """Workers of a parallel run report in any order."""
    text = render_acceptances(propose(verdicts, REASON))
    shuffled = [msgspec.structs.replace(one, traces=_shuffled(one.traces, chance)) for one in verdicts]
    chance.shuffle(shuffled)
    assert render_acceptances(propose(shuffled, REASON)) == text


def _shuffled(traces: tuple[TraceVerdict, ...], chance: random.Random) -> tuple[TraceVerdict, ...]:
    return tuple(chance.sample(traces, len(traces)))


@given(VERDICTS, st.integers(0, 99))
def test_what_was_proposed_accepts_what_was_found_and_nothing_else(verdicts: list[ClassVerdict], seed: int) -> None:
    """Without any one acceptance, something diverges; elsewhere, everything does."""
    proposed = propose(verdicts, REASON)
    applied = apply(verdicts, proposed)
    before, after = _statuses(verdicts), _statuses(applied.verdicts)
    assert after == ["accepted" if status == "diverged" else status for status in before]
    assert set(applied.used) == set(proposed)
    if proposed:
        left = list(proposed)
        left.pop(seed % len(left))
        assert "diverged" in _statuses(apply(verdicts, left).verdicts)
    elsewhere = [msgspec.structs.replace(one, path=f"{one.path}0") for one in verdicts]
    assert _statuses(apply(elsewhere, proposed).verdicts) == before
    assert merge(proposed, propose(verdicts, "again")) == proposed


def _statuses(verdicts: Any) -> list[str]:
    return [trace.verdict for one in verdicts for trace in one.traces]


@settings(deadline=None)  # deepdiff is imported with the first list
@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(ListNode), max_leaves=6), VALUES)
def test_every_difference_that_compare_finds_has_shapes(base: Tree, candidate: Tree) -> None:
    """Which can be written and read."""
    for field, left, right in tree_differences(base, candidate):
        (one,) = propose([verdict(diverged(difference(f"return{field}", left, right)))], REASON)
        assert parse_acceptances(render_acceptances([one]), Path("x")) == (one,)


@given(st.integers(1, 9).flatmap(lambda size: st.tuples(*[st.text(min_size=size, max_size=size)] * 2)))
def test_the_file_depends_on_shapes_and_not_on_values(secrets: tuple[str, str]) -> None:
    """The same for two secrets of one length, wherever they stand: as value, as key, inside a field's name."""

    def accepted(secret: str) -> str:
        parts = [
            difference("return.a", secret, BytesNode(secret.encode())),
            difference(f"return[{secret!r}].b", DictNode([f" {secret}"], [secret]), TupleNode([secret])),
            difference("return.c", StandardNode("decimal", [secret]), ObjectNode("shop:X", None, ["a"], [secret])),
        ]
        return render_acceptances(propose([verdict(diverged(*parts))], REASON))

    assert accepted(secrets[0]) == accepted(secrets[1])


# --- the file ---


def test_no_file_is_no_acceptance(tmp_path: Path) -> None:
    """And no acceptance is no file."""
    path = tmp_path / FILE
    assert read_acceptances(path) == ()
    write_acceptances(path, [ACCEPTED])
    assert read_acceptances(path) == (ACCEPTED,)
    write_acceptances(path, [])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_written_again_is_the_same(tmp_path: Path) -> None:
    """Byte for byte, and nothing is left beside it."""
    path = tmp_path / FILE
    write_acceptances(path, [ACCEPTED, msgspec.structs.replace(ACCEPTED, path="0a", reason="Ünïcode \x7f \u2028 '''")])
    before = path.read_bytes()
    write_acceptances(path, read_acceptances(path))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


TABLE = render_acceptances([ACCEPTED]).partition("\n\n")[2]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[[accepted]\n", 1, "not valid TOML: "),
        ("\nx = 'a\n", 2, "not valid TOML: "),
        ("[[acepted]]\n", 1, "there is no table 'acepted'; did you mean 'accepted'?"),
        ("\nversion = 1\n", 2, "there is no table 'version'; known are: accepted"),
        ("accepted = 1\n", 1, r"is written as tables: \[\[accepted\]\]"),
        ("[accepted]\nentry = 'x'\n", 1, r"is written as tables: \[\[accepted\]\]"),
        (f"# note\n\n{TABLE}feild = 'x'\n", 12, "there is no key 'feild'; did you mean 'field'?"),
        (TABLE.replace('reason = "', 'reasn = "'), 9, "there is no key 'reasn'; did you mean 'reason'?"),
        (TABLE.partition("reason")[0], 1, "this entry has no 'reason'; it has entry, path, conditions"),
        (f"{TABLE}\n{TABLE}".replace("response.json", "x", 1).replace('"response"', "1", 1), 6, "'kind' is a text"),
        (TABLE.replace('"response"', '"respnse"'), 6, "there is no kind 'respnse'; did you mean 'response'?"),
        (re.sub('reason = ".*"', 'reason = "  "', TABLE), 9, "the reason is empty; say why"),
        (TABLE.replace('"5c1e"', '""'), 3, "'path' is empty"),
        (TABLE.replace('"True"', '"str of length 9..3"'), 7, "'base' is no shape: 'str of length 9..3'"),
        (f"{TABLE}\n{TABLE}".replace(REASON, "other", 1), 11, "this says what line 1 says; remove one"),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    """And with the nearest thing that is known."""
    path = tmp_path / FILE
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AcceptanceError, match=said) as caught:
        read_acceptances(path)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """Like any other mistake in it."""
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(AcceptanceError, match="cannot be read"):
        read_acceptances(tmp_path / FILE)


def test_the_file_is_no_change_of_the_project(tmp_path: Path) -> None:
    """What is accepted does not change what code does."""
    write_acceptances(tmp_path / FILE, [ACCEPTED])
    assert tree_of(find_base(tmp_path, str(tmp_path), "")) == {}


def test_an_acceptance_is_reported_in_a_line() -> None:
    """For `prune` and for the summary of a run."""
    said = f"POST /trades · total is big · response.json.high_value: True → False ({REASON})"
    assert ACCEPTED.describe() == said
    assert json.loads(msgspec.json.encode(ACCEPTED))["entry"] == ENTRY
