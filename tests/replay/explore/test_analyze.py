"""What leads inputs on while exploring: the distance to changed lines, thresholds that are solved, what changed lines
set, and what objects keep from call to call."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_runtime.recorders.model.branches import Arm, Branch
from pytest_runtime.recorders.model.value_tree import Tree, TupleNode, record
from pytest_runtime.replay.change.versions import Versions
from pytest_runtime.replay.explore.analyze.branch_distance import BranchDistance, Missing, branch_distance_of
from pytest_runtime.replay.explore.analyze.comparison_solver import thresholds
from pytest_runtime.replay.explore.analyze.constant_pool import ConstantPool, constant_pool_of
from pytest_runtime.replay.explore.analyze.statefulness import changes_its_object
from pytest_runtime.replay.explore.generate.mutations import Mutations
from pytest_runtime.replay.explore.generate.seeds import Seed
from pytest_runtime.replay.model.verdict import FieldDifference
from pytest_runtime.testing import Scenario


def versions(source: str, old: str, new: str) -> Versions:
    """Base, and a candidate in which one text stands for another."""
    base = textwrap.dedent(source)
    assert old in base
    return Versions({"m": base}, {"m": base.replace(old, new)})


def arms(*taken: tuple[str, str]) -> list[Arm]:
    """Of a function that has each condition once; lines are those of the chains."""
    return [Arm(Branch("m:f", condition, 0, 0), how) for condition, how in taken]


def without_lines(distance: BranchDistance) -> list[list[set[tuple[str, str]]]]:
    """What leads to changed lines of the candidate."""
    return [[{(branch.condition, taken) for branch, taken in step} for step in chain] for chain in distance.candidate]


DEEP = """
    def f(zone, girth, express):
        if zone == "islands" and girth > 300:
            if express:
                raise ValueError("no")
            cost = 75
        return cost
    """


# --- branch distance ----------------------------------------------------------------------------------------------


def test_what_stands_above_a_changed_line_leads_to_it() -> None:
    """Each operand of a test by itself; what leaves the block before the line must not be taken."""
    distance = branch_distance_of(versions(DEEP, "cost = 75", "cost = 76"), ["m:f"])
    assert without_lines(distance) == [
        [{("zone == 'islands'", "true")}, {("girth > 300", "true")}, {("express", "false")}]
    ]


@pytest.mark.parametrize(
    ("body", "chains"),
    [
        ("return 1", []),
        ("if not a:\n        return 1", [[{("a", "false")}]]),
        ("if a:\n        return 2\n    else:\n        return 1", [[{("a", "false")}]]),
        ("if a or b:\n        return 1", [[{("a", "true"), ("b", "true")}]]),
        ("if not (a or b):\n        return 1", [[{("a", "false")}, {("b", "false")}]]),
        ("for one in a:\n        return 1", [[{("for one in a", "entered")}]]),
        ("while a:\n        return 1", [[{("a", "true")}]]),
        ("try:\n        a()\n    except KeyError:\n        return 1", [[{("except KeyError", "true")}]]),
        ("match a:\n        case 5 if b:\n            return 1", [[{("case 5", "true")}, {("b", "true")}]]),
        ("with a:\n        if b:\n            return 1", [[{("b", "true")}]]),
    ],
)
def test_every_statement_that_has_blocks_leads(body: str, chains: Any) -> None:
    """And a line that is always reached needs nothing."""
    distance = branch_distance_of(
        versions(f"def f(a, b):\n    {body}\n    return 0\n", "return 1", "return 7"), ["m:f"]
    )
    assert without_lines(distance) == chains


def test_the_distance_shrinks_with_each_decision() -> None:
    """To nothing; and what is missing is known by its names."""
    distance = branch_distance_of(versions(DEEP, "cost = 75", "cost = 76"), ["m:f"])
    [chain] = distance.candidate
    taken = [Arm(*next(iter(step))) for step in chain]
    found = [distance.of(taken[:count], taken[:count]) for count in range(4)]
    assert found == sorted(set(found), reverse=True)
    assert found[-1] == 0
    missing = [distance.missing(taken[:count], taken[:count]).names for count in range(4)]
    assert missing == [
        {"zone"},
        {"girth"},
        {"express"},
        set(),
    ]


def test_an_input_that_comes_nearer_is_changed_in_what_is_missing() -> None:
    """By the constants that are associated with the names of the next decision."""
    found = versions(DEEP, "cost = 75", "cost = 76")
    known = constant_pool_of(found, ["m:f"])
    tree = TupleNode([None, TupleNode(["domestic", 100, True]), record()])
    missing = Missing(frozenset({"girth"}))
    made = Mutations([Seed(0, tree, ("zone", "girth", "express"), distance=0.5, missing=missing)], known)
    first = made.batch(3)[:2]
    assert [arguments_of(mutant.tree)[1] for mutant in first] == [300, 301]


def arguments_of(tree: Tree) -> list[Tree]:
    """The positional ones."""
    assert isinstance(tree, TupleNode)
    [_receiver, args, _kwargs] = tree.items
    assert isinstance(args, TupleNode)
    return args.items


def test_deep_branches_are_reached(tmp_path: Path) -> None:
    """Four decisions that no recorded call takes together."""
    source = """
        def price(zone, girth, kilos, express):
            cost = 10
            if zone == "islands":
                cost += 5
                if girth > 300:
                    if express:
                        raise ValueError("no")
                    if kilos > 20:
                        cost += 3 * kilos
            return cost
        """

    def traffic(shop: Any) -> None:
        for zone, girth, kilos, express in (("home", 50, 3, True), ("home", 80, 5, True), ("abroad", 90, 11, False)):
            shop.price(zone, girth, kilos, express)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic).change("shop", "3 * kilos", "4 * kilos")
    found = scenario.explore(examples=60)["shop:price"]
    assert [finding.call for finding in found.findings] == ["price(zone='islands', girth=301, kilos=21, express=False)"]


# --- thresholds ---------------------------------------------------------------------------------------------------


def known_of(source: str) -> ConstantPool:
    """Of a function that did not change."""
    text = textwrap.dedent(source)
    return constant_pool_of(Versions({"m": text}, {"m": text}), ["m:f"])


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(1, 50))
def test_a_linear_comparison_is_solved_exactly(sold: int, net: int, factor: int) -> None:
    """Through names of the module and names that are assigned."""
    known = known_of(f"""
        from decimal import Decimal
        LIMIT = Decimal("10000")

        def f(seller, net):
            total = seller.sold + {factor} * int(net)
            return total > LIMIT
        """)
    numbers = {"sold": float(sold), "net": float(net)}
    assert thresholds("sold", numbers, known.comparisons) == [10000 - factor * net]
    [root] = thresholds("net", numbers, known.comparisons)
    assert root * factor + sold == pytest.approx(10000)


@pytest.mark.parametrize(
    "test",
    ["other(a) > b", "a > 'x'", "a > c", "b > b", "a / 0 > b", "a in (1, 2)", "a is None", "a > True", "a[b] > 1"],
)
def test_what_is_no_arithmetic_is_left(test: str) -> None:
    """Nothing is called to find out."""
    known = known_of(f"def f(a, b):\n    return {test}\n")
    assert thresholds("a", {"a": 3.0, "b": 5.0}, known.comparisons) == []


def test_long_sums_and_names_that_lead_in_circles_come_to_an_end() -> None:
    """What a program wrote has to be read too."""
    long = " + ".join(["a"] * 700)
    chain = "".join(f"    x{n} = {' + '.join(f'x{m}' for m in range(40))} + a\n" for n in range(40))
    numbers = {"a": 3.0, "b": 1400.0}
    assert thresholds("a", numbers, known_of(f"def f(a, b):\n    return {long} > b\n").comparisons) == [2]
    assert thresholds("a", numbers, known_of(f"def f(a, b):\n{chain}    return x1 > b\n").comparisons) == []


def test_a_large_table_is_not_read_to_its_end() -> None:
    """The first of its constants are enough."""
    table = ", ".join(map(str, range(20_000)))
    known = known_of(f"TABLE = ({table})\n\ndef f(a):\n    return a in TABLE\n")
    assert known.of_module["TABLE"] == tuple(range(24))


def test_a_name_that_is_assigned_twice_is_not_followed() -> None:
    """Which of both holds is not known here."""
    known = known_of("""
        def f(a, b):
            total = a
            if b:
                total = 2 * a
            return total > 10
        """)
    assert thresholds("a", {"a": 3.0, "b": 5.0}, known.comparisons) == []


def test_a_sum_of_two_arguments_is_brought_to_its_limit(tmp_path: Path) -> None:
    """No constant and no recorded value stands there."""
    source = """
        LIMIT = 10_000

        def allowed(spent, amount):
            return spent + amount <= LIMIT
        """

    def traffic(shop: Any) -> None:
        for spent, amount in ((312, 57), (4211, 190), (12345, 18)):
            shop.allowed(spent, amount)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic).change("shop", "<= LIMIT", "< LIMIT")
    [found] = scenario.explore(examples=30)["shop:allowed"].findings
    assert found.near
    assert (found.base, found.candidate) == ("returned True", "returned False")


# --- what changed lines set ---------------------------------------------------------------------------------------


def test_what_is_done_with_a_changed_default_counts() -> None:
    """The changed line says a number, the use of its name says that it is a length, of what is put into a list."""
    source = """
        def f(rows, limit=25):
            hits = []
            for row in rows:
                hits.append(row)
            return hits[:limit]
        """
    known = constant_pool_of(versions(source, "limit=25", "limit=20"), ["m:f"])
    assert {"limit", "hits", "row", "rows"} <= known.names
    assert "length" in known.hints


# --- objects ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        ("self.seen = name", True),
        ("self.seen[name] = 1", True),
        ("self.seen.total += 1", True),
        ("self.seen.append(name)", True),
        ("self.seen.setdefault(name, []).append(1)", True),
        ("del self.seen", True),
        ("name.append(self.seen)", False),
        ("return self.seen.get(name)", False),
        ("seen = self.seen", False),
    ],
)
def test_whether_a_method_changes_its_object(body: str, changes: bool) -> None:
    """Attributes that it sets, containers that it changes; what its constructor sets is no change."""
    source = f"class A:\n    def __init__(self):\n        self.seen = []\n    def f(self, name):\n        {body}\n"
    assert changes_its_object(Versions({"m": source}, {"m": source}), "m:A.f") is changes
    assert not changes_its_object(Versions({"m": source}, {"m": source}), "m:f")


def test_a_method_is_called_twice_where_it_changes_its_object(tmp_path: Path) -> None:
    """Names that count as the same are distinguished by the second call only."""
    source = """
        class Names:
            def __init__(self):
                self._taken = {}

            def register(self, name):
                return self._taken.setdefault(name.casefold(), name)
        """

    def traffic(shop: Any) -> None:
        for name in ("rossi", "lund"):
            shop.Names().register(name)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic).change("shop", "casefold", "lower")
    findings = [finding for found in scenario.explore(examples=60).values() for finding in found.findings]
    assert any(", then " in finding.call and finding.base != finding.candidate for finding in findings)


def test_what_is_held_under_a_private_name_too_is_seen(tmp_path: Path) -> None:
    """Private attributes do not count, but a value that does may stand in full there alone."""
    source = """
        class Box:
            def __init__(self, items):
                self._all = items
                self.items = items

            def put(self, number):
                self.items.append(number if number > 7 else 7)
        """

    def traffic(shop: Any) -> None:
        for number in (12, 30, 45):
            shop.Box([number]).put(number + 1)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic).change("shop", "else 7", "else 8")
    [found] = scenario.explore()["shop:Box.put"].findings
    assert "items" in found.differences[0].field
    assert found.base != found.candidate


def test_a_renamed_private_attribute_is_no_difference(tmp_path: Path) -> None:
    """Nor is their order."""
    source = """
        class Box:
            def __init__(self, items):
                self.total = 0
                self._all = list(items)

            def put(self, number):
                self._all.append(number)
                self.total += number
        """

    def traffic(shop: Any) -> None:
        for number in (12, 30, 45):
            shop.Box([number]).put(number + 1)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    scenario.change("shop", "self._all.append(number)", "self._every.append(number)")
    scenario.change(
        "shop", "self.total = 0\n        self._all =", "self._every = list(items)\n        self.total = 0\n        _ ="
    )
    explored = scenario.explore()
    assert [target.findings for target in explored.values()] == [()] * len(explored)
    assert sum(target.counts.same for target in explored.values()) > 0


# --- what is accepted ---------------------------------------------------------------------------------------------


def test_what_is_accepted_hides_nothing_else(tmp_path: Path) -> None:
    """Not another difference of the same field in another path class, and what is accepted is still reported, so that
    its acceptance is known to match something."""
    source = """
        def fee(kind, total):
            if kind == "gift":
                return 5 if total > 70 else 0
            return 10 if total > 100 else 0
        """

    def traffic(shop: Any) -> None:
        for kind, total in (("gift", 50), ("gift", 90), ("home", 60), ("home", 180)):
            shop.fee(kind, total)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    scenario.change("shop", "> 70", ">= 70").change("shop", "> 100", ">= 100")
    [first] = scenario.explore()["shop:fee"].findings
    explored = scenario.explore(examples=80, is_accepted=lambda entry, path, differences: path == first.path)
    findings = explored["shop:fee"].findings
    assert {finding.path == first.path for finding in findings if finding.near} == {True, False}


def test_what_is_not_accepted_is_not_shrunk_into_what_is(tmp_path: Path) -> None:
    """It would be green."""
    source = """
        def fees(total, count):
            return {"fee": 10 if total > 100 else 0, "shipping": 4 if total > 100 and count > 3 else 1}
        """

    def traffic(shop: Any) -> None:
        for total, count in ((60, 2), (180, 5), (90, 7)):
            shop.fees(total, count)

    scenario = Scenario(tmp_path, {"shop": source}).record(traffic)
    scenario.change("shop", "10 if total > 100", "10 if total >= 100").change(
        "shop", "4 if total > 100", "4 if total >= 100"
    )

    def is_accepted(entry: str, path: str, differences: tuple[FieldDifference, ...]) -> bool:
        return [difference.field for difference in differences] == ["return.fee"]

    findings = scenario.explore(is_accepted=is_accepted)["shop:fees"].findings
    assert [finding for finding in findings if "return.shipping" in [part.field for part in finding.differences]]
