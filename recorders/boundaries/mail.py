"""The boundary of `smtplib`: a mail that is sent is one exchange, with its sender, recipients and message.

What a client says besides (greetings, options) belongs to the session, command by command; logging in and encrypting
are one exchange each, of which no password is kept. Behind a recorded world nothing is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..context import UNSAMPLED, current_world, enter, leave
from ..model.value_tree import DictNode, ListNode, Tree, field
from ..model.world import Effect, Operation, Ticket, World
from ..patching import Undo, Undos, wrap
from .dbapi import given, nothing, record_error
from .no_socket import NoSocket
from .protocol import PlainCodec, Visit

if TYPE_CHECKING:
    from ..model.trace import Exchange

SENT = "send mail"
"""How the exchange is called in which a mail is sent."""


def install(module: Any) -> Undo:
    """Put it in place in `smtplib`."""
    undos = Undos()
    for owner, name, method in (
        (module.SMTP, "connect", _connect),
        (module.LMTP, "connect", _connect),
        (module.SMTP, "sendmail", _send_mail),
        (module.SMTP, "data", _data),
        (module.SMTP, "login", _log_in),
        (module.SMTP, "auth", _authenticate),
        (module.SMTP, "starttls", _encrypt),
        (module.SMTP, "putcmd", _put),
        (module.SMTP, "getreply", _get_reply),
    ):
        undos.add(wrap(owner, name, method))
    return undos.run


def _resource(client: Any) -> str:
    held = vars(client)
    return str(held.get("_runtime_resource") or f"smtp:{held.get('_host', '')}")


# --- what is one exchange as a whole ---


_LEARNED = ("ehlo_resp", "helo_resp", "esmtp_features", "does_esmtp")
"""What a client knows of its server, which it may learn in any of its methods."""


def _whole(
    client: Any, operation: Operation, request: Any, perform: Callable[[], Any], answered: Callable[[], None] = nothing
) -> Any:
    """A method as one exchange; `answered` does what it does to the client, behind a recorded world."""
    world = current_world()
    if world is None or (world.sandboxed and not world.recorded):
        return perform()
    ticket = world.begin(operation, request)
    if world.recorded:
        result, learned = _own_error(lambda: ticket.first(nothing)) or (None, {})
        vars(client).update(learned)
        answered()
        return result

    came: list[Any] = []

    def run() -> tuple[Any, dict[str, Any]]:
        came.append(perform())
        return came[0], {name: value for name in _LEARNED if (value := getattr(client, name, None)) is not None}

    token = enter(UNSAMPLED)
    try:
        ticket.first(run)
    finally:
        leave(token)
    return came[0]


def _own_error(answer: Callable[[], Any]) -> Any:
    """The answer; errors with a code as their own constructors make them, which leave aside what `OSError` would."""
    try:
        return answer()
    except OSError as error:
        if type(error).__module__ == "smtplib" and hasattr(error, "smtp_code"):
            raise type(error)(*error.args) from None
        raise


def _connect(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    host, port = given(args, kwargs, "host", "port")
    resource = f"smtp:{host or 'localhost'}:{port or client.default_port}"
    vars(client)["_runtime_resource"] = resource

    def answered() -> None:
        client.sock, client.file = NoSocket(), None

    operation = Operation("smtplib", "connect", resource, "session")
    came = _whole(client, operation, None, lambda: wrapped(*args, **kwargs), answered)
    return (220, b"") if came is None else came


def _send_mail(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    sender, to, message, *options = given(args, kwargs, "from_addr", "to_addrs", "msg", "mail_options", "rcpt_options")
    if current_world() is None:
        return wrapped(*args, **kwargs)
    recipients = [to] if isinstance(to, str) else list(to)
    request = {"from": sender, "to": recipients, **_parts(message)}
    if any(options):
        request["options"] = [list(some or ()) for some in options]
    operation = Operation("smtplib", SENT, _resource(client), "write")
    return _whole(client, operation, request, lambda: wrapped(sender, recipients, message, *map(_options, options)))


def _options(some: Any) -> Any:
    return () if some is None else some


def _data(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    (message,) = given(args, kwargs, "msg")
    operation = Operation("smtplib", "data", _resource(client), "write")
    return _whole(client, operation, _parts(message), lambda: wrapped(*args, **kwargs))


def _log_in(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    (user,) = given(args, kwargs, "user")
    operation = Operation("smtplib", "login", _resource(client), "session")
    return _whole(client, operation, (user,), lambda: wrapped(*args, **kwargs))


def _authenticate(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    (mechanism,) = given(args, kwargs, "mechanism")
    operation = Operation("smtplib", "auth", _resource(client), "session")
    return _whole(client, operation, (mechanism,), lambda: wrapped(*args, **kwargs))


def _encrypt(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    def answered() -> None:
        client.helo_resp = client.ehlo_resp = None
        client.esmtp_features, client.does_esmtp = {}, False

    operation = Operation("smtplib", "starttls", _resource(client), "session")
    came = _whole(client, operation, None, lambda: wrapped(*args, **kwargs), answered)
    return (220, b"") if came is None else came


# --- single commands ---


_WRITING = frozenset({"MAIL", "RCPT", "DATA", "BDAT"})
_REPLIES = {"QUIT": 221, "DATA": 354}


def _put(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    if world is None or (world.sandboxed and not world.recorded):
        return wrapped(*args, **kwargs)
    command, text = given(args, kwargs, "cmd", "args")
    name = str(command).partition(" ")[0].upper()
    effect: Effect = "write" if name in _WRITING else "session"
    if "\r" in f"{command}{text}" or "\n" in f"{command}{text}":
        return wrapped(*args, **kwargs)  # which it does not send
    if client.sock is None:
        return wrapped(*args, **kwargs)
    ticket = _begin(world, client, name, effect, text or "")
    if world.recorded:
        return None
    try:
        return wrapped(*args, **kwargs)
    except BaseException as error:
        vars(client).pop("_runtime_pending", None)
        record_error(ticket, error)
        raise


def _begin(world: World, client: Any, name: str, effect: Effect, text: Any) -> Ticket:
    ticket = world.begin(Operation("smtplib", name, _resource(client), effect), (text,))
    vars(client)["_runtime_pending"] = ticket, name
    return ticket


def _get_reply(wrapped: Any, client: Any, args: Any, kwargs: Any) -> Any:
    world = current_world()
    ticket, name = vars(client).pop("_runtime_pending", (None, ""))
    if world is None or ticket is None:
        return wrapped(*args, **kwargs)
    return ticket.first(lambda: wrapped(*args, **kwargs)) or (_REPLIES.get(name, 250), b"")


# --- messages ---


def _parts(message: Any) -> dict[str, Any]:
    """Headers and body of a message, as far as it has them."""
    text = message if isinstance(message, str) else bytes(message).decode("utf-8", "surrogateescape")
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    headers: dict[str, Any] = {}
    for line in head.replace("\n ", " ").replace("\n\t", " ").split("\n"):
        name, colon, value = line.partition(":")
        if not colon or " " in name:  # it has no headers
            return {"body": _lines(text)}
        key = name.lower()
        headers[key] = value.strip() if key not in headers else f"{headers[key]}, {value.strip()}"
    return {"headers": headers, "body": _lines(body)}


def _lines(text: str) -> list[Any]:
    return [_plain(line) for line in text.replace("\r\n", "\n").split("\n")]


def _plain(line: str) -> str | bytes:
    return line if line.isprintable() or max(line) < "\udc80" else line.encode("utf-8", "surrogateescape")


class MailCodec(PlainCodec):
    """A mail is compared by sender, recipients, headers and the lines of its body."""

    def label(self, operation: Operation, request: Tree) -> str:
        """`SEND MAIL Your order`, or the command."""
        subject = field(field(request, "headers"), "subject") if operation.name in (SENT, "data") else None
        return f"{operation.name.upper()} {subject if isinstance(subject, str) else ''}".strip()

    def canonical(self, operation: Operation, request: Tree) -> Tree:
        """The parts of a mail. Of its `Message-ID` they say only that it has one: that is made of clock, chance and
        the number of the process."""
        headers = field(request, "headers")
        if not isinstance(request, DictNode) or not isinstance(headers, DictNode):
            return request
        named = zip(headers.keys, headers.values, strict=True)
        values: list[Tree] = ["<...>" if name == "message-id" else value for name, value in named]
        shown = DictNode(list(headers.keys), values)
        parts = zip(request.keys, request.values, strict=True)
        return DictNode(list(request.keys), [shown if key == "headers" else value for key, value in parts])

    def operation_key(self, operation: Operation, request: Tree) -> str:
        """What is said, to whomever."""
        return f"smtplib {operation.name}"

    def visit(self, exchange: Exchange, names: Any, visit: Visit) -> Exchange:
        """Headers under their names; the lines of a body, which may hold anything, by themselves."""
        request = exchange.request
        if not isinstance(request, DictNode):
            return super().visit(exchange, names, visit)
        shown: list[Tree] = []
        for key, value in zip(request.keys, request.values, strict=True):
            if key == "headers" and isinstance(value, DictNode):
                named = zip(value.keys, value.values, strict=True)
                shown.append(DictNode(list(value.keys), [visit(str(name), held) for name, held in named]))
            elif key == "body" and isinstance(value, ListNode):
                shown.append(ListNode([visit("", line) for line in value.items]))
            else:
                shown.append(visit("", value))
        return self.visited(exchange, visit, DictNode(list(request.keys), shown), exchange.items)


CODEC = MailCodec()
