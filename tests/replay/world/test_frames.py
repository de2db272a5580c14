"""Frames, series, indexes, arrays and scalars of pandas: captured, built again, compared by element."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hostile.classes import WATCH

from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import (
    GlobalNode,
    ListNode,
    OpaqueNode,
    StandardNode,
    Tree,
    TupleNode,
    contains_opaque,
    decode,
    encode,
)
from pytest_runtime.recorders.privacy.redact import Redactor
from pytest_runtime.replay.compare.tree_diff import tree_differences
from pytest_runtime.replay.model.render import literal, short
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable
from pytest_runtime.testing.scenario import Scenario

from .test_adapters import _noisy

np: Any = pytest.importorskip("numpy")
pd: Any = pytest.importorskip("pandas")
HERE = Resolver([__name__.partition(".")[0]])


def again(value: object) -> Any:
    """Captured, written, read and built."""
    return build(decode(encode(capture(value))), HERE)


def fields(before: object, after: object) -> list[tuple[str, str, str]]:
    """What differs between two values, as reports show it."""
    return [
        (path, short(left), short(right)) for path, left, right in tree_differences(capture(before), capture(after))
    ]


def frame() -> Any:
    """A frame with columns of most kinds."""
    days = pd.date_range("2024-01-01", periods=3)
    return pd.DataFrame(
        {
            "name": ["a", "b", None],
            "price": [1.5, np.nan, 2.5],
            "n": [1, 2, 3],
            "m": [4, 5, 6],
            "day": days,
            "night": days,
            "zoned": days.tz_localize("Europe/Berlin"),
            "span": pd.to_timedelta([1, 2, 3], unit="h"),
            "kind": pd.Categorical(["x", "y", None]),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "flag": pd.array([True, None, False], dtype="boolean"),
            "month": days.to_period("M"),
            "any": pd.Series([1, "a", [2]], dtype=object),
        }
    )


ARRAYS = (
    *("array([1, None], 'Int64')", "array([1, None], 'UInt8')", "array([1.5, None], 'Float32')", "array(['a'], 'str')"),
    *(
        "array([True, None], 'boolean')",
        "array(['a', None], 'string')",
        "period_range('2024', periods=2).array",
        "array([1.5])",
    ),
    *("Categorical(['b', 'a', None], ['b', 'a'], ordered=True)", "arrays.SparseArray([0, 0, 5, 0])"),
    *("interval_range(0, 2).array", "date_range('2024', periods=2, tz='UTC').array", "to_timedelta(['1h']).array"),
    *("arrays.NumpyExtensionArray(np.arange(2))", "arrays.SparseArray([1.0, np.nan], fill_value=np.nan)"),
)
INDEXES = (
    *("Index(['a', 'b'], name='k')", "RangeIndex(1, 9, 3, name='r')", "Index([1.5])", "Index([1, 'a'], dtype=object)"),
    *("DatetimeIndex(['2024-01-01', '2024-01-02'], freq='D')", "date_range('2024', periods=2, tz='Europe/Berlin')"),
    *("TimedeltaIndex(['1D', '2D'])", "PeriodIndex(['2024-01'], freq='M')", "CategoricalIndex(['a', 'b'])"),
    *(
        "IntervalIndex.from_breaks([0, 1, 2], closed='left')",
        "MultiIndex.from_product([['a', 'b'], [1, 2]], names=['x', 'y'])",
    ),
)
SCALARS = (
    *("Timestamp('2024-01-01 10:00', tz='Europe/Berlin')", "Timestamp('2024-01-01').as_unit('ns')", "Timedelta('1h')"),
    *("Period('2024-01', freq='M')", "Interval(0, 1)", "Interval(0.5, 1.5, closed='both')", "NA", "NaT"),
    *("offsets.MonthEnd(2)", "offsets.Hour(3)", "offsets.Week(weekday=2)"),
)


def _value(text: str) -> Any:
    return eval(f"pd.{text}")


@pytest.mark.parametrize("text", [*ARRAYS, *INDEXES, *SCALARS])
def test_a_value_is_built_again(text: str) -> None:
    """Of the same class and type; its tree the same again, and no difference to itself."""
    value = _value(text)
    tree = capture([value])
    assert contains_opaque(tree) is None
    made = build(decode(encode(tree)), HERE)[0]
    assert (type(made), str(made), getattr(made, "dtype", None)) == (
        type(value),
        str(value),
        getattr(value, "dtype", None),
    )
    assert encode(capture([made])) == encode(tree)
    assert tree_differences(tree, capture([made])) == []
    assert literal(tree)


def test_a_frame_is_built_again() -> None:
    """With its index, its columns of every type, and the attributes that were put at it."""
    given = frame().set_index(["name", "n"])
    given.attrs["source"] = "shop"
    made = again(given)
    pd.testing.assert_frame_equal(made, given, check_freq=True)
    assert made.dtypes.to_list() == given.dtypes.to_list()
    assert made.attrs == {"source": "shop"}
    assert encode(capture(made)) == encode(capture(given))


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"], index=["r", "r"]),
        pd.DataFrame(np.arange(4).reshape(2, 2)),
        pd.DataFrame(np.arange(4).reshape(2, 2), columns=pd.MultiIndex.from_product([["x"], ["a", "b"]])),
        pd.DataFrame({"a": []}),
        pd.DataFrame(index=[1, 2]),
        pd.DataFrame(),
        pd.DataFrame({1: [1], "a": [2]}),
    ],
    ids=range(7),
)
def test_frames_whose_columns_have_no_names(given: Any) -> None:
    """Or some that occur twice."""
    pd.testing.assert_frame_equal(again(given), given)


def test_a_series_is_built_again() -> None:
    """With its index and its name; one of objects stays one."""
    given = pd.Series(["a", 1], index=pd.Index(["x", "y"], name="k"), name="s", dtype=object)
    pd.testing.assert_series_equal(again(given), given)
    texts = pd.Series(["a", "b"], dtype=object)
    assert again(texts).dtype == object


def test_a_difference_names_the_column_and_the_element() -> None:
    """As code would: `.price[1]`, `.index[2]`; a column that is there on one side only is one difference."""
    before = frame()
    for column, at, new, shown in (
        ("price", 2, 9.0, ("2.5", "9.0")),
        ("name", 0, "z", ("'a'", "'z'")),
        ("count", 1, 7, ("NA", "7")),
        ("kind", 0, "y", ("'x'", "'y'")),
        ("day", 0, pd.Timestamp("2024-05-01"), ("datetime64(2024-01-01 00:00:00)", "datetime64(2024-05-01 00:00:00)")),
        ("span", 0, pd.Timedelta("5h"), ("timedelta64(1:00:00)", "timedelta64(5:00:00)")),
        ("any", 1, "b", ("'a'", "'b'")),
    ):
        after = frame()
        after.loc[at, column] = new
        assert fields(before, after) == [(f".{column}[{at}]", *shown)]
    assert fields(before, before.assign(tax=1)) == [(".tax", "(absent)", "array([1, 1, 1], int64)")]
    assert [path for path, *_ in fields(before, before[["price", "name"]])][:1] == [".columns[0]"]
    assert fields(before[["n", "m"]], before[["m", "n"]])[0] == (".columns[0]", "'n'", "'m'")
    moved = before.set_axis([0, 1, 9])
    assert fields(before, moved) == [(".index.class", "'RangeIndex'", "'Index'"), (".index[2]", "2", "9")]
    assert fields(before[["n"]], before[["n"]].astype("float64")) == [(".n.dtype", "'int64'", "'float64'")]
    assert fields(before[["n"]], before[["n"]].astype("Int64")) == [(".n.dtype", "'int64'", "'Int64'")]


def test_differences_of_series_and_indexes() -> None:
    """Values, index and name; an element more is one difference."""
    one, two = pd.Series([1, 2], name="a"), pd.Series([1, 3], name="b")
    assert fields(one, two) == [("[1]", "2", "3"), (".name", "'a'", "'b'")]
    assert ("[2]", "(absent)", "5") in fields(one, pd.Series([1, 2, 5], name="a"))
    assert fields(pd.Index([1, 2]), pd.Index([1, 3])) == [("[1]", "2", "3")]
    breaks = pd.IntervalIndex.from_breaks
    assert fields(breaks([0, 1]), breaks([0, 2])) == [(".right[0]", "1", "2")]
    zoned = pd.date_range("2024", periods=1, tz="UTC")
    assert {path for path, *_ in fields(zoned, zoned.tz_convert("Europe/Berlin"))} == {".dtype", ".freq"}
    spans = [pd.arrays.SparseArray([0, 1]), pd.arrays.SparseArray([1, 0])]
    assert fields(*spans) == [(".indices[0]", "1", "0")]


def test_the_longest_index_is_one_like_others() -> None:
    """Its length has more than 63 bits."""
    parts: list[Tree] = ["RangeIndex", -(2**63), 2**63 - 1, 1, None]
    longest = StandardNode("pandas.index", parts)
    assert tree_differences(longest, capture(pd.RangeIndex(3)))
    assert tree_differences(longest, longest) == []


def test_every_change_of_any_value_is_a_difference() -> None:
    """No part of a value is left out of the comparison."""
    values = [_value(text) for text in (*ARRAYS, *INDEXES, *SCALARS)]
    for at, value in enumerate(values):
        for other in values[at + 1 :]:
            assert fields(value, other), (value, other)


def test_names_of_columns_are_looked_at_for_secrets() -> None:
    """In frames, series and indexes, also where columns have no name of their own."""
    secret, public = "hunter2-hunter2", "visible-value"
    kept = {"password": [secret], "note": [public]}
    for given in (
        pd.DataFrame(kept),
        pd.DataFrame([[secret, secret]], columns=["password", "password"]),
        pd.DataFrame([[secret]], columns=pd.MultiIndex.from_tuples([("user", "password")])),
        pd.Series([secret], name="password"),
        pd.Index([secret], name="password"),
        pd.DataFrame(kept).set_index("password"),
        pd.DataFrame(kept).astype(object),
        pd.DataFrame(kept).astype("category"),
        {"password": pd.Series([secret])},
        np.array([(secret,)], [("password", "U20")]),
        {"password": np.array([secret])},
    ):
        written = encode(Redactor(b"0123456789abcdef").redact([("", capture(given))])[0][0])
        assert secret.encode() not in written, given
        assert (public.encode() in written) == (public in str(given)), given


class Own(pd.DataFrame):  # type: ignore[misc]  # its class is known where it is installed
    """A frame of a class of one's own."""


def test_what_is_not_pandas_own_is_a_mark() -> None:
    """Classes that extend one, offsets of which the text does not say all, and frames that are too large."""
    assert contains_opaque(capture(Own({"a": [1]}))) is not None
    assert isinstance(capture(pd.offsets.CustomBusinessDay(holidays=["2024-01-01"])), OpaqueNode)
    large = capture(pd.DataFrame({"a": np.zeros(200_000)}))
    assert isinstance(large, OpaqueNode)
    assert "200000 rows, 1 columns" in large.reason


def test_nothing_of_what_a_frame_holds_runs() -> None:
    """Objects in it are taken as they are, and no cache of the frame is filled."""
    thing = object.__new__(_noisy())
    column = np.empty(2, object)
    column[0] = thing
    given = pd.DataFrame({"a": pd.Series(column, dtype=object)})
    held = dict(vars(given))
    WATCH.ran.clear()
    WATCH.is_armed = True
    capture(given)
    WATCH.is_armed = False
    assert dict(WATCH.ran) == {}
    assert vars(given).keys() == held.keys()


def _numbers(*numbers: int) -> Tree:
    return capture(np.array(numbers))


HOSTILE: dict[str, Tree] = {
    "no index": StandardNode("pandas.series", [TupleNode([None, _numbers(1)]), _numbers(1), capture({})]),
    "no array": StandardNode(
        "pandas.series", [TupleNode([None, ListNode([1])]), capture(pd.RangeIndex(1)), capture({})]
    ),
    "a class": StandardNode(
        "pandas.series", [TupleNode([None, GlobalNode("builtins:list")]), capture(pd.RangeIndex(1)), capture({})]
    ),
    "codes outside": StandardNode("pandas.array", ["category", _numbers(7), capture(pd.Index(["a"])), False]),
    "codes of levels outside": StandardNode(
        "pandas.index",
        ["MultiIndex", ListNode([capture(pd.Index(["a"]))]), ListNode([_numbers(7)]), ListNode([None])],
    ),
    "another type": StandardNode("pandas.array", ["arrow", "category", ListNode(["a"])]),
    "an index by name": StandardNode("pandas.index", ["DataFrame", TupleNode([None, _numbers(1)]), None]),
    "sparse": StandardNode("pandas.array", ["sparse", _numbers(1), _numbers(0), 10**12, 0]),
    "sparse outside": StandardNode("pandas.array", ["sparse", _numbers(1), _numbers(9), 2, 0]),
    "a frequency": StandardNode("pandas.offset", ["D" * 1000]),
    "a zone": StandardNode("pandas.timestamp", [1, "s", 5, 0]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_baseline_builds_nothing(name: str) -> None:
    """It is refused with a reason; looking at it fails as little."""
    tree = HOSTILE[name]
    with pytest.raises(Unbuildable):
        build(tree, HERE)
    literal(tree)
    tree_differences(tree, capture(frame()))
    tree_differences(tree, StandardNode(getattr(tree, "kind", ""), []))


def test_a_service_of_frames(tmp_path: Path) -> None:
    """Input, result and changed argument are frames: unchanged it is the same, and a change is named."""
    scenario = Scenario(
        tmp_path,
        {
            "shop": """
            def totals(orders):
                orders["total"] = orders["price"] * orders["n"]
                return orders.groupby("name", dropna=False)["total"].sum()
            """
        },
    )
    scenario.record(lambda shop: shop.totals(frame()))
    assert (scenario.replay().counts, scenario.replay().reasons) == ({"same": 1}, set())
    scenario.change("shop", '* orders["n"]', '* orders["n"].clip(upper=2)')
    replayed = scenario.replay()
    assert replayed.counts == {"diverged": 1}
    assert replayed.fields == {"return[2]": ("7.5", "5.0"), "arguments[1][0].total[2]": ("7.5", "5.0")}
