"""A classifier's bench without worker processes, and engines that misbehave on request."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import services.classifier
from placet.fingerprint_keys import FingerprintKeys
from services.classifier.adapters import files, worker
from services.classifier.adapters.files import Configuration
from services.classifier.adapters.worker import Bench
from services.classifier.analysis import names
from services.classifier.errors import DetectorError
from services.classifier.model import Classification, Passage, Span, Subject
from services.classifier.ports import Detector

HERE = Path(services.classifier.__file__).parent
KEY = b"k" * 32
KEYS = FingerprintKeys.single(KEY)


def configuration() -> Configuration:
    return files.load(HERE / "taxonomy.yaml", HERE / "catalogue.yaml", KEYS)


def owned(folder: Path, *terms: str) -> Configuration:
    """With a dictionary of these terms; what it finds is OURS."""
    (folder / "terms.txt").write_text("\n".join(terms))
    (folder / "own.yaml").write_text(
        "format: placet-own-detectors-v1\ntypes: {OURS: {labels: [ours], sensitivity: restricted}}\n"
        "dictionaries: [{name: terms, type: OURS, file: terms.txt}]\n"
    )
    return files.load(HERE / "taxonomy.yaml", HERE / "catalogue.yaml", KEYS, folder / "own.yaml")


def bench(*engines: Detector, soft_seconds: float = 60.0) -> Bench:
    return Bench.of(configuration(), soft_seconds, engines)


def subject(**changes: Any) -> Subject:
    content: dict[str, Any] = {
        "agent": "nightly-export",
        "name": "db.query",
        "resource": "postgres://warehouse/orders",
        "arguments": {},
        "purpose": "",
        "preview": None,
    }
    return Subject(**{**content, **changes})


def classify(on: Bench | None = None, **changes: Any) -> Classification:
    result = (on or bench()).classify(subject(**changes))
    assert isinstance(result, Classification), result
    return result


def passage(text: str, name: str = "", *, number: bool = False) -> Passage:
    return Passage(text, names.words(name), number=number)


class Marks:
    """Finds every `[x…]` as the type and value inside: `[PERSON:Jane]`; what a detector could report, made plain."""

    models: Mapping[str, str] = {"marks": "1"}

    def detect(self, passage: Passage) -> Sequence[Span]:
        return [
            Span("PERSON", start, start + len(word), 0.9, "marks")
            for word in ("Jane Roe", "Zoë", "‹x›", "7777777")
            for start in _all(passage.text, word)
        ]


class Misbehaving:
    """Hangs, dies, is killed, devours memory, raises or refuses when told to by the text."""

    models: Mapping[str, str] = {"misbehaving": "1"}

    def detect(self, passage: Passage) -> Sequence[Span]:
        if "HANG" in passage.text:
            threading.Event().wait()
        if "DIE" in passage.text:
            os._exit(1)
        if "KILLED" in passage.text:  # as by the kernel where memory has run out
            os.kill(os.getpid(), signal.SIGKILL)
        if "DEVOUR" in passage.text:
            bytearray(2**31)  # more than a worker may have, less than any machine refuses
        if "RAISE" in passage.text:
            raise ValueError(passage.text)
        if "REFUSE" in passage.text:
            raise DetectorError("binary")
        return []


def prepare_misbehaving(configuration: Configuration, soft_seconds: float) -> None:
    """Initializer of worker processes with `Misbehaving` for an engine."""
    worker._BENCH[:] = [Bench.of(configuration, soft_seconds, (Misbehaving(),))]
    threading.Thread(target=worker._die_with_parent, daemon=True).start()


def prepare_refusing(configuration: Configuration, soft_seconds: float) -> None:
    """Initializer of worker processes that do not start with a configuration of the owner's own."""
    if configuration.terms:
        raise ValueError("no")
    prepare_misbehaving(configuration, soft_seconds)


def _all(text: str, word: str) -> list[int]:
    found, start = [], text.find(word)
    while start >= 0:
        found.append(start)
        start = text.find(word, start + len(word))
    return found
