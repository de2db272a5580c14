"""Small services that know their clients, each in its own way, and what a client does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

from .recorders.entries.test_wsgi_recording import Client

KEY_OF_TOKENS = "k" * 32
PASSWORD = "Tr0ub4dor&Zebra!"
API_KEY = "zk_7f3c9b1e5d2a8460_Quagga"
WEBHOOK_SECRET = "wh-Okapi-55f1c0de"


class Login(NamedTuple):
    """A service in one module, what a client does, and a change that only a known client sees."""

    service: str
    traffic: Callable[[Any], None]
    old: str
    new: str
    secrets: tuple[str, ...] = ()
    """What nobody may find in clear."""


FLASK_SESSION = """
    from flask import Flask, jsonify, session

    app = Flask(__name__)
    app.secret_key = "dev"

    @app.post("/login")
    def login():
        session["uid"] = 7
        return jsonify(ok=True)

    @app.get("/balance")
    def balance():
        uid = session.get("uid")
        if uid is None:
            return jsonify(error="log in"), 401
        return jsonify(uid=uid, balance=100)
    """


def _session(shop: Any) -> None:
    client = Client(shop.app)
    assert client.post("/login").status_code == 200
    for _ in range(2):
        assert client.get("/balance").json["balance"] == 100


FLASK_WTF = """
    from flask import Flask, render_template_string
    from flask_wtf import FlaskForm
    from wtforms import StringField

    app = Flask(__name__)
    app.secret_key = "dev"

    class Order(FlaskForm):
        item = StringField("item")

    PAGE = "<form method=post>{{ form.csrf_token }}\\n\\n<label>Item</label>{{ form.item }}</form><p>Total: 12 EUR</p>"

    @app.route("/order", methods=["GET", "POST"])
    def order():
        form = Order()
        if form.validate_on_submit():
            return "ordered " + form.item.data
        return render_template_string(PAGE, form=form), 200 if not form.errors else 400
    """


def _wtf(shop: Any) -> None:
    client = Client(shop.app)
    page = client.get("/order").text
    token = page.partition('value="')[2].partition('"')[0]
    assert len(token) > 40
    answer = client.post("/order", data={"csrf_token": token, "item": "zebra"})
    assert answer.text == "ordered zebra"


JWT_BEARER = f"""
    import jwt
    from flask import Flask, jsonify, request

    app = Flask(__name__)

    def user():
        try:
            token = request.headers["Authorization"].split()[1]
            return jwt.decode(token, "{KEY_OF_TOKENS}", algorithms=["HS256"])["sub"]
        except jwt.PyJWTError:
            return None

    @app.get("/me")
    def me():
        who = user()
        if who is None:
            return jsonify(error="token"), 401
        return jsonify(who=who, plan="free")
    """


def _bearer(shop: Any) -> None:
    import jwt

    token = jwt.encode({"sub": "7"}, KEY_OF_TOKENS, "HS256")
    client = Client(shop.app)
    assert client.get("/me", headers={"Authorization": f"Bearer {token}"}).json["who"] == "7"


HTTP_BASIC = f"""
    import hashlib
    from flask import Flask, jsonify, request

    app = Flask(__name__)
    USERS = {{"ada": hashlib.sha256(b"salt" + {PASSWORD.encode()!r}).hexdigest()}}

    @app.get("/report")
    def report():
        given = request.authorization
        if given is None or USERS.get(given.username) != hashlib.sha256(b"salt" + given.password.encode()).hexdigest():
            return jsonify(error="who are you"), 401
        return jsonify(total=12)
    """


def _basic(shop: Any) -> None:
    said = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()
    client = Client(shop.app)
    assert client.get("/report", headers={"Authorization": f"Basic {said}"}).json["total"] == 12


API_KEYS = """
    import hashlib
    import os
    import sqlite3
    from flask import Flask, jsonify, request

    app = Flask(__name__)

    @app.get("/usage")
    def usage():
        digest = hashlib.sha256(request.headers["X-Api-Key"].encode()).hexdigest()
        db = sqlite3.connect(os.environ["CLIENTS_DATABASE"])
        try:
            row = db.execute("SELECT client, calls FROM client WHERE key_hash = ?", (digest,)).fetchone()
        finally:
            db.close()
        if row is None:
            return jsonify(error="unknown key"), 403
        return jsonify(client=row[0], calls=row[1])
    """


def _api_key(shop: Any) -> None:
    with closing(sqlite3.Connection(os.environ["CLIENTS_DATABASE"])) as db:
        db.execute("CREATE TABLE client (client TEXT, calls INTEGER, key_hash TEXT)")
        digest = hashlib.sha256(API_KEY.encode()).hexdigest()
        db.execute("INSERT INTO client VALUES (?, ?, ?)", ("quagga", 41, digest))
        db.commit()
    client = Client(shop.app)
    assert client.get("/usage", headers={"X-Api-Key": API_KEY}).json["calls"] == 41
    assert client.get("/usage", headers={"X-Api-Key": "zk_0000000000000000_nobody"}).status_code == 403


WEBHOOK = """
    import hashlib
    import hmac
    import os
    from flask import Flask, jsonify, request

    app = Flask(__name__)
    SECRET = os.environ["WEBHOOK_SECRET"]

    @app.post("/hook")
    def hook():
        expected = hmac.new(SECRET.encode(), request.get_data(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Signature", "")):
            return jsonify(error="signature"), 403
        return jsonify(received=request.get_json()["event"])
    """


def _hook(shop: Any) -> None:
    body = b'{"event": "paid", "amount": 5}'
    signature = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
    client = Client(shop.app)
    headers = {"X-Signature": signature, "Content-Type": "application/json"}
    assert client.post("/hook", data=body, headers=headers).json == {"received": "paid"}
    assert client.post("/hook", data=body, headers={**headers, "X-Signature": "0" * 64}).status_code == 403


LOGINS = {
    "session": Login(FLASK_SESSION, _session, "balance=100", "balance=0"),
    "wtf": Login(FLASK_WTF, _wtf, '"ordered "', '"bought "'),
    "bearer": Login(JWT_BEARER, _bearer, 'plan="free"', 'plan="paid"'),
    "basic": Login(HTTP_BASIC, _basic, "total=12", "total=13", (PASSWORD,)),
    "api key": Login(API_KEYS, _api_key, "calls=row[1]", "calls=row[1] + 1", (API_KEY,)),
    "webhook": Login(WEBHOOK, _hook, '["event"]', '["event"].upper()', (WEBHOOK_SECRET,)),
}

DJANGO = """
    import os
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="not so secret", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DEBUG=False, LOGGING_CONFIG=None,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["CLIENTS_DATABASE"]}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.ScryptPasswordHasher"],
    )
    django.setup()
    from django.contrib.auth import authenticate, login
    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse
    from django.middleware.csrf import get_token
    from django.urls import path

    def form(request):
        return JsonResponse({"csrf": get_token(request)})

    def enter(request):
        user = authenticate(request, username=request.POST["user"], password=request.POST["password"])
        if user is None:
            return JsonResponse({"error": "who are you"}, status=401)
        login(request, user)
        return JsonResponse({"welcome": user.username})

    def account(request):
        if not request.user.is_authenticated:
            return JsonResponse({"error": "log in"}, status=403)
        return JsonResponse({"name": request.user.username, "plan": "free"})

    urlpatterns = [path("form/", form), path("enter/", enter), path("account/", account)]
    app = get_wsgi_application()
    """

DJANGO_TRAFFIC = """
import importlib, sys
from pathlib import Path
from werkzeug.test import Client

folder, module, store, recipient, password = sys.argv[1:]
sys.path.insert(0, folder)
from pytest_runtime import record

def prepare():
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_user("ada", password=password)
    connection.close()

with record("scenario", include=[module], store=store, root=folder, recipients=[recipient]):
    app = importlib.import_module(module).app
    prepare()
    client = Client(app)
    token = client.get("/form/").json["csrf"]
    said = {"user": "ada", "password": password, "csrfmiddlewaretoken": token}
    assert client.post("/enter/", data=said).json == {"welcome": "ada"}
    assert client.get("/account/").json["plan"] == "free"
"""
"""Django has its settings once for a process, so it is recorded in one of its own."""
