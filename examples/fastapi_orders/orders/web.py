"""The HTTP interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import UUID

import httpx
from fastapi import Depends, FastAPI, Query, Request, status
from fastapi.responses import JSONResponse
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from . import catalogue, service
from .catalogue import Cache, NoCache, RedisCache
from .config import load_settings
from .errors import OrderError
from .models import Order
from .payments import PaymentClient
from .schemas import OrderIn, OrderOut, ProductOut

PAYMENT_SECONDS = 5.0


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings = load_settings()
    engine = create_async_engine(settings.database_url)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    redis = Redis.from_url(settings.redis_url) if settings.redis_url else None
    app.state.cache = RedisCache(redis) if redis is not None else NoCache()
    async with httpx.AsyncClient(base_url=settings.payment_url, timeout=PAYMENT_SECONDS) as client:
        app.state.payments = PaymentClient(client)
        yield
    if redis is not None:
        await redis.aclose()
    await engine.dispose()


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


def payments_of(request: Request) -> PaymentClient:
    payments: PaymentClient = request.app.state.payments
    return payments


def cache_of(request: Request) -> Cache:
    cache: Cache = request.app.state.cache
    return cache


Session = Annotated[AsyncSession, Depends(session_of)]
Payments = Annotated[PaymentClient, Depends(payments_of)]
ProductCache = Annotated[Cache, Depends(cache_of)]

app = FastAPI(title="Orders", lifespan=lifespan)


@app.exception_handler(OrderError)
async def refuse(request: Request, error: OrderError) -> JSONResponse:
    return JSONResponse(error.to_json(), status_code=error.status)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/products")
async def products(session: Session, cache: ProductCache) -> list[ProductOut]:
    return await catalogue.list_products(session, cache)


@app.post("/orders", status_code=status.HTTP_201_CREATED, response_model=OrderOut)
async def place(wanted: OrderIn, session: Session, payments: Payments, cache: ProductCache) -> Order:
    return await service.place_order(session, payments, cache, wanted)


@app.get("/orders", response_model=list[OrderOut])
async def orders(session: Session, customer: str, limit: Annotated[int, Query(ge=1, le=100)] = 5) -> Sequence[Order]:
    return await service.list_orders(session, customer, limit)


@app.get("/orders/{order_id}", response_model=OrderOut)
async def order(order_id: UUID, session: Session) -> Order:
    return await service.find_order(session, order_id)


@app.post("/orders/{order_id}/ship", response_model=OrderOut)
async def ship(order_id: UUID, session: Session) -> Order:
    return await service.ship_order(session, order_id)


@app.delete("/orders/{order_id}", response_model=OrderOut)
async def cancel(order_id: UUID, session: Session, payments: Payments, cache: ProductCache) -> Order:
    return await service.cancel_order(session, payments, cache, order_id)


@app.get("/reports/revenue")
async def revenue(session: Session) -> dict[str, int]:
    return await service.revenue_by_country(session)
