"""The corpus of a half: our own actions, and in the test half the sentences of another source besides."""

from __future__ import annotations

from collections.abc import Iterator

from tests.corpora import evaluator, files, slots
from tests.corpora.model import Half, Labelled

OWN = "actions"
HIDDEN = "hidden"
"""The kind whose values are encoded or bent; scored on its own."""


def actions(half: Half, *, fills: int) -> Iterator[Labelled]:
    """Every template of the half, filled so many times; sentences of the other source once."""
    for kind, template in files.read(half):
        for number in range(fills):
            yield slots.fill(template, kind=kind, source=OWN, number=number)
    if half == "test":
        yield from evaluator.actions(1)
