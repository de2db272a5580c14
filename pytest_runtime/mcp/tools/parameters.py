"""Parameters that several tools have."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

BaselineName: TypeAlias = Annotated[str, Field(description="Which baseline; may be left out where there is one.")]
