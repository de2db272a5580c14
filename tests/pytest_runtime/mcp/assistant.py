"""An assistant at a server: the official client of the protocol, used one call after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from typing import Any, NamedTuple

from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import Client
from mcp_types import CallToolResult, TextContent, Tool

MARK = "fence0"
"""The mark of fences in tests."""


class Called(NamedTuple):
    """What a tool answered."""

    text: str
    data: dict[str, Any]
    failed: bool

    @property
    def plain(self) -> str:
        """The text with what differs from one recording to the next left out: ids of traces, moments, durations."""
        names: dict[str, str] = {}

        def named(found: re.Match[str]) -> str:
            return names.setdefault(found[0], f"trace-{len(names) + 1}")

        text = re.sub(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{12}\b|\b\d{12}\b", named, self.text)
        text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:.]{5,12}(\+00:00)?", "MOMENT", text)
        text = re.sub(r"'3\.\d+\.\d+'", "'PYTHON'", text)
        return re.sub(r"seconds: [\d.]+", "seconds: N", text)


class Assistant:
    """Calls tools."""

    def __init__(self, portal: BlockingPortal, client: Client) -> None:
        self._portal = portal
        self._client = client

    def call(self, name: str, **arguments: Any) -> Called:
        """What a tool answers."""
        result = self._portal.call(self._client.call_tool, name, arguments)
        assert isinstance(result, CallToolResult)
        (content,) = result.content
        assert isinstance(content, TextContent)
        return Called(content.text, result.structured_content or {}, bool(result.is_error))

    def ask(self, name: str, **arguments: Any) -> Called:
        """The same, of a call that succeeds."""
        called = self.call(name, **arguments)
        assert not called.failed, called.text
        return called

    def tools(self) -> list[Tool]:
        """The tools that there are."""
        return self._portal.call(self._client.list_tools).tools

    @property
    def instructions(self) -> str:
        """What the server says of itself."""
        return self._client.instructions or ""


@contextmanager
def connected(client: Client, *around: AbstractAsyncContextManager[Any]) -> Iterator[Assistant]:
    """An assistant, as long as it is connected; `around` is open as long."""
    with start_blocking_portal() as portal, ExitStack() as stack:
        for outer in around:
            stack.enter_context(portal.wrap_async_context_manager(outer))
        stack.enter_context(portal.wrap_async_context_manager(client))
        yield Assistant(portal, client)


def characters(data: Any) -> int:
    """The size of structured content as it is sent."""
    return len(json.dumps(data, ensure_ascii=False))
