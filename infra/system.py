"""The whole system as one object: parts in parallel, then what must exist in them, then the services, then healthy.

- `async with System(...)` is running inside the block and gone after it: no process is left, whatever happened.
- A part that dies is started again on its own folder, like any service.
- Each step says how long it took.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from infra import development
from infra.children import Children, Progress
from infra.layout import Layout, RunLock
from infra.parts import KafkaPart, PostgresPart
from infra.ports import choose
from infra.programs import OTLP, PROVIDER, SERVICES, Addresses, Service, programs
from infra.supervisor import Supervisor

LOOK_SECONDS = 0.5


class System:
    """One system in one folder. `say` gets a sentence per step; `outside` is the operator's environment.

    `bookmarked`: in development it takes the well-known ports where they are free. Several that start at once would
    each find them free.
    """

    def __init__(
        self,
        folder: Path,
        *,
        say: Progress,
        mode: str,
        outside: Mapping[str, str] | None = None,
        services: Sequence[Service] = SERVICES,
        bookmarked: bool = True,
    ) -> None:
        self.layout = Layout(folder.absolute())
        self._services = services
        self._bookmarked = bookmarked
        outside = dict(os.environ if outside is None else outside)
        self._say = say
        self._mode = mode
        self._outside = outside
        self._lock = RunLock(self.layout)
        self.children = Children()
        self._stack = contextlib.AsyncExitStack()
        self.addresses = Addresses({})

    async def __aenter__(self) -> Self:
        """Start. Raises InfraError; then nothing is left running."""
        self._lock.take()
        self._stack.callback(self._lock.release)
        try:
            self.layout.make()
            self._stack.push_async_callback(self._in_thread, self.children.close)
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything, last started first."""
        async with self._step("Stopped"):
            await self._stack.aclose()

    async def failed(self) -> None:
        """Wait until the system can no longer be kept running, and raise why."""
        await asyncio.gather(self._supervisor.failed(), *self._watching)

    @property
    def status(self) -> dict[str, dict[str, object]]:
        """Name → pid, state, restarts of each service, and the pids of the parts."""
        return self._supervisor.status | {part.name: {"pid": part.pid} for part in (self.kafka, self.postgres)}

    async def _start(self) -> None:
        given = {"outside": self._outside, "say": self._say}
        self.kafka = KafkaPart(self.layout, self.children, **given)  # type: ignore[arg-type]
        self.postgres = PostgresPart(self.layout, self.children, migrations=migrate, **given)  # type: ignore[arg-type]
        done = await asyncio.gather(
            self._in_thread(lambda: development.prepare(self.layout, now=datetime.now(UTC))),
            self._part(self.kafka, "Kafka, topics and access rules"),
            self._part(self.postgres, "PostgreSQL, roles and tables"),
            return_exceptions=True,  # the others finish first: what is half started could not be stopped
        )
        for error in done:
            if error is not None:
                raise error
        names = [*(service.name for service in self._services), PROVIDER]
        self.addresses = Addresses(choose(names, preferred=self._mode == "dev" and self._bookmarked))
        self._write_endpoints()
        async with self._step("Services healthy"):
            self._supervisor = Supervisor(
                programs(self._services, self.layout, self.addresses, outside=self._outside, mode=self._mode),
                self.children,
                status_file=self.layout.status,
                say=self._say,
            )
            await self._stack.enter_async_context(self._supervisor)
            await self._supervisor.ready()
        self._watching = [asyncio.create_task(self._watch(part)) for part in (self.kafka, self.postgres)]
        for task in self._watching:
            self._stack.callback(task.cancel)

    async def _part(self, part: KafkaPart | PostgresPart, what: str) -> None:
        self._stack.push_async_callback(self._in_thread, part.stop)
        async with self._step(what):
            await self._in_thread(part.start)
            await self._in_thread(part.prepare)

    async def _watch(self, part: KafkaPart | PostgresPart) -> None:
        """Start a part again that died."""
        while part.ours:
            await asyncio.sleep(LOOK_SECONDS)
            if part.pid is None:
                self._say(f"{part.name} ended; starting it again")
                await self._in_thread(part.start)
                self._say(f"{part.name}: ready again")

    def _write_endpoints(self) -> None:
        urls = {name: self.addresses.url(name) for name in self.addresses.ports}
        found = {
            "console": urls.get("desk"),
            "desk": urls.get("desk"),
            "ledger": urls.get("ledger-api"),
            "identity_provider": self.addresses.url(PROVIDER),
            "client_id": development.CLIENT_ID,
            "client_secret_file": str(self.layout.secrets / "oidc-client"),
            "kafka": self.kafka.settings("ops").bootstrap,
            "kafka_file": str(self.layout.clients / "ops.json"),
            "kafka_files": {path.stem: str(path) for path in sorted(self.layout.clients.glob("*.json"))},
            "trust_file": str(self.layout.keys / "trust.json"),
            "trust_root_file": str(self.layout.keys / "root.pub.json"),
            "keys": str(self.layout.keys),
            "dsn_files": {path.stem: str(path) for path in sorted(self.layout.dsn.glob("*.dsn"))},
            "otlp": self._outside.get(OTLP) or None,
            "run": str(self.layout.folder),
            "status_file": str(self.layout.status),
            "health": {service.name: urls[service.name] + "/healthz" for service in self._services},
            "people": {person: list(groups) for person, (_, groups) in development.PEOPLE.items()},
        }
        self.layout.endpoints.write_text(json.dumps(found, indent=2) + "\n")

    @contextlib.asynccontextmanager
    async def _step(self, what: str) -> AsyncIterator[None]:
        began = time.monotonic()
        yield
        self._say(f"{what} ({time.monotonic() - began:.1f} s)")

    @staticmethod
    async def _in_thread(work: Callable[[], object]) -> None:
        await asyncio.to_thread(work)


def migrate(dsn_files: Mapping[str, Path]) -> None:
    """Bring both schemas to their newest step, each as its owner."""
    from services.approver.migrations import migrate as approver  # noqa: PLC0415 - slow imports, needed once
    from services.ledger.migrations import migrate as ledger  # noqa: PLC0415 - as above

    approver(dsn_files["approver_owner"].read_text().strip())
    ledger(dsn_files["ledger_owner"].read_text().strip())
