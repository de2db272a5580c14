"""`pytest-runtime mcp`: the server for coding assistants."""

from __future__ import annotations

from pathlib import Path

import click

from ..config import load_project
from ..recorders.errors import ConfigurationError


@click.command("mcp")
@click.option(
    "--python",
    metavar="PATH",
    default="",
    help="The interpreter that replays, which has the service's dependencies and pytest-runtime; default: this one.",
)
@click.option("--http", "port", type=click.IntRange(0, 65535), metavar="PORT", help="Serve HTTP on 127.0.0.1 instead.")
def mcp_command(python: str, port: int | None) -> None:
    """Serve the Model Context Protocol: an assistant asks what really happens, and has its changes judged. Speaks on
    standard input and output; with --http as streamable HTTP on this machine alone, to whoever has the token (from
    PYTEST_RUNTIME_MCP_TOKEN, or a random one that is printed). Needs the extra: pip install 'pytest-runtime[mcp]'."""
    load_project(Path.cwd())  # a configuration that cannot be read is reported now
    try:
        from ..mcp.serving import serve_http, serve_stdio
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "uvicorn", "starlette", "pydantic"):
            raise
        raise ConfigurationError(
            f"the MCP server needs a package that is not installed ({error.name}): pip install 'pytest-runtime[mcp]'"
        ) from error
    if port is None:
        serve_stdio(Path.cwd(), python)
    else:
        serve_http(Path.cwd(), python, port)
