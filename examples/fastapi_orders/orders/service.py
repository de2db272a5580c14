"""What can be done with orders. Each function is one transaction, which it commits itself."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from .catalogue import Cache
from .errors import NotFound, OutOfStock, WrongState
from .models import Order, OrderLine, Product, Status
from .payments import PaymentClient
from .pricing import PricedLine, quote
from .schemas import LineIn, OrderIn

log = logging.getLogger(__name__)


async def place_order(session: AsyncSession, payments: PaymentClient, cache: Cache, wanted: OrderIn) -> Order:
    """Reserve the goods, charge the customer, and keep the order; all of it, or nothing."""
    lines = [await _reserve(session, line) for line in wanted.lines]
    total = quote(lines, wanted.country, wanted.coupon).total
    order_id = uuid4()
    payment = await payments.charge(order_id, wanted.customer, total)
    order = Order(
        id=order_id,
        customer=wanted.customer,
        country=wanted.country,
        status=Status.PAID,
        total=total,
        payment=payment,
        lines=[OrderLine(sku=line.sku, quantity=line.quantity, unit_price=line.unit_price) for line in lines],
    )
    session.add(order)
    await session.commit()
    await cache.forget()
    return await find_order(session, order_id)


async def _reserve(session: AsyncSession, line: LineIn) -> PricedLine:
    """Take the goods of a line from stock."""
    taken = await session.execute(
        update(Product)
        .where(Product.sku == line.sku, Product.stock >= line.quantity)
        .values(stock=Product.stock - line.quantity)
        .returning(Product.price)
    )
    price = taken.scalar_one_or_none()
    if price is None:
        if await session.get(Product, line.sku) is None:
            raise NotFound(f"there is no product {line.sku}")
        raise OutOfStock(f"fewer than {line.quantity} of {line.sku} are left")
    return PricedLine(line.sku, line.quantity, price)


async def find_order(session: AsyncSession, order_id: UUID) -> Order:
    order = await session.get(Order, order_id, options=[selectinload(Order.lines)], populate_existing=True)
    if order is None:
        raise NotFound("there is no such order")
    return order


async def list_orders(session: AsyncSession, customer: str, limit: int) -> Sequence[Order]:
    """The latest orders of a customer that were not cancelled."""
    found = await session.scalars(
        select(Order)
        .where(Order.customer == customer, Order.status != Status.CANCELLED)
        .order_by(Order.created_at.desc(), Order.id)
        .limit(limit)
        .options(selectinload(Order.lines))
    )
    return found.all()


async def ship_order(session: AsyncSession, order_id: UUID) -> Order:
    order = await find_order(session, order_id)
    if order.status != Status.PAID:
        raise WrongState(f"the order is {order.status}")
    order.status = Status.SHIPPED
    await session.commit()
    return order


async def cancel_order(session: AsyncSession, payments: PaymentClient, cache: Cache, order_id: UUID) -> Order:
    """Put the goods back and refund what was paid."""
    order = await find_order(session, order_id)
    if order.status == Status.SHIPPED:
        raise WrongState("the order is on its way")
    if order.status == Status.CANCELLED:
        return order
    order.status = Status.CANCELLED
    for line in order.lines:
        await session.execute(
            update(Product).where(Product.sku == line.sku).values(stock=Product.stock + line.quantity)
        )
    await payments.refund(order.payment, order.total)
    await session.commit()
    await cache.forget()
    return order


async def revenue_by_country(session: AsyncSession) -> dict[str, int]:
    """What was paid and not refunded."""
    rows = await session.execute(
        select(Order.country, func.sum(Order.total))
        .where(Order.status != Status.CANCELLED)
        .group_by(Order.country)
        .order_by(Order.country)
    )
    report = {}
    for country, total in rows:
        report[country] = int(total)
    return report
