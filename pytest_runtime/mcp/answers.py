"""Answers: typed values of tools, on their way to a client: within the budget, as text and as structured content."""

from __future__ import annotations

from typing import Annotated, Any

from mcp_types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict, Field

from .budget import TOKENS, fitted
from .fence import Fence
from .outline import outline


def _without_titles(schema: dict[str, Any]) -> None:
    """Leave the titles out of a schema: they repeat the names of fields, and a client reads all of it."""
    schema.pop("title", None)
    for part in schema.get("properties", {}).values():
        part.pop("title", None)


class Part(BaseModel):
    """A value inside an answer; its schema is what a client sees of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_without_titles)


class Answer(Part):
    """What a tool answers."""

    next: Annotated[list[str], Field(description="What to call next.")] = []
    left_out: Annotated[
        dict[str, int], Field(description="Lists that were cut to fit into a context, and how many items each lost.")
    ] = {}


def as_result(answer: Answer, fence: Fence, *, tokens: int = TOKENS) -> CallToolResult:
    """An answer as text and as structured content, which hold the same and fit into the budget of tokens each."""
    whole: dict[str, Any] = answer.model_dump(mode="json")
    whole.pop("left_out")
    hints = whole.pop("next")
    # The hints and the notes on what was cut come after the fact, and have to fit too.
    data, left_out = fitted(whole, fence, tokens=tokens - 300)
    data = {**data, "left_out": left_out, "next": hints}
    return CallToolResult(content=[TextContent(type="text", text=outline(data))], structured_content=data)
