"""Parameters that several tools have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

BaselineName: TypeAlias = Annotated[str, Field(description="Which baseline; may be left out where there is one.")]
EntryName: TypeAlias = Annotated[str, Field(description="Only traces of this entry.")]
Where: TypeAlias = Annotated[str, Field(description="A condition: Python-like, over recorded paths.")]
Since: TypeAlias = Annotated[str, Field(description="Only traces begun since, UTC: 2026-11-28T06:10.")]
Until: TypeAlias = Annotated[str, Field(description="Only traces begun before.")]
