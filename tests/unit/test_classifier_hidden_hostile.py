"""Hostile texts: unwrapping them takes time in their size, and never more than its room."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest

from services.classifier.analysis.unwrapping import content, pairs, unwrap
from services.classifier.analysis.unwrapping.layer import Layer, Piece, Weaver, decoded, part
from services.classifier.analysis.unwrapping.unwrap import Closed, Room
from tests.classifier_parts import bench, classify
from tests.spending import seconds

SIZE = 100_000
NEAR_MISSES = [
    "A", "a/", "aB3", "4.", "4 ", "41 ", "4111.", "4111.1111.", "%4", "%41", "&#", "&#1", "&a", "\\u", "\\u0041", "\\",
    '\\"', '{"', "[", '{"a":', '["a",', '"', '" + ', '{"x" x', "a=", "ab=1&", "kk: v\n", "<ab>c", 'ab:"', "ab: '",
    "4\u200b", "а", "аb ", "４", "QUJD" * 15 + "\n", "41:", " ", "\n", "DE44.ABCD.", "-", "‹A_1›", "‹A", "0.1,",
    "QUJD", "QUJDREVGR0hJSktMTU5PUFFS ", "e\u0301", "\u202e", "x" * 39 + "\n", "'a' || ", "--a ", "{'a': ",
]  # fmt: skip


@pytest.mark.parametrize("piece", NEAR_MISSES)
def test_a_text_of_near_misses_takes_time_in_its_size(piece: str) -> None:
    """Ten times the text may take thirty times as long (noise included), and never seconds."""

    def took(size: int) -> float:
        text = piece * (size // len(piece))
        return seconds(lambda: _unwrapped(text))

    small, large = took(SIZE // 10), took(SIZE)
    assert large < max(30 * small, 0.5)
    assert large < 5


def _unwrapped(text: str) -> None:
    assert sum(len(layer.text) for layer in unwrap.texts(text, Room(8 * SIZE, SIZE))) <= 16 * SIZE
    list(pairs.find(text))


def test_no_more_is_decoded_than_there_is_room_for() -> None:
    text = " ".join(base64.b64encode(f"text number {number:04}".encode()).decode() for number in range(100))
    found = list(unwrap.inside(Layer(text), (), Room(characters=200, of_one=1_000)))
    assert isinstance(found[-1], Closed)
    assert sum(len(inner.layer.text) for inner in found if not isinstance(inner, Closed)) <= 200


def test_a_bomb_is_not_opened_beyond_its_bound() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    assert content.read(bomb, 1_000) == content.Content(closed="too_large", sure=True)
    assert content.read(gzip.compress(b"x" * 1_000), 1_000).text == "x" * 1_000


@pytest.mark.parametrize("cut", [3, 9, 12, 20])
def test_damaged_compression_is_not_taken_for_looked_into(cut: int) -> None:
    data = gzip.compress(b"some text that was compressed once, and not at all short")[:cut]
    assert content.read(data, 1_000).closed == "binary"


def test_many_repeats_in_one_text_take_time_in_their_number() -> None:
    items = ",".join(f'{{"full_name":"Ada Quill {number % 50}"}}' for number in range(1_500))
    found: list[Any] = []
    assert seconds(lambda: found.append(classify(bench(), arguments={"a": f"[{items}]"})), times=1) < 5
    assert len(found[0].findings) == 1_500


def test_layers_lead_back_to_the_ground() -> None:
    ground = Layer("ab<cd>ef")
    weaver = Weaver(ground)
    weaver.keep(0, 2)
    weaver.put("X", 2, 6)
    weaver.keep(6, 8)
    upper = weaver.layer()
    assert upper.text == "abXef"
    assert upper.pieces == (Piece(0, 0, 2, exact=True), Piece(2, 2, 6, exact=False), Piece(3, 6, 8, exact=True))
    assert [upper.ground(at, at + 1) for at in range(5)] == [(0, 1), (1, 2), (2, 6), (6, 7), (7, 8)]
    assert upper.ground(1, 4) == (1, 7)
    assert part(upper, 3, 5).ground(1, 2) == (7, 8)
    assert decoded(part(upper, 1, 4), 0, 2, "long text").ground(3, 4) == (1, 6)
