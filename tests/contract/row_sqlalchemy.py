"""SQLAlchemy on top of drivers, synchronous and asynchronous."""

from __future__ import annotations

from ..servers.fixtures import PASSWORD
from .row import Change, Row

_MODEL = """
import datetime
import decimal

from sqlalchemy import ForeignKey, String, delete, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

SECRET = "{terces}"[::-1]


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customer"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    api_key: Mapped[str | None] = mapped_column(String(60))
    orders: Mapped[list["Purchase"]] = relationship(back_populates="customer")


class Purchase(Base):
    __tablename__ = "purchase"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"))
    total: Mapped[decimal.Decimal]
    made: Mapped[datetime.datetime]
    customer: Mapped[Customer] = relationship(back_populates="orders")


def people():
    made = datetime.datetime(2026, 1, 2, 3, 4, 5)
    return [
        Customer(name="Ann", orders=[Purchase(total=decimal.Decimal("12.50"), made=made)]),
        Customer(name="Bob", orders=[Purchase(total=decimal.Decimal(3), made=made) for _ in range(2)]),
    ]


def shown(customers):
    return [(one.name, [(order.total, order.made) for order in one.orders]) for one in customers]
"""

_SYNC = (
    _MODEL
    + """
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.orm import Session


@contextmanager
def connected():
    engine = create_engine("{url}")
    yield engine
    engine.dispose()


def work():
    with connected() as engine, Session(engine) as session:
        session.execute(delete(Purchase))
        session.execute(delete(Customer))
        session.add_all(people())
        session.commit()
        session.expunge_all()
        found = shown(session.scalars(select(Customer).options(selectinload(Customer.orders)).order_by(Customer.name)))
        ann = session.scalars(select(Customer).where(Customer.name == "Ann")).one()
        ann.name = "Anna"
        session.commit()
        counts = session.execute(select(func.count()).select_from(Purchase)).scalar_one()
        with session.begin_nested():
            session.add(Customer(name="Cid"))
    return found, counts


def fail():
    with connected() as engine, Session(engine) as session:
        session.execute(delete(Purchase))
        session.execute(delete(Customer))
        session.add_all([Customer(name="same"), Customer(name="same")])
        try:
            session.commit()
        except IntegrityError as error:
            seen = [type(error).__name__, type(error.orig).__name__, getattr(error.orig, "sqlstate", None)]
        session.rollback()
        try:
            session.execute(text("SELECT nothing FROM nowhere"))
        except DBAPIError as error:
            seen += [type(error).__name__, str(error.orig)]
    return seen


def many():
    def one(number):
        with connected() as engine, engine.connect() as db:
            return number, db.execute(select(number + func.abs(0))).scalar_one()

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(12)))


def secret():
    with connected() as engine, Session(engine) as session:
        session.execute(delete(Customer).where(Customer.name == "key"))
        session.add(Customer(name="key", api_key=SECRET))
        session.commit()
        return len(session.scalars(select(Customer.api_key).where(Customer.name == "key")).one())


def refused():
    try:
        create_engine("{closed_url}").connect()
    except DBAPIError as error:
        return type(error).__name__, type(error.orig).__name__
"""
)

_ASYNC = (
    _MODEL
    + """
import asyncio

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine


def work():
    return asyncio.run(working())


async def working():
    engine = create_async_engine("{url}")
    async with async_sessionmaker(engine, expire_on_commit=False)() as session:
        await session.execute(delete(Purchase))
        await session.execute(delete(Customer))
        session.add_all(people())
        await session.commit()
        session.expunge_all()  # what is read again must not depend on the garbage collector
        wanted = select(Customer).options(selectinload(Customer.orders)).order_by(Customer.name)
        found = shown(await session.scalars(wanted))
        ann = (await session.scalars(select(Customer).where(Customer.name == "Ann"))).one()
        ann.name = "Anna"
        await session.commit()
        counts = (await session.execute(select(func.count()).select_from(Purchase))).scalar_one()
    await engine.dispose()
    return found, counts


def fail():
    return asyncio.run(failing())


async def failing():
    engine = create_async_engine("{url}")
    async with async_sessionmaker(engine)() as session:
        await session.execute(delete(Purchase))
        await session.execute(delete(Customer))
        session.add_all([Customer(name="same"), Customer(name="same")])
        try:
            await session.commit()
        except IntegrityError as error:
            seen = [type(error).__name__]
        await session.rollback()
    await engine.dispose()
    return seen


def many():
    return asyncio.run(gathered())


async def gathered():
    engine = create_async_engine("{url}")

    async def one(number):
        async with engine.connect() as db:
            return number, (await db.execute(select(number + func.abs(0)))).scalar_one()

    found = await asyncio.gather(*map(one, range(50)))
    await engine.dispose()
    return found


def secret():
    async def both():
        engine = create_async_engine("{url}")
        async with async_sessionmaker(engine)() as session:
            await session.execute(delete(Customer).where(Customer.name == "key"))
            session.add(Customer(name="key", api_key=SECRET))
            await session.commit()
            found = (await session.scalars(select(Customer.api_key).where(Customer.name == "key"))).one()
        await engine.dispose()
        return len(found)

    return asyncio.run(both())


def refused():
    async def ask():
        engine = create_async_engine("{closed_url}")
        try:
            async with engine.connect():
                pass
        except (DBAPIError, OSError) as error:  # asyncpg's own is passed on as it is
            await asyncio.sleep(0.2)  # the thread of a connection that failed still says so to the loop
            return type(error).__name__, type(getattr(error, "orig", error)).__name__

    return asyncio.run(ask())
"""
)

_PREPARE = (
    _MODEL
    + """
from sqlalchemy import create_engine

engine = create_engine("{url}")
Base.metadata.drop_all(engine)
Base.metadata.create_all(engine)
engine.dispose()
"""
)

_POSTGRES = f"postgresql+psycopg://shop:{PASSWORD}@127.0.0.1:{{port}}/postgres"
_POSTGRES_CLOSED = f"postgresql+psycopg://shop:{PASSWORD}@127.0.0.1:{{closed}}/postgres"
_PSYCOPG2 = _POSTGRES.replace("+psycopg:", "+psycopg2:")
_PSYCOPG2_CLOSED = _POSTGRES_CLOSED.replace("+psycopg:", "+psycopg2:")
_ASYNCPG = _POSTGRES.replace("+psycopg:", "+asyncpg:")
_ASYNCPG_CLOSED = _POSTGRES_CLOSED.replace("+psycopg:", "+asyncpg:")
_MYSQL = f"mysql+pymysql://shop:{PASSWORD}@127.0.0.1:{{port}}/shop?ssl_disabled=true"
_MYSQL_CLOSED = f"mysql+pymysql://shop:{PASSWORD}@127.0.0.1:{{closed}}/shop?ssl_disabled=true"
_SQLITE = "sqlite:///{folder}/orm.db"
_AIOSQLITE = "sqlite+aiosqlite:///{folder}/orm.db"


def _on(text: str, url: str, closed: str) -> str:
    return text.replace("{url}", url).replace("{closed_url}", closed)


_CHANGES = (
    Change('Decimal("12.50")', 'Decimal("13.50")', "INSERT purchase"),
    Change('ann.name = "Anna"', 'ann.name = "Annie"', "UPDATE customer"),
)

ROWS = (
    Row(
        "SQLAlchemy on psycopg",
        "postgres_server",
        ("sqlalchemy", "psycopg"),
        _on(_SYNC, _POSTGRES, _POSTGRES_CLOSED),
        _CHANGES,
        set_up=_on(_PREPARE, _POSTGRES, ""),
    ),
    Row(
        "SQLAlchemy on psycopg2",
        "postgres_server",
        ("sqlalchemy", "psycopg2-binary"),
        _on(_SYNC, _PSYCOPG2, _PSYCOPG2_CLOSED),
        _CHANGES,
        set_up=_on(_PREPARE, _PSYCOPG2, ""),
        imports={"psycopg2-binary": "psycopg2"},
    ),
    Row(
        "SQLAlchemy on pymysql",
        "mariadb_server",
        ("sqlalchemy", "pymysql"),
        _on(_SYNC, _MYSQL, _MYSQL_CLOSED),
        _CHANGES,
        set_up=_on(_PREPARE, _MYSQL, ""),
    ),
    Row(
        "SQLAlchemy asyncio on psycopg",
        "postgres_server",
        ("sqlalchemy", "psycopg"),
        _on(_ASYNC, _POSTGRES, _POSTGRES_CLOSED),
        _CHANGES,
        set_up=_on(_PREPARE, _POSTGRES, ""),
    ),
    Row(
        "SQLAlchemy asyncio on asyncpg",
        "postgres_server",
        ("sqlalchemy", "asyncpg", "psycopg"),
        _on(_ASYNC, _ASYNCPG, _ASYNCPG_CLOSED),
        _CHANGES,
        set_up=_on(_PREPARE, _POSTGRES, ""),
    ),
    Row(
        "SQLAlchemy asyncio on aiosqlite",
        "file_database",
        ("sqlalchemy", "aiosqlite"),
        _on(_ASYNC, _AIOSQLITE, "sqlite+aiosqlite:///{folder}/no/such/folder.db"),
        _CHANGES,
        set_up=_on(_PREPARE, _SQLITE, ""),
        by_port=False,
    ),
)
