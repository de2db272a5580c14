"""Builders of trees of lxml and Beautiful Soup: markup is parsed without entities and without a network, and documents
are put together node by node.
"""

from __future__ import annotations

from typing import Any, Final

from .protocol import TypeBuilder, exactly, member

_FEATURES: Final = frozenset({"html.parser", "lxml", "lxml-xml", "html5lib"})
_TEXTS: Final = frozenset(
    {
        *("NavigableString", "Comment", "CData", "ProcessingInstruction", "XMLProcessingInstruction", "Declaration"),
        *("Doctype", "Stylesheet", "Script", "TemplateString", "RubyTextString", "RubyParenthesisString"),
    }
)


def _element(form: Any, text: Any, tail: Any) -> Any:
    given = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    if form == "html":
        parser = member("lxml.html", "XHTMLParser")(**given)
    else:
        parser = member("lxml.etree", "XMLParser")(**given)
    made = member("lxml.etree", "fromstring")(exactly(str, text), parser)
    made.tail = tail if tail is None else exactly(str, tail)
    return made


def _document(features: Any, nodes: Any) -> Any:
    if features not in _FEATURES:
        raise ValueError(f"{features!r} is no parser")
    made = member("bs4", "BeautifulSoup")("", features)
    made.clear()
    _fill(made, made, exactly(list, nodes))
    return made


def _fill(document: Any, tag: Any, nodes: list[Any]) -> None:
    for node in nodes:
        parts = exactly(tuple, node)
        if len(parts) == 2:
            name, text = parts
            if name not in _TEXTS:
                raise ValueError(f"{name!r} is no text of a document")
            tag.append(member("bs4.element", name)(exactly(str, text)))
            continue
        name, prefix, namespace, attributes, inside = parts
        made = document.new_tag(exactly(str, name), namespace=_text(namespace), nsprefix=_text(prefix))
        made.name = name
        for key, value in exactly(dict, attributes).items():
            made.attrs[exactly(str, key)] = _words(made, value) if type(value) is list else _text(value)
        tag.append(made)
        _fill(document, made, exactly(list, inside))


def _text(value: Any) -> str | None:
    return value if value is None else str(exactly(str, value))


def _words(tag: Any, words: list[Any]) -> Any:
    kind = getattr(tag, "attribute_value_list_class", list)
    return kind([exactly(str, word) for word in words])


def _tag(document: Any, place: Any) -> Any:
    found = exactly(member("bs4", "BeautifulSoup"), document)
    for number in exactly(list, place):
        found = found.contents[exactly(int, number)]
    return exactly(member("bs4", "Tag"), found)


BUILDERS: tuple[TypeBuilder, ...] = (
    TypeBuilder("lxml.element", _element),
    TypeBuilder("lxml.text", lambda text: exactly(str, text)),
    TypeBuilder("bs4.document", _document),
    TypeBuilder("bs4.tag", _tag),
)
"""One a kind."""
