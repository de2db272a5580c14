"""Executing an order: quote, fraud decision, and the booking in one transaction."""

from __future__ import annotations

import logging
import secrets
import uuid
from datetime import UTC, datetime

from trading.errors import DuplicateOrder, FraudDeclined, InsufficientFunds, InsufficientPosition
from trading.fraud import DECLINED, REVIEW, Assessment, FraudClient
from trading.models import BUY, EXECUTED, PENDING_REVIEW, Order, Trade
from trading.pricing import Quote, quote_order, settlement_date
from trading.repository import Repository

logger = logging.getLogger(__name__)

# Without 0, O, 1 and I, which customers misread on the telephone.
REFERENCE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
REFERENCE_LENGTH = 10


class ExecutionService:
    """Executes orders against one repository and one fraud service."""

    def __init__(self, repository: Repository, fraud: FraudClient) -> None:
        self._repository = repository
        self._fraud = fraud

    def execute(self, order: Order) -> Trade:
        """Book `order` and return the trade; raises a TradingError when it may not be booked."""
        account = self._repository.account(order.user)
        instrument = self._repository.instrument(order.symbol)
        self._refuse_duplicate(order)
        quote = quote_order(order, account, instrument)
        trade_id = str(uuid.uuid4())
        decision = self._fraud.assess(
            Assessment(
                trade_id=trade_id,
                user=order.user,
                symbol=order.symbol,
                side=order.side,
                amount=quote.total,
                high_value=quote.high_value,
            )
        )
        if decision == DECLINED:
            logger.info("trade %s of %s was declined", trade_id, order.user)
            raise FraudDeclined("the trade was declined")
        status = PENDING_REVIEW if decision == REVIEW else EXECUTED
        trade = self._trade(trade_id, order, quote, status)
        self._book(trade)
        logger.info("trade %s booked: %s %s %s", trade.id, trade.side, trade.quantity, trade.symbol)
        return trade

    def _refuse_duplicate(self, order: Order) -> None:
        if order.client_order_id is None:
            return
        if self._repository.has_client_order(order.user, order.client_order_id):
            raise DuplicateOrder(f"order {order.client_order_id} was placed before", "client_order_id")

    def _trade(self, trade_id: str, order: Order, quote: Quote, status: str) -> Trade:
        executed_at = datetime.now(UTC)
        reference = new_reference()
        settles = settlement_date(executed_at.date())
        return Trade(
            id=trade_id,
            reference=reference,
            user=order.user,
            symbol=order.symbol,
            side=order.side,
            quantity=order.quantity,
            price=quote.price,
            fee=quote.fee,
            total=quote.total,
            high_value=quote.high_value,
            status=status,
            executed_at=executed_at,
            settlement_date=settles,
            client_order_id=order.client_order_id,
        )

    def _book(self, trade: Trade) -> None:
        """Move the cash and insert the trade, together; the balance is read again under the write lock."""
        with self._repository.transaction():
            balance = self._repository.account(trade.user).balance
            if trade.side == BUY:
                if trade.total > balance:
                    raise InsufficientFunds(f"{trade.total} is needed, {balance} is there")
                balance -= trade.total
            else:
                held = self._repository.position(trade.user, trade.symbol)
                if trade.quantity > held:
                    raise InsufficientPosition(f"{trade.quantity} {trade.symbol} are to be sold, {held} are held")
                balance += trade.total
            self._repository.set_balance(trade.user, balance)
            self._repository.insert_trade(trade)


def new_reference() -> str:
    """A short settlement reference for people; the trade's id is for machines."""
    return "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(REFERENCE_LENGTH))
