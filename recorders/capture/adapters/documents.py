"""Trees of lxml and of Beautiful Soup.

An element of lxml is its markup, which lxml writes from its own memory: no class of anyone's is made for an element,
and nothing is asked of one. A tag of Beautiful Soup is where it stands in its document, and a document is nested lists:
its tags hold each other in chains that are as long as it is.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from ..pickle_stubs import Items
from ..raw import class_name, dict_getter, find_loaded, inherits, is_instance, namespace_of_module, type_dict
from .protocol import TypeAdapter, Unreadable

NODES_LIMIT: Final = 3_000
"""Nodes of a document that are captured: a thousand of Beautiful Soup take two milliseconds of a request."""

_DEPTH_LIMIT: Final = 60
"""Levels of a document that are captured."""


_ELEMENTS: Final = ("lxml.etree:_Element", "lxml.html:HtmlElement")


def _lxml() -> Any:
    return namespace_of_module(sys.modules.get("lxml.etree"))


def _element(value: Any) -> tuple[Any, ...]:
    etree = _lxml()
    nodes = etree["XPath"]("count(descendant::node()|descendant::*/@*)")(value)
    if nodes > NODES_LIMIT:
        raise Unreadable(f"it has {nodes:.0f} nodes, and {NODES_LIMIT} are captured")
    is_html = class_name(type(value)) == "lxml.html:HtmlElement"
    base = etree["_Element"]
    text = etree["tostring"](value, encoding="unicode", with_tail=False)
    return "html" if is_html else "xml", text, vars(base)["tail"].__get__(value)


class _Soup:
    """What is known of the classes of Beautiful Soup, while one document is read."""

    def __init__(self) -> None:
        space = namespace_of_module(sys.modules.get("bs4.element"))
        self.tag = space.get("Tag")
        self.document = namespace_of_module(sys.modules.get("bs4")).get("BeautifulSoup")
        self._read = dict_getter(self.tag) if self.tag is not None else None
        self._texts: dict[int, str] = {}
        self._left = NODES_LIMIT

    def held(self, value: Any) -> dict[str, Any]:
        """The attributes of a tag or a document; none of anything else."""
        if self._read is None or (type(value) is not self.tag and type(value) is not self.document):
            return {}
        found = self._read(value)
        return found if type(found) is dict else {}

    def contents(self, value: Any) -> list[Any]:
        """What stands in a tag or a document."""
        found = self.held(value).get("contents")
        return found if type(found) is list else []

    def nodes(self, tag: Any, depth: int = 0) -> list[Any]:
        """Of a tag name, prefix, namespace, attributes and content, of a text its class and itself."""
        contents = self.contents(tag)
        self._left -= len(contents)
        if self._left < 0 or depth > _DEPTH_LIMIT:
            raise Unreadable(f"it has more than {NODES_LIMIT} nodes, or lies more than {_DEPTH_LIMIT} deep")
        found: list[Any] = []
        for part in contents:
            if type(part) is self.tag:
                held = self.held(part)
                head = held.get("name"), held.get("prefix"), held.get("namespace"), _attributes(held.get("attrs"))
                found.append((*head, self.nodes(part, depth + 1)))
            else:
                found.append((self._text_class(type(part)), str.__str__(part)))
        return found

    def _text_class(self, cls: type) -> str:
        known = self._texts.get(id(cls))
        if known is None:
            name = class_name(cls)
            if not (name.startswith("bs4.element:") and find_loaded(name) is cls and inherits(cls, str)):
                raise Unreadable(f"it holds a {name}")
            known = self._texts[id(cls)] = name.partition(":")[2]
        return known


def _document(value: Any) -> tuple[Any, ...]:
    soup = _Soup()
    builder = type(soup.held(value).get("builder"))
    features = type_dict(builder).get("NAME")
    if not class_name(builder).startswith("bs4.builder.") or type(features) is not str:
        raise Unreadable("what it was parsed by is not known")
    return features, soup.nodes(value)


def _attributes(attributes: Any) -> Items:
    """Attributes with plain texts; those of several words are lists."""
    if not is_instance(attributes, dict):
        raise Unreadable("its attributes are in no dict")
    values = [_words(value) if is_instance(value, list) else _text(value) for value in list(dict.values(attributes))]
    return Items("dict", list(map(_text, list(dict.keys(attributes)))), values)


def _words(value: Any) -> list[Any]:
    return [_text(word) for word in list.__iter__(value)]


def _text(value: Any) -> Any:
    return str.__str__(value) if is_instance(value, str) else value


def _tag(value: Any) -> tuple[Any, ...]:
    """The document of a tag, and its place in it: the numbers of children, from the outside inwards."""
    soup = _Soup()
    place: list[int] = []
    while type(value) is not soup.document:
        parent = soup.held(value).get("parent")
        number = next((at for at, part in enumerate(soup.contents(parent)) if part is value), -1)
        if number < 0 or len(place) > _DEPTH_LIMIT:
            raise Unreadable("it stands in no document")
        place.append(number)
        value = parent
    return value, place[::-1]


def _is_element(cls: type) -> bool:
    """Whether a class is one that lxml itself makes for elements."""
    base, name = _lxml().get("_Element"), class_name(cls)
    return base is not None and name in _ELEMENTS and find_loaded(name) is cls


ADAPTERS: tuple[TypeAdapter, ...] = (
    TypeAdapter("lxml.element", (), _element, is_mutable=True, accepts=_is_element),
    TypeAdapter("lxml.text", ("lxml.etree:_ElementUnicodeResult",), lambda value: (str.__str__(value),)),
    TypeAdapter("bs4.document", ("bs4:BeautifulSoup",), _document, is_mutable=True),
    TypeAdapter("bs4.tag", ("bs4.element:Tag", "bs4:Tag"), _tag),
)
"""One a type."""
