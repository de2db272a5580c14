"""What all entries have in common whose input is a request over HTTP, however an application is asked."""

from __future__ import annotations

from ...recorders.model.inputs import Input, http_input
from ...recorders.model.trace import Entry
from ...recorders.model.value_tree import Tree
from .http_fields import fields_of, render_request, with_fields
from .protocol import Applications, PlainReplayer


class RequestReplayer(PlainReplayer):
    """An entry that an application answers. The base of others, which send the request."""

    needs_application = True

    def set_up(self, entry: Entry, applications: Applications) -> None:
        """Make the application."""
        applications.find(entry)

    def read(self, tree: Tree) -> Input:
        """The request."""
        return http_input(tree)

    def parts(self, given: Input) -> Tree:
        """Query, form or JSON, and numbers of the path."""
        return fields_of(given.tree())

    def with_parts(self, given: Input, parts: Tree) -> Input:
        """The request with other fields."""
        return http_input(with_fields(given.tree(), parts))

    def render(self, given: Input, parts: Tree) -> str:
        """`POST /quotes?page=2 {"items": []}`."""
        return render_request(given.tree(), parts)
