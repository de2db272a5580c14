"""The boundaries in the box: of each what must be known before its file is loaded, which happens with its library."""

from __future__ import annotations

import functools
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..patching import Undo
    from .protocol import ExchangeCodec


class InBox(NamedTuple):
    """A boundary in the box, with the attributes of a `Boundary`.

    Its file, beside this one, has an `install` and mostly a `CODEC`. The file is loaded when the boundary is put in
    place, which is when the service imports the library, or when somebody asks what its exchanges mean.
    """

    name: str
    module: str
    file: str
    exceptions: tuple[str, ...] = ()
    sees_all: bool = True
    function: str = "install"
    """What in the file puts it in place."""
    codec_file: str = ""
    """Where the `CODEC` is, of a boundary whose file is loaded in every process."""

    def install(self, module: Any) -> Undo:
        """Put it in place."""
        undo: Undo = getattr(_loaded(self.file), self.function)(module)
        return undo

    @property
    def codec(self) -> ExchangeCodec:
        """What its exchanges mean."""
        codec: ExchangeCodec = _loaded(self.codec_file or self.file).CODEC
        return codec


@functools.cache
def _loaded(file: str) -> Any:
    return import_module(f".{file}", __package__)


PLAIN = "protocol"
"""The file with the codec of exchanges that are calls of functions."""

OF_FUNCTIONS = InBox("", "", "declared", codec_file=PLAIN)
"""What stands for a boundary that nobody knows."""

BUILT_IN: tuple[InBox, ...] = (
    InBox("clock", "", "clock", codec_file=PLAIN),
    InBox("entropy", "", "entropy", codec_file=PLAIN),
    InBox("entropy", "random", "entropy", function="install_random", codec_file=PLAIN),
    InBox("entropy", "uuid", "entropy", function="install_uuid", codec_file=PLAIN),
    InBox("environ", "", "environ", codec_file=PLAIN),
    InBox("sqlite3", "sqlite3", "sqlite"),
    InBox("http", "http.client", "http_client", exceptions=("urllib3", "requests")),
    InBox("process", "", "os_system", codec_file="process_codec"),
    InBox("process", "subprocess", "subprocesses", ("subprocess",), codec_file="process_codec"),
    InBox(
        *("process", "asyncio.subprocess", "subprocesses", ("subprocess",)),
        function="install_awaited",
        codec_file="process_codec",
    ),
    InBox("file", "", "files", codec_file="file_codec"),
    InBox("stdin", "", "stdin", codec_file="stdin_codec"),
    InBox("httpcore", "httpcore", "httpcore", exceptions=("httpcore", "httpx")),
    InBox("redis", "redis.connection", "redis", exceptions=("redis",)),
    InBox("redis", "redis.asyncio.connection", "redis", exceptions=("redis",), function="install_awaited"),
    InBox("psycopg", "psycopg", "psycopg", exceptions=("psycopg",)),
    InBox("psycopg_pool", "psycopg_pool", "psycopg_pool", exceptions=("psycopg_pool",), codec_file=PLAIN),
    InBox("aiosqlite", "aiosqlite.core", "aiosqlite", codec_file=PLAIN),
    InBox("asyncpg", "asyncpg", "asyncpg", exceptions=("asyncpg",)),
    InBox("aiohttp", "aiohttp.client", "aiohttp", exceptions=("aiohttp",)),
    InBox("psycopg2", "psycopg2", "psycopg2", exceptions=("psycopg2",)),
    InBox("pymysql", "pymysql.connections", "pymysql", exceptions=("pymysql",)),
    InBox("pymemcache", "pymemcache.client.base", "pymemcache", exceptions=("pymemcache",)),
    InBox("smtplib", "smtplib", "mail"),
    InBox("socket", "socket", "name_lookups", sees_all=False),
    InBox("kombu", "kombu.messaging", "kombu", exceptions=("kombu",)),
)
"""To add one, write its file and name it here."""


def load_all() -> None:
    """Load every file now, because there may be no reading of files later."""
    for boundary in BUILT_IN:
        _loaded(boundary.file)
        _loaded(boundary.codec_file or boundary.file)
