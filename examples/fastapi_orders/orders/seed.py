"""Make the tables and fill the catalogue: `python -m orders.seed`."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from .config import load_settings
from .models import Base, Product

PRODUCTS = (
    ("BOOK-01", "A book", 12_99, 400),
    ("CABLE-1", "A cable", 3_45, 5_000),
    ("LAMP-07", "A lamp", 59_95, 60),
    ("MUG-003", "A mug", 8_50, 300),
    ("PEN-100", "A pen", 1_15, 9_000),
    ("RARE-99", "A rare print", 950_00, 2),
    ("SOLD-00", "Sold out", 20_00, 0),
)


async def seed() -> None:
    engine = create_async_engine(load_settings().database_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    async with async_sessionmaker(engine)() as session:
        session.add_all(Product(sku=sku, name=name, price=price, stock=stock) for sku, name, price, stock in PRODUCTS)
        await session.commit()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(seed())
