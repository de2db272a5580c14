"""Products, through a cache where there is one."""

from __future__ import annotations

from typing import Protocol

from pydantic import TypeAdapter
from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from .models import Product
from .schemas import ProductOut

KEY = "catalogue"
SECONDS = 300
_products = TypeAdapter(list[ProductOut])


class Cache(Protocol):
    async def read(self) -> list[ProductOut] | None: ...

    async def write(self, products: list[ProductOut]) -> None: ...

    async def forget(self) -> None: ...


class NoCache:
    """Remembers nothing."""

    async def read(self) -> list[ProductOut] | None:
        return None

    async def write(self, products: list[ProductOut]) -> None:
        pass

    async def forget(self) -> None:
        pass


class RedisCache:
    """Remembers the catalogue for a while."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def read(self) -> list[ProductOut] | None:
        found = await self._redis.get(KEY)
        return None if found is None else _products.validate_json(found)

    async def write(self, products: list[ProductOut]) -> None:
        await self._redis.set(KEY, _products.dump_json(products), ex=SECONDS)

    async def forget(self) -> None:
        await self._redis.delete(KEY)


async def list_products(session: AsyncSession, cache: Cache) -> list[ProductOut]:
    found = await cache.read()
    if found is not None:
        return found
    rows = await session.scalars(select(Product).order_by(Product.sku))
    products = []
    for row in rows:
        products.append(ProductOut(sku=row.sku, name=row.name, price=row.price, available=row.stock > 0))
    await cache.write(products)
    return products
