"""The HTTP interface."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing
from typing import cast

from flask import Blueprint, Flask, Response, current_app, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from trading.config import Settings
from trading.documents import confirmation, export_lines
from trading.errors import TradingError, ValidationError, status_of
from trading.execution import ExecutionService
from trading.fraud import FraudClient
from trading.models import PENDING_REVIEW
from trading.orders import execute_rows, parse_file, parse_order
from trading.portfolio import portfolio_of
from trading.repository import Repository, connect

logger = logging.getLogger(__name__)

MAX_UPLOAD_BYTES = 1_000_000

routes = Blueprint("trading", __name__)


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application; without `settings` they are read from the environment."""
    app = Flask(__name__)
    app.config["TRADING"] = settings or Settings.from_environment()
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD_BYTES
    app.register_blueprint(routes)
    app.register_error_handler(TradingError, trading_error)
    app.register_error_handler(HTTPException, http_error)
    app.teardown_appcontext(close_repository)
    return app


@routes.get("/health")
def health() -> ResponseReturnValue:
    return jsonify(status="ok")


@routes.post("/trades")
def place_trade() -> ResponseReturnValue:
    payload = request.get_json(silent=True)
    if not isinstance(payload, dict):
        raise ValidationError("the body must be a JSON object")
    trade = execution_service().execute(parse_order(payload))
    status = 202 if trade.status == PENDING_REVIEW else 201
    return jsonify(trade.to_json()), status, {"Location": url_for("trading.show_confirmation", trade_id=trade.id)}


@routes.get("/trades")
def list_trades() -> ResponseReturnValue:
    page = repository().trades_page(page_number(request.args.get("page", "1")))
    return jsonify(
        page=page.number,
        trades=[trade.to_json() for trade in page.trades],
        next_page=page.number + 1 if page.has_more else None,
    )


@routes.get("/trades/<trade_id>/confirmation")
def show_confirmation(trade_id: str) -> ResponseReturnValue:
    trade = repository().trade(trade_id)
    account = repository().account(trade.user)
    instrument = repository().instrument(trade.symbol)
    return confirmation(trade, account, instrument)


@routes.get("/t/<reference>")
def follow_reference(reference: str) -> ResponseReturnValue:
    trade_id = repository().trade_id_by_reference(reference.upper())
    return redirect(url_for("trading.show_confirmation", trade_id=trade_id))


@routes.get("/portfolio/<user>")
def show_portfolio(user: str) -> ResponseReturnValue:
    account = repository().account(user)
    return jsonify(portfolio_of(account, repository().trades_of(user)))


@routes.post("/orders/upload")
def upload_orders() -> ResponseReturnValue:
    upload = request.files.get("file")
    if upload is None:
        raise ValidationError("a CSV file is expected in the field file", field="file")
    results = execute_rows(parse_file(upload.read()), execution_service())
    accepted = sum(result.status == 201 for result in results)
    logger.info("upload of %d orders, %d accepted", len(results), accepted)
    return jsonify(
        accepted=accepted,
        rejected=len(results) - accepted,
        results=[result.to_json() for result in results],
    )


@routes.get("/export")
def export() -> ResponseReturnValue:
    user = request.args.get("user")
    if user is not None:
        repository().account(user)
    filename = f"trades-{user or 'all'}.csv"
    return Response(
        export_stream(settings().database, user),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"},
    )


def export_stream(database: str, user: str | None) -> Iterator[str]:
    """Has a connection of its own: the request's is closed when the view returns, before the first line is sent."""
    with closing(Repository(connect(database))) as own:
        yield from export_lines(own.each_trade(user))


def page_number(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise ValidationError("page must be a number from 1", field="page")
    return int(text)


def settings() -> Settings:
    return cast(Settings, current_app.config["TRADING"])


def repository() -> Repository:
    """The request's repository, connected when it is first asked for."""
    if "repository" not in g:
        g.repository = Repository(connect(settings().database))
    return cast(Repository, g.repository)


def execution_service() -> ExecutionService:
    return ExecutionService(repository(), FraudClient(settings().fraud_url, settings().fraud_timeout))


def close_repository(_error: BaseException | None) -> None:
    opened: Repository | None = g.pop("repository", None)
    if opened is not None:
        opened.close()


def trading_error(error: TradingError) -> ResponseReturnValue:
    return jsonify(error.to_json()), status_of(error)


def http_error(error: HTTPException) -> ResponseReturnValue:
    """Flask has logged an unexpected exception by now; the caller learns that it happened, not what it was."""
    code = error.code or 500
    return jsonify(error=error.name.lower().replace(" ", "_"), message=error.description), code
