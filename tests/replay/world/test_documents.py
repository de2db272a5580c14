"""Trees of lxml and Beautiful Soup: captured, built again, compared by node."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_runtime.recorders.capture.thaw import capture
from pytest_runtime.recorders.model.value_tree import (
    DictNode,
    ListNode,
    OpaqueNode,
    StandardNode,
    Tree,
    TupleNode,
    contains_opaque,
    decode,
    encode,
)
from pytest_runtime.replay.compare.tree_diff import tree_differences
from pytest_runtime.replay.model.render import literal, short
from pytest_runtime.replay.world.rebuild import build
from pytest_runtime.replay.world.resolver import Resolver, Unbuildable
from pytest_runtime.testing.scenario import Scenario

bs4: Any = pytest.importorskip("bs4")
etree: Any = pytest.importorskip("lxml.etree")
html: Any = pytest.importorskip("lxml.html")
HERE = Resolver([__name__.partition(".")[0]])

PAGE = """<!DOCTYPE html><html><body><!-- note --><p class="a b" id="x">one<b>two</b>three</p><br>
<script>var a = 1;</script>&lt;</body></html>"""
XML = """<r xmlns:n="urn:n"><n:p a="1">x<b>y</b>tail</n:p><!-- note --><?do it?>&lt;</r>"""


def again(value: object) -> Any:
    """Captured, written, read and built."""
    return build(decode(encode(capture(value))), HERE)


def fields(before: object, after: object) -> list[tuple[str, str, str]]:
    """What differs between two values, as reports show it."""
    return [
        (path, short(left), short(right)) for path, left, right in tree_differences(capture(before), capture(after))
    ]


@pytest.mark.parametrize("features", ["html.parser", "lxml", "lxml-xml"])
def test_a_document_is_built_again(features: str) -> None:
    """With its tags, texts of every sort, and attributes of several words; it can be searched like before."""
    given = bs4.BeautifulSoup(PAGE * 20, features)
    tree = capture(given)
    assert contains_opaque(tree) is None
    made = again(given)
    assert str(made) == str(given)
    assert [type(node) for node in made.descendants] == [type(node) for node in given.descendants]
    assert str(made.find("p")) == str(given.find("p"))
    assert encode(capture(made)) == encode(tree)
    assert tree_differences(tree, capture(made)) == []


def test_tags_of_one_document_share_it() -> None:
    """What is written into one is found from the other."""
    given = bs4.BeautifulSoup(PAGE, "html.parser")
    first, second = again([given.p, given.b])
    assert (first.name, second.name) == ("p", "b")
    assert second.parent is first
    second.string = "new"
    assert "new" in str(first)


def test_a_difference_names_the_node() -> None:
    """By its place among the contents."""
    before, after = bs4.BeautifulSoup("<p id='x'>a<b>c</b></p>", "html.parser"), bs4.BeautifulSoup("", "html.parser")
    after = again(before)
    after.b.string.replace_with("d")
    assert fields(before, after) == [(".contents[0].contents[1].contents[0]", "'c'", "'d'")]
    after = again(before)
    after.p["id"] = "y"
    assert fields(before.p, after.p) == [(".document.contents[0].attrs.id", "'x'", "'y'")]
    assert fields(before.p, before.b) == [(".place[1]", "(absent)", "1")]


@pytest.mark.parametrize(
    "element", [etree.fromstring(XML), etree.fromstring(XML)[0], html.fromstring(PAGE)], ids=range(3)
)
def test_an_element_is_built_again(element: Any) -> None:
    """Of the same class, with what follows it."""
    made = again(element)
    assert type(made) is type(element)
    assert (etree.tostring(made), made.tail) == (etree.tostring(element), element.tail)
    assert encode(capture(made)) == encode(capture(element))
    made.set("more", "1")
    assert [path for path, *_ in fields(element, made)] == [""]


def test_what_is_too_large_or_stands_alone_is_a_mark() -> None:
    """With the reason."""
    large = capture(bs4.BeautifulSoup("<p>a</p>" * 3_000, "html.parser"))
    assert isinstance(large, OpaqueNode)
    assert "3000 nodes" in large.reason
    many = capture(etree.fromstring(f"<r>{'<p/>' * 5_000}</r>"))
    assert isinstance(many, OpaqueNode)
    alone = capture(bs4.BeautifulSoup("", "html.parser").new_tag("p"))
    assert isinstance(alone, OpaqueNode)
    assert "no document" in alone.reason


HOSTILE: dict[str, Tree] = {
    "a parser": StandardNode("bs4.document", ["os", ListNode([])]),
    "a text of another class": StandardNode("bs4.document", ["html.parser", ListNode([TupleNode(["Tag", "x"])])]),
    "a tag of no name": StandardNode(
        "bs4.document",
        ["html.parser", ListNode([TupleNode([1, None, None, DictNode([], []), ListNode([])])])],
    ),
    "outside": StandardNode("bs4.tag", [capture(bs4.BeautifulSoup("<p/>", "html.parser")), ListNode([7])]),
    "no document": StandardNode("bs4.tag", [capture([1]), ListNode([0])]),
    "no markup": StandardNode("lxml.element", ["xml", "<a", None]),
    "entities": StandardNode("lxml.element", ["xml", '<!DOCTYPE r [<!ENTITY a SYSTEM "/etc/passwd">]><r>&a;', None]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_baseline_builds_nothing(name: str) -> None:
    """It is refused with a reason; looking at it fails as little."""
    tree = HOSTILE[name]
    with pytest.raises(Unbuildable):
        build(tree, HERE)
    literal(tree)
    tree_differences(tree, capture(bs4.BeautifulSoup(PAGE, "html.parser")))


def test_no_file_is_read_for_markup() -> None:
    """An entity of a baseline stays an entity."""
    markup = '<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]><r>&a;</r>'
    made = build(StandardNode("lxml.element", ["xml", markup, None]), HERE)
    assert "root:" not in etree.tostring(made, encoding="unicode")


def test_a_service_of_documents(tmp_path: Path) -> None:
    """Unchanged it is the same, and a change is named."""
    scenario = Scenario(
        tmp_path,
        {
            "shop": """
            import bs4
            import lxml.etree

            def words(page, feed):
                return [tag.get_text() for tag in page.find_all("b")], feed.xpath("//b/text()")
            """
        },
    )
    page = bs4.BeautifulSoup(PAGE * 3, "html.parser")
    scenario.record(lambda shop: shop.words(page, etree.fromstring(XML)))
    assert (scenario.replay().counts, scenario.replay().reasons) == ({"same": 1}, set())
    scenario.change("shop", "tag.get_text()", "tag.get_text()[:2]")
    assert set(scenario.replay().fields) == {f"return[0][{at}]" for at in range(3)}
