"""`make bench-classifier`: the load is what it says, and figures are ratios of what was measured."""

from __future__ import annotations

from itertools import islice

import pytest

from benchmarks import classifier_load as load
from benchmarks.classifier import PROSE, SIZES, Measured, figures


def test_typical_actions_have_the_size_they_say_and_are_the_same_each_time() -> None:
    actions = list(load.typical(200))
    assert len(actions) == 200
    assert all(load.SMALLEST <= one.size <= load.LARGEST for one in actions)
    assert len({repr(one.texts) for one in actions}) > 190, "some templates have nothing to fill"
    assert [one.texts for one in load.typical(200)] == [one.texts for one in actions]
    plain = [one for one in actions if one.plain]
    assert 20 < len(plain) < 180
    texts = [text for one in plain for text in one.texts]
    assert all(len(load._WORDS.findall(text)) < load._FREE_WORDS or load._SQL.match(text) for text in texts)


def test_free_text_is_as_long_as_it_says_and_differs() -> None:
    texts = list(load.prose(PROSE, 5))
    assert all(len(text) == size for size, text in texts)
    assert [size for size, _ in texts] == [size for size in PROSE for _ in range(5)]
    assert len({text for _, text in texts}) == len(texts)


@pytest.mark.parametrize("unit", load.NEAR_MATCHES.values())
def test_near_matches_fill_their_size(unit: str) -> None:
    assert len(load.hostile(unit, 1_000)) == 1_000
    assert load.hostile(unit, 1_000).startswith(unit)


def test_figures_are_ratios() -> None:
    linear = [size * 1e-6 for size in SIZES]
    ours = Measured(
        typical=[0.001] * 10, plain=[0.001] * 10, forgetful=[0.002] * 10,
        prose={"300": [0.01], "1000": [0.03], "20000": [0.9]},
        hostile={"straight": linear, "bent": [*linear[:2], 2.5 * linear[2]]}, start_bytes=2**20, most_bytes=2**21,
    )  # fmt: skip
    stock = Measured(
        typical=[0.02] * 5, plain=[0.01] * 5, prose={"300": [0.02], "1000": [0.05], "20000": [1.0]},
        start_bytes=2**20, most_bytes=2**20,
    )  # fmt: skip
    found = {one.name: one for one in figures(ours, stock)}
    assert found["typical actions"].ratio == pytest.approx(20)
    assert found["typical actions"].met
    assert found["plain actions, p50"].ours == pytest.approx(1)
    assert found["plain actions, p50"].met
    assert found["plain actions"].ours == pytest.approx(1_000)
    assert found["free text: time per kB at 20 kB over 1 kB"].ratio == pytest.approx(1.5)
    growth = next(one for name, one in found.items() if "time per kB at 1 MB over 10 kB" in name)
    assert "bent" in growth.name
    assert growth.ratio == pytest.approx(2.5)
    assert growth.met is False
    assert list(islice(found, 1)) == ["typical actions"], "ratios first"
