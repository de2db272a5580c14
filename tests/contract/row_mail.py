"""Mail, by the standard library."""

from __future__ import annotations

from ..servers.fixtures import PASSWORD
from .row import Change, Row

_SERVICE = """
import smtplib
import socket
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

SECRET = "{terces}"[::-1]


def order(number, text="Thank you.", **headers):
    message = EmailMessage()
    message["Subject"] = f"Your order {number}"
    message["From"] = "shop@example.com"
    message["To"] = "ann@example.com"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="example.com")
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def work():
    seen = [socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)]
    with smtplib.SMTP("127.0.0.1", {port}, timeout=20) as server:
        seen += [server.ehlo()[0], server.has_extn("SIZE"), server.login("shop", "{password}")[0]]
        letter = order(7)
        letter.add_attachment(bytes(range(200)), maintype="image", subtype="png", filename="held.png")
        seen.append(server.send_message(letter))
        seen.append(server.send_message(order(8, "Grüße\\n"), to_addrs=["bob@example.com", "nobody@example.com"]))
        seen.append(server.sendmail("shop@example.com", "cid@example.com", "no headers at all"))
        seen += [server.noop(), server.mail("shop@example.com"), server.rcpt("dan@example.com"), server.data("Hi")]
        seen += [server.rset(), server.verify("ann@example.com")[0], server.docmd("NONSENSE")]
    return [*seen, server.sock]


def fail():
    seen = []
    with smtplib.SMTP("127.0.0.1", {port}, timeout=20) as server:
        for call in (
            lambda: server.sendmail("shop@example.com", ["nobody@example.com"], "x"),
            lambda: server.login("shop", "wrong"),
            lambda: server.starttls(),
            lambda: server.sendmail("shop@example.com", ["ann@example.com"], "Gr\\u00fc\\u00dfe"),
        ):
            try:
                seen.append(call())
            except (smtplib.SMTPException, UnicodeError) as error:
                seen.append((type(error).__name__, str(error), getattr(error, "smtp_code", None)))
                seen.append(getattr(error, "recipients", None))
    try:
        server.noop()
    except smtplib.SMTPServerDisconnected as error:
        seen.append(str(error))
    return seen


def many():
    def one(number):
        with smtplib.SMTP("127.0.0.1", {port}, local_hostname="shop", timeout=20) as server:
            server.helo()
            said = server.docmd(f"RSET {number}" if number % 2 else f"HELP {number}")
            return number, number if said[0] in (500, 501, 250, 214) else said

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(one, range(24)))


def secret():
    with smtplib.SMTP("127.0.0.1", {port}, local_hostname="shop", timeout=20) as server:
        return [server.send_message(order(9, f"Your key is {SECRET}.", Api_Key=SECRET)), len(SECRET)]


def refused():
    seen = []
    try:
        smtplib.SMTP("127.0.0.1", {closed})
    except OSError as error:
        seen.append((type(error).__name__, error.errno, str(error)))
    try:
        socket.gethostbyname("no.such.name.invalid")
    except OSError as error:
        seen.append((type(error).__name__, error.errno))
    return seen
"""

ROWS = (
    Row(
        "smtplib",
        "mail_server",
        (),
        _SERVICE.replace("{password}", PASSWORD),
        (
            Change("order(7)", "order(17)", "headers.subject"),
            Change('"Thank you."', '"Thank you!"', "body"),
            Change('"bob@example.com", ', "", "SEND MAIL Your order 8 to"),
            Change('"no headers at all"', '"none"', "SEND MAIL body"),
        ),
    ),
)
