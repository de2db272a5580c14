"""A request as the source of a test: it is sent to the application as plain WSGI (PEP 3333)."""

from __future__ import annotations

from ...recorders.model.full_names import split_name
from ...recorders.model.value_tree import BytesNode, DictNode, Tree, field
from ..model.observation import Observation, comparable
from .body import Body, NoTest, dotted

_CHOSEN = frozenset({"REQUEST_METHOD", "PATH_INFO", "QUERY_STRING", "CONTENT_TYPE", "REMOTE_USER"})
_FILLED_IN = frozenset({"HTTP_HOST", "HTTP_USER_AGENT", "HTTP_CONNECTION", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT"})


def write_request(body: Body, request: Tree, last: Observation, app: str, *, is_factory: bool) -> None:
    """Send a request, and assert what is answered; `app` is `module:attribute`, empty where none is configured. Raises
    `NoTest`."""
    if not app:
        raise NoTest('a test of a request needs app = "module:attribute" in the configuration')
    if last.kind != "response":
        raise NoTest("it does not come to a response")
    module, attribute = split_name(app)
    body.import_from(module, attribute.split(".")[0])
    body.add_import("import io")
    body.add_import("from wsgiref.util import setup_testing_defaults")
    _write_environ(body, request)
    served = f"{dotted(attribute)}()" if is_factory else dotted(attribute)
    shown = comparable(last)
    body.add(
        "setup_testing_defaults(environ)",
        "answered = []",
        f'body = b"".join({served}(environ, lambda status, headers, *_: answered.append(status)))',
        f"assert answered[0].startswith({str(field(shown, 'status'))!r})",
    )
    document, content = field(shown, "json"), field(last.value, "body")
    if document is not None:
        body.add_import("import json")
        body.add(f"assert json.loads(body) == {body.value(document)}")
    elif isinstance(content, BytesNode):
        body.add(f"assert body == {content.data!r}")


def _write_environ(body: Body, request: Tree) -> None:
    environ, content = field(request, "environ"), field(request, "body")
    data = content.data if isinstance(content, BytesNode) else b""
    pairs = list(zip(environ.keys, environ.values, strict=True)) if isinstance(environ, DictNode) else []
    chosen = [(str(key), str(value)) for key, value in pairs if _is_chosen(str(key), value)]
    body.add(
        "environ = {",
        *(f"    {key!r}: {value!r}," for key, value in chosen),
        f'    "CONTENT_LENGTH": "{len(data)}",',
        f'    "wsgi.input": io.BytesIO({data!r}),',
        "}",
    )


def _is_chosen(key: str, value: Tree) -> bool:
    """Whether a part of a request is one that its sender chose; the rest is filled in by the standard library."""
    return bool(value) and (key in _CHOSEN or (key.startswith("HTTP_") and key not in _FILLED_IN))
