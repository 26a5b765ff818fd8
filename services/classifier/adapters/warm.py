"""The engine, built once per process tree.

The fork server imports this module, so that it builds the engine before any worker is forked: a worker that replaces a
killed one is ready at once and shares the model's memory. The name model has no threads that a fork could lose.
What libraries read at first use (the forms of telephone numbers region by region, the dialect of SQL) is read here
too: no worker's first action waits for it.
"""

from __future__ import annotations

from functools import cache

from phonenumbers import PhoneMetadata

from services.classifier.adapters.presidio import PresidioDetector
from services.classifier.analysis import sql
from services.classifier.analysis.identifiers.phones import REGIONS
from services.classifier.model import Passage

WARM_UP = Passage("Jane Roe <jane@example.org> paid 4111 1111 1111 1111 from 8.8.8.8, call +1 415 555 2671.")


@cache
def engine() -> PresidioDetector:
    """Presidio and the name model, having looked at something once."""
    for region in REGIONS:
        PhoneMetadata.metadata_for_region(region)
    sql.inspect("SELECT a FROM b WHERE c = 'd'", frozenset())
    detector = PresidioDetector()
    detector.detect(WARM_UP)
    return detector


engine()
