"""A program that dies when told to: `python -m tests.crash.dying NAME MODULE [ARGUMENT …]` runs MODULE's real main.

- Before that it wraps the few functions at which a crash is interesting. Production code knows nothing of it.
- An order is a file `orders/NAME/<point>` in the working folder. The process that passes the point takes the order away
  by renaming it, notes the time in it, and kills itself with SIGKILL: once, and the next one runs on unharmed.
- Without an order a point costs one look for a file.
"""

from __future__ import annotations

import contextlib
import functools
import os
import runpy
import signal
import sys
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

ORDERS: Final = "orders"
OBEYED: Final = ".obeyed"


class Point(StrEnum):
    """Where a process may be killed."""

    BEFORE_PUBLISH = "before-publish"
    AFTER_PUBLISH = "after-publish"
    """The broker has acknowledged; what was published is not acknowledged yet to where it came from."""
    INSIDE = "inside"
    """Everything of a transaction is written and nothing is committed."""
    AFTER_COMMIT = "after-commit"
    """Committed, and nobody has been told yet: not relayed, not acknowledged, not answered."""


def orders_for(run: Path, name: str) -> Path:
    """Where the orders for a process lie."""
    return run / ORDERS / name


class Orders:
    """The orders for this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def passing(self, point: Point, last_act: Callable[[], None] = lambda: None) -> None:
        """Die here, if that is wanted; `last_act` is done before."""
        order = self._folder / point
        if not order.exists():
            return
        obeyed = order.with_name(point + OBEYED)
        try:
            order.rename(obeyed)
        except FileNotFoundError:
            return  # another thread was quicker, and the process dies of that
        last_act()
        obeyed.write_text(repr(time.time()))
        os.kill(os.getpid(), signal.SIGKILL)


def around(publish: Callable[..., None], orders: Orders) -> Callable[..., None]:
    """A synchronous publisher that may die before and after."""

    @functools.wraps(publish)
    def wrapped(self: Any, outgoing: Any) -> None:
        orders.passing(Point.BEFORE_PUBLISH)
        publish(self, outgoing)
        orders.passing(Point.AFTER_PUBLISH)

    return wrapped


def broker_writer(orders: Orders) -> None:
    """Stream services: what comes of a batch, and what settle's relay has taken from the outbox."""
    from services.chassis.broker import BrokerPublisher  # noqa: PLC0415 - only what this process runs is imported

    write = BrokerPublisher.write

    @functools.wraps(write)
    async def wrapped(self: Any, records: Any) -> None:
        if records:
            orders.passing(Point.BEFORE_PUBLISH)
        await write(self, records)
        if records:
            orders.passing(Point.AFTER_PUBLISH)

    BrokerPublisher.write = wrapped  # type: ignore[method-assign]


def sqlalchemy_commit(orders: Orders) -> None:
    """Settle and desk: transactions that wrote something."""
    from sqlalchemy import Engine, event  # noqa: PLC0415 - as above
    from sqlalchemy.engine.default import DefaultDialect  # noqa: PLC0415 - as above

    wrote: set[int] = set()

    @event.listens_for(Engine, "before_cursor_execute")
    def _(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            wrote.add(id(cursor.connection))

    commit: Any = DefaultDialect.do_commit

    def wrapped(self: Any, dbapi_connection: Any) -> None:
        found = getattr(dbapi_connection, "driver_connection", dbapi_connection)
        counts = id(found) in wrote
        wrote.discard(id(found))
        if counts:
            orders.passing(Point.INSIDE)
        commit(self, dbapi_connection)
        if counts:
            orders.passing(Point.AFTER_COMMIT)

    DefaultDialect.do_commit = wrapped  # type: ignore[method-assign]


def ledger_writer(orders: Orders) -> None:
    """The sequencer's one transaction, and the head that is published now and then."""
    from psycopg import Transaction  # noqa: PLC0415 - as above

    from services.ledger.adapters.heads import HeadPublisher  # noqa: PLC0415 - as above

    leave = Transaction.__exit__

    def wrapped(self: Any, *raised: Any) -> Any:
        if raised[0] is not None:
            return leave(self, *raised)
        orders.passing(Point.INSIDE)
        found = leave(self, *raised)
        orders.passing(Point.AFTER_COMMIT)
        return found

    Transaction.__exit__ = wrapped  # type: ignore[method-assign]
    HeadPublisher.publish = around(HeadPublisher.publish, orders)  # type: ignore[method-assign]


def executor(orders: Orders) -> None:
    """Any step of the store, the report that is kept, and the report that is sent."""
    from placet.executor.store import Store  # noqa: PLC0415 - as above
    from placet.kafka_client import KafkaClient  # noqa: PLC0415 - as above

    transaction, finish = Store._transaction, Store.finish

    @contextlib.contextmanager
    def wrapped(self: Store) -> Iterator[Any]:
        with transaction(self) as database:
            yield database
            orders.passing(Point.INSIDE)

    def finished(self: Store, *given: Any) -> None:
        finish(self, *given)
        orders.passing(Point.AFTER_COMMIT)

    Store._transaction = wrapped  # type: ignore[method-assign]
    Store.finish = finished  # type: ignore[method-assign,assignment]
    KafkaClient.publish = around(KafkaClient.publish, orders)  # type: ignore[method-assign]


def gate(orders: Orders) -> None:
    """The journal's line half written, and whole; the proposal or withdrawal that is sent."""
    from placet.journal import Journal, _line  # noqa: PLC0415 - as above
    from placet.kafka_client import KafkaClient  # noqa: PLC0415 - as above

    append = Journal._append

    def wrapped(self: Journal, line: dict[str, Any], *, durable: bool) -> None:
        if not durable:
            append(self, line, durable=durable)
            return

        def tear() -> None:
            with self._held() as file:
                content = _line(line)
                os.write(file, content[: len(content) // 2])

        orders.passing(Point.INSIDE, tear)
        append(self, line, durable=durable)
        orders.passing(Point.AFTER_COMMIT)

    Journal._append = wrapped  # type: ignore[method-assign]
    KafkaClient.publish = around(KafkaClient.publish, orders)  # type: ignore[method-assign]


INSTALLED: Final[dict[str, tuple[Callable[[Orders], None], ...]]] = {
    "classifier": (broker_writer,),
    "policy": (broker_writer,),
    "settle": (broker_writer, sqlalchemy_commit),
    "desk": (sqlalchemy_commit,),
    "ledger-writer": (ledger_writer,),
    "ledger-api": (),
    "executor": (executor,),
    "agent": (gate,),
}
"""What is wrapped in which process."""
SETTINGS: Final = {"settle": {"PLACET_PENDING_REVIEWS_PER_AGENT": "100000"}}
"""While a process is down, more of the one agent's actions wait for people than one agent may have waiting."""


def main() -> None:
    """Wrap, then be the program that is named."""
    name, module = sys.argv[1:3]
    orders = Orders(orders_for(Path.cwd(), name))
    for install in INSTALLED[name]:
        install(orders)
    os.environ.update(SETTINGS.get(name, {}))
    sys.argv[:] = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
