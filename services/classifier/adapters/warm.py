"""The engines, built once per process tree.

The fork server imports this module, so that it builds the engines before any worker is forked: a worker that replaces a
killed one is ready at once and shares the model's memory. The name model has no threads that a fork could lose.

What is there by then stays: the garbage collector need not walk through it again, which took a tenth of a second now
and then, nor copy the pages on which it lies into every worker. An action makes some thousand objects, nearly all of
which go by themselves: the collector looks once in ten actions, not ten times in one.
"""

from __future__ import annotations

import gc
from functools import cache
from typing import Final

from services.classifier.adapters.name_detector import NameDetector
from services.classifier.adapters.presidio import PresidioDetector
from services.classifier.model import Passage
from services.classifier.ports import Detector

_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000
WARM_UP = Passage("Jane Roe <jane@example.org> paid 4111 1111 1111 1111 from 8.8.8.8, call +1 415 555 2671.")


@cache
def engines() -> tuple[Detector, ...]:
    """Presidio and the name model, having looked at something once."""
    detectors = PresidioDetector(), NameDetector()
    for detector in detectors:
        detector.detect(WARM_UP)
    return detectors


engines()
gc.collect()
gc.freeze()
gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
