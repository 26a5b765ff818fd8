"""The name model itself: windows, offsets, and that it touches nothing and survives a fork."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from infra.children import ROOT
from services.classifier.adapters.language import model_files
from services.classifier.adapters.lexicon import lexicon
from services.classifier.adapters.name_detector import NameDetector
from services.classifier.adapters.rampart import OVERLAP, WINDOW, Rampart, windows
from services.classifier.analysis.language import people
from services.classifier.model import Passage


@pytest.fixture(scope="module")
def model() -> Rampart:
    return Rampart(model_files())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 7), min_size=1, max_size=300))
@example([2] * 250)
@example([OVERLAP // 2] * 40)
def test_windows_keep_every_token_once_and_none_from_an_inner_edge(sizes: list[int]) -> None:
    words = [number for number, size in enumerate(sizes) for _ in range(size)]
    made = list(windows(words, WINDOW, OVERLAP))
    assert made[0][2] == 0
    assert made[-1][3] == len(words)
    assert all(end - start <= WINDOW for start, end, _, _ in made)
    for (_, end, _, keep), (start, _, kept, _) in pairwise(made):
        assert kept == keep  # the next goes on where this stops
        assert start < kept - 1
        assert keep == end - OVERLAP // 2
        assert words[start] != words[start - 1]  # opens with a whole word


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120))
def test_words_are_stretches_of_the_text(model: Rampart, text: str) -> None:
    end = 0
    for word in model.read(text):
        assert end <= word.start < word.end <= len(text)
        assert text[word.start : word.end].strip()
        assert 0 <= word.person <= 1.001
        end = word.start


def test_offsets_count_code_points_whatever_the_tokenizer_makes_of_them(model: Rampart) -> None:
    text = "👩‍👩‍👧 É́tienne Lefèvre, ﬁancé — \ud83d Jane Roe"
    spans = {
        text[span.start : span.end]
        for span in people.find(text, model.read(text), lexicon())
        if span.entity_type == "PERSON"
    }
    assert "Jane Roe" in spans


def _run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-B", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


WATCHED = """
import sys
from services.classifier.adapters.name_detector import NameDetector
from services.classifier.model import Passage
import os
wrong = []
def watch(event, arguments):
    if event.startswith("socket.") or event in {"subprocess.Popen", "os.mkdir", "os.remove", "os.rename"}:
        wrong.append(event)
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        wrong.append(f"open {arguments[0]}")
sys.addaudithook(watch)
tasks = len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self/task") else 1
detector = NameDetector()
assert [span.entity_type for span in detector.detect(Passage("for Jane Roe"))] == ["PERSON"]
assert not wrong, wrong
if os.path.exists("/proc/self/task"):
    assert len(os.listdir("/proc/self/task")) == tasks, "the model keeps threads"
sys.stdout.write("quiet")
"""


def test_the_model_asks_nobody_writes_nothing_and_keeps_no_thread() -> None:
    done = _run(WATCHED)
    assert (done.stdout, done.stderr) == ("quiet", "")


def test_a_model_loaded_before_the_fork_works_after_it() -> None:
    detector = NameDetector()
    expected: Sequence[object] = detector.detect(Passage("for Jane Roe of 12 Main Street"))
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        same = detector.detect(Passage("for Jane Roe of 12 Main Street")) == expected
        os._exit(0 if same else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert expected
