"""The two routes: `/ping` works in memory only, `/order` calls another service and asks a database."""

from __future__ import annotations

import os

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from benchservice.ordering import Rates, Refused, Stock, place_order
from benchservice.pricing import quote

app = Flask(__name__)
stock = Stock(os.environ.get("BENCH_DATABASE", ""))
rates = Rates(os.environ.get("BENCH_UPSTREAM", ""))


@app.get("/ping")
def ping() -> ResponseReturnValue:
    customer = request.args.get("customer", "guest")
    quantities = [int(text) for text in request.args.get("quantities", "1").split(",")]
    return jsonify(quote(customer, quantities))


@app.post("/order")
def order() -> ResponseReturnValue:
    wanted = request.get_json()
    try:
        placed = place_order(stock, rates, wanted["article"], int(wanted["quantity"]))
    except Refused as error:
        return jsonify(error=str(error)), 409
    return jsonify(placed), 201
