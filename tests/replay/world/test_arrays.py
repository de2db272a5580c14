"""Arrays, scalars, types and random generators of NumPy: captured, built again, compared by element."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hostile.classes import WATCH

from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import (
    AnchorNode,
    BytesNode,
    ListNode,
    OpaqueNode,
    StandardNode,
    Tree,
    TupleNode,
    contains_opaque,
    decode,
    encode,
    walk,
)
from pytest_runtime.replay.compare.tree_diff import tree_differences, unknown_part
from pytest_runtime.replay.model.render import literal, short
from pytest_runtime.replay.world.public_values import Classes, Reader
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable
from pytest_runtime.testing.scenario import Scenario

from .test_adapters import _noisy

np: Any = pytest.importorskip("numpy")
HERE = Resolver([__name__.partition(".")[0]])

TYPES = (
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", ">i4", ">f8", "float16"),
    *("float32", "float64", "longdouble", "complex64", "complex128", "clongdouble", "M8[ns]", "m8[s]", "M8[D]"),
    *("U3", "S3", "V4", "O"),
)
RECORD = [("n", "i4"), ("price", ">f8"), ("tag", "U3"), ("at", "M8[s]"), ("grid", "f4", (2,))]


def again(value: object) -> Any:
    """Captured, written, read and built."""
    return build(decode(encode(capture(value))), HERE)


def fields(before: object, after: object) -> list[tuple[str, str, str]]:
    """What differs between two values, as reports show it."""
    return [
        (path, short(left), short(right)) for path, left, right in tree_differences(capture(before), capture(after))
    ]


def _arrays() -> list[Any]:
    found = [np.arange(6).astype(name).reshape(2, 3) for name in TYPES if name != "V4"]
    found += [np.arange(300).astype(name) for name in TYPES if name != "V4"]
    found += [np.zeros(3, "V4"), np.zeros((0, 3)), np.array(3.5), np.array([1.0, np.nan, -0.0, np.inf])]
    found += [
        np.zeros((2, 2), RECORD),
        np.zeros(0, RECORD),
        np.zeros((), RECORD),
        np.zeros(2, np.dtype(RECORD, align=True)),
    ]
    found += [np.asfortranarray(np.arange(6).reshape(2, 3)), np.arange(12)[::-2], np.arange(12).reshape(3, 4)[:, 1]]
    found += [np.array([1, "a", None, [2], (3,)], object), np.array(["NaT", "2024-01-01"], "M8[ns]")]
    found += [
        np.array(["a", ""], np.dtypes.StringDType()),
        np.zeros((1, 2)).view(np.matrix),
        np.rec.array([(1, 2.0)], "i4,f8"),
    ]
    return found


@pytest.mark.parametrize("array", _arrays(), ids=lambda array: f"{array.dtype}{array.shape}")
def test_an_array_is_built_again(array: Any) -> None:
    """Of the same class, type, shape and elements; its tree the same again, and no difference to itself."""
    tree = capture(array)
    assert contains_opaque(tree) is None
    made = build(decode(encode(tree)), HERE)
    assert (type(made), made.dtype, made.shape) == (type(array), array.dtype, array.shape)
    assert str(made.tolist()) == str(array.tolist())
    assert encode(capture(made)) == encode(tree)
    assert tree_differences(tree, capture(made)) == []
    assert literal(tree)


def test_how_an_array_lies_in_memory_is_kept_and_not_compared() -> None:
    """Order and whether it can be written are there again; two that differ in nothing else are the same."""
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    array.flags.writeable = False
    made = again(array)
    assert made.flags.f_contiguous
    assert not made.flags.c_contiguous
    assert not made.flags.writeable
    assert fields(array, np.arange(6.0).reshape(2, 3)) == []
    large = np.arange(600.0).reshape(2, 300)
    assert fields(np.asfortranarray(large), large) == []


SCALARS = (
    *("float64(1.5)", "float32(1.5)", "float16(1.5)", "int64(-3)", "uint64(2**64-1)", "bool_(True)", "str_('a')"),
    *(
        "bytes_(b'a')",
        "complex128(1+2j)",
        "longdouble(1)/3",
        "datetime64('2024-01-01T10','ns')",
        "datetime64('NaT', 's')",
    ),
    *("timedelta64(5,'s')", "zeros((), 'i4,f8')[()]", "rec.array([(1, 2.0)], 'i4,f8')[0]"),
)


@pytest.mark.parametrize("text", SCALARS)
def test_a_scalar_is_built_again(text: str) -> None:
    """Of its own type, which is another than that of Python."""
    value = eval(f"np.{text}")
    made = again(value)
    assert (type(made), made.dtype, made.tobytes()) == (type(value), value.dtype, value.tobytes())
    assert tree_differences(capture(value), capture(made)) == []
    assert fields(value, "another")


@pytest.mark.parametrize("name", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_random_generators_go_on(name: str) -> None:
    """From the state that they were in, whichever generates their bits."""
    generator = np.random.Generator(getattr(np.random, name)(5))
    generator.random(3, dtype="f4")
    made, bits = again([generator, generator.bit_generator])
    assert made.bit_generator is bits
    assert made.random(3).tolist() == generator.random(3).tolist()
    old = np.random.RandomState(5)
    old.randn()
    assert again(old).randn() == old.randn()


def test_what_is_shared_is_shared_again() -> None:
    """What is written through one name is read through the other."""
    array = np.zeros(3)
    made = again({"a": array, "b": array})
    assert made["a"] is made["b"]
    assert any(isinstance(part, AnchorNode) for part in walk(capture([array, array])))


def test_a_difference_names_the_element() -> None:
    """Whether each stands by itself or all are bytes; types and shapes have names of their own."""
    before, after = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(2, 3)
    after[1, 2] = 9
    assert fields(before, after) == [("[1][2]", "5.0", "9.0")]
    assert fields(np.arange(5000.0), np.where(np.arange(5000) == 4321, -1.0, np.arange(5000.0))) == [
        ("[4321]", "4321.0", "-1.0")
    ]
    assert fields(np.arange(3), np.arange(3.0)) == [(".dtype", "'int64'", "'float64'")]
    assert fields(np.arange(3), np.array([0.0, 1.0, 2.5]))[1:] == [("[2]", "2.0", "2.5")]
    assert {path for path, _old, _new in fields(np.arange(6), np.arange(6).reshape(2, 3))} == {".shape[0]", ".shape[1]"}
    assert fields(np.arange(3), np.arange(4)) == [("[3]", "(absent)", "3")]
    assert fields(np.array(["2024-01-01"], "M8[s]"), np.array(["2024-01-02"], "M8[s]")) == [
        ("[0]", "datetime64(2024-01-01 00:00:00)", "datetime64(2024-01-02 00:00:00)")
    ]
    assert fields(np.array([1, "a"], object), np.array([1, "b"], object)) == [("[1]", "'a'", "'b'")]
    old, new = np.zeros(2, RECORD), np.zeros(2, RECORD)
    new["price"][1] = 4
    assert fields(old, new) == [(".price[1]", "0.0", "4.0")]
    assert fields(np.float64(1.5), np.float32(1.5)) == [(".dtype", "'float64'", "'float32'")]
    assert fields(np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 1])) == [(".mask[0]", "False", "True")]


def test_not_a_number_is_equal_to_itself() -> None:
    """Whatever its bits are; two zeros are two numbers, as elsewhere."""
    odd = np.frombuffer(np.array([0x7FF8000000000001], "u8").tobytes(), "f8")
    assert fields(odd, np.array([np.nan])) == []
    assert fields(np.repeat(odd, 300), np.full(300, np.nan)) == []
    assert fields(np.repeat(odd, 300).astype(">f8"), np.full(300, np.nan, ">f8")) == []
    assert fields(np.array([0.0]), np.array([-0.0])) == [("[0]", "0.0", "-0.0")]


def test_of_a_large_array_some_elements_are_known() -> None:
    """Enough to see that it is another one, and never that it is the same; taking them does not copy it."""
    large = np.zeros(500_000)
    tree = capture(large)
    assert len(encode(tree)) < 2_000
    assert contains_opaque(tree) is not None
    changed = large + 1
    assert fields(large, changed)[0] == ("[3906]", "0.0", "1.0")
    assert fields(large, np.zeros(500_001)) == [(".shape[0]", "500000", "500001")]
    with pytest.raises(Unbuildable, match="4000000 bytes"):
        build(tree, HERE)
    assert isinstance(capture(np.full(500_000, "a")), OpaqueNode)


def test_a_replay_knows_all_of_a_large_array() -> None:
    """By a digest, in which all NaNs are one; against a recording nothing is known of what lies between."""
    reader = Reader(Classes(lambda module: False), None)
    large = np.zeros((1_000, 500))
    large[1, 1] = np.nan
    again, other = large.copy(), large.copy()
    again[1, 1], other[1, 2] = -np.nan, 5
    tree = reader.capture(large)
    assert contains_opaque(tree) is None
    assert tree_differences(tree, reader.capture(again)) == []
    assert [path for path, *_ in tree_differences(tree, reader.capture(other))] == [".tobytes()"]
    assert tree_differences(capture(large), tree) == []
    assert unknown_part(capture(large), tree) is not None


def test_nothing_of_what_an_array_holds_runs() -> None:
    """Objects in it are taken as they are."""
    thing = object.__new__(_noisy())
    array = np.empty(2, object)
    array[0] = thing
    WATCH.ran.clear()
    WATCH.is_armed = True
    capture([array, array])
    WATCH.is_armed = False
    assert dict(WATCH.ran) == {}


def _node(spec: Any, shape: list[int], elements: Any, name: str = "ndarray") -> Tree:
    return StandardNode("numpy.array", [name, spec, TupleNode([*shape]), "C", elements])


def _deep() -> Tree:
    spec: Tree = "<f8"
    for _level in range(200):
        spec = TupleNode(["sub", spec, TupleNode([1])])
    return spec


HOSTILE: dict[str, Tree] = {
    "more than it says": _node("<f8", [10**12], BytesNode(b"")),
    "less than it says": _node("<f8", [3], BytesNode(b"1234567")),
    "wide text": _node("<U90000000", [1], ListNode(["a"])),
    "objects in bytes": _node("|O", [1], BytesNode(b"12345678")),
    "a type with code": _node("O; import os", [1], ListNode([1])),
    "another class": _node("<f8", [1], ListNode([1.0]), "memmap"),
    "elements that are none": _node("<f8", [1], ListNode([StandardNode("range", [0, 3, 1])])),
    "a word": _node(TupleNode(["eval", "1"]), [1], ListNode([1])),
    "negative": _node("<f8", [-1, -1], ListNode([1.0])),
    "state outside": StandardNode(
        "numpy.bits",
        [capture({"bit_generator": "MT19937", "state": {"key": np.zeros(624, "u4"), "pos": 10**6}})],
    ),
    "no generator": StandardNode("numpy.bits", [capture({"bit_generator": "default_rng"})]),
    "a type of a thousand digits": _node(f"<f{'9' * 6000}", [1], ListNode([1.0])),
    "fields in fields": _node(_deep(), [1], ListNode([1.0])),
    "no record": StandardNode("numpy.void", [_node("<f8", [], ListNode([1.0]))]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_baseline_builds_nothing(name: str) -> None:
    """It is refused, with a reason, before there is memory for it; looking at it fails as little."""
    tree = HOSTILE[name]
    with pytest.raises(Unbuildable):
        build(tree, HERE)
    literal(tree)
    tree_differences(tree, capture(np.zeros(3)))
    tree_differences(tree, _node("<f8", [1], ListNode([2.0])))


def test_it_costs_nothing_where_it_is_not_used() -> None:
    """Neither half imports NumPy or pandas."""
    code = (
        "import sys, pytest_runtime.recorders.capture.thaw as t, pytest_runtime.replay.world.rebuild;"
        "t.capture([object()]); import pytest_runtime.replay.compare.tree_diff;"
        "print(sorted({'numpy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_service_of_arrays(tmp_path: Path) -> None:
    """Input, result and changed argument are arrays: unchanged it is the same, and a change is named."""
    scenario = Scenario(
        tmp_path,
        {
            "shop": """
            import numpy as np

            def scaled(prices, factor):
                prices *= 2
                return prices * factor
            """
        },
    )
    scenario.record(lambda shop: shop.scaled(np.array([1.0, 2.0, 3.0]), np.float64(0.5)))
    assert scenario.replay().counts == {"same": 1}
    scenario.change("shop", "return prices * factor", "return np.minimum(prices * factor, 2.5)")
    replayed = scenario.replay()
    assert replayed.counts == {"diverged": 1}
    assert replayed.fields == {"return[2]": ("3.0", "2.5")}
    scenario.change("shop", "prices *= 2", "prices = prices * 2")
    assert set(scenario.replay().fields) == {"return[2]", *(f"arguments[1][0][{at}]" for at in range(3))}
