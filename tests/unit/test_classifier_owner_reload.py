"""The owner's files are read again when they change; what cannot be used leaves what is in force."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from placet.keys import Signer
from services.classifier.adapters import files
from services.classifier.adapters.files import Configuration
from services.classifier.adapters.watched import ConfigurationFiles, State
from services.classifier.errors import ConfigurationError, PoolError
from services.classifier.wiring import readiness
from tests.classifier_parts import HERE, KEYS, configuration

SIGNER = Signer.generate("/services/classifier")

OWN = """
format: placet-own-detectors-v1
types:
  OURS: {labels: [ours], sensitivity: restricted}
dictionaries:
  - {name: d, type: OURS, file: d.txt}
"""


class Watched:
    """Files, what was handed over, and a clock that only the test moves."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now, self.stamp = folder, 0.0, 1_000_000_000
        self.taken: list[Configuration] = []
        self.told: list[State] = []
        self.files: ConfigurationFiles
        self.workers_start = True

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        self.stamp += 1_000_000_000
        os.utime(self.folder / name, ns=(self.stamp, self.stamp))

    def start(self) -> None:
        self.files = ConfigurationFiles(
            self.folder / "taxonomy.yaml",
            self.folder / "catalogue.yaml",
            self.folder / "own.yaml",
            lambda read: files.read_keys(self.folder / "keys", SIGNER, read=read),
            clock=lambda: self.now,
        )
        self.files.follow(self.take, self.told.append)

    def take(self, given: Configuration) -> None:
        if not self.workers_start:
            raise PoolError("the workers did not start")
        self.taken.append(given)

    def later(self, seconds: float = 1.0) -> None:
        self.now += seconds
        self.files.look()


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    one = Watched(tmp_path)
    for name in ("taxonomy.yaml", "catalogue.yaml"):
        one.write(name, (HERE / name).read_text())
    one.write("own.yaml", OWN)
    one.write("d.txt", "Blue Heron\n")
    one.write("keys", f"{'a' * 64}\n")
    one.start()
    return one


def terms(given: Configuration) -> list[str]:
    return [term for each in given.terms for _, term in each.terms]


def test_what_cannot_be_used_at_the_start_is_an_error(tmp_path: Path) -> None:
    one = Watched(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        one.start()


@pytest.mark.parametrize("name", ["taxonomy.yaml", "catalogue.yaml", "own.yaml", "d.txt"])
def test_a_change_of_any_file_is_taken_when_it_has_settled(watched: Watched, name: str) -> None:
    before = watched.files.state.digest
    watched.write(name, (watched.folder / name).read_text() + "# changed\n")
    watched.files.look()
    assert watched.taken == [], "looked at once a second"
    watched.later()
    assert watched.taken == [], "it may still be under way"
    watched.later()
    (taken,) = watched.taken
    assert taken.digest == watched.files.state.digest != before
    assert watched.told == [State(taken.digest, taken.keys.id)]
    watched.later()
    watched.later()
    assert len(watched.taken) == len(watched.told) == 1


def test_new_terms_are_in_force(watched: Watched) -> None:
    assert terms(watched.files.first) == ["Blue Heron"]
    watched.write("d.txt", "Grey Heron\n")
    watched.later()
    watched.later()
    assert terms(watched.taken[0]) == ["Grey Heron"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("own.yaml", OWN + "more: 1\n", "own.yaml line 7 at more"),
        ("own.yaml", OWN.replace("d.txt", "e.txt"), "own.yaml line 6 at dictionaries.0.file"),
        ("d.txt", "fine\n-\n", "d.txt line 2"),
        ("taxonomy.yaml", "", "taxonomy.yaml line 1"),
        ("keys", "b" * 31, "keys line 1 is no key of 32 characters"),
        ("keys", "", "keys holds 0 lines"),
    ],
)
def test_a_bad_file_leaves_what_is_in_force_and_says_so_once(watched: Watched, name: str, text: str, says: str) -> None:
    before, was = watched.files.state.digest, (watched.folder / name).read_text()
    watched.write(name, text)
    for _ in range(5):
        watched.later()
    assert watched.taken == []
    (told,) = watched.told
    assert told.digest == before
    assert says in told.refused
    assert f"{told.refused}; the earlier configuration stays in force" == readiness(watched.files.state)
    watched.write(name, "c" * 64 if name == "keys" else was + "# mended\n")
    watched.later()
    watched.later()
    assert len(watched.taken) == 1
    assert readiness(watched.files.state) is None


def test_a_new_key_is_in_force_and_the_last_one_still_knows_repeats(watched: Watched) -> None:
    first = watched.files.first.keys
    watched.write("keys", f"{'b' * 64}\n{'a' * 64}\n")
    watched.later()
    watched.later()
    (taken,) = watched.taken
    assert taken.digest == watched.files.first.digest, "the key is no part of what the digest names"
    assert watched.files.state == State(taken.digest, taken.keys.id)
    assert taken.keys.id != first.id
    assert taken.keys.mark("finding", b"x") != first.mark("finding", b"x")
    assert taken.keys.mark("likeness", b"x") == first.mark("likeness", b"x")


def test_a_new_key_of_likenesses_alone_is_in_force_as_well(watched: Watched) -> None:
    watched.write("keys", f"{'a' * 64}\n{'b' * 64}\n")
    watched.later()
    watched.later()
    (taken,) = watched.taken
    assert taken.keys.id == watched.files.first.keys.id
    assert taken.keys.likenesses != watched.files.first.keys.likenesses


def test_a_bad_file_of_keys_is_refused_with_no_key_in_what_is_said(watched: Watched) -> None:
    watched.write("keys", f"{'b' * 20}\n")
    watched.later()
    watched.later()
    assert watched.taken == []
    assert "bbb" not in watched.files.state.refused
    assert watched.files.state.key == watched.files.first.keys.id
    (watched.folder / "keys").unlink()
    watched.later()
    watched.later()
    assert "keys cannot be read" in watched.files.state.refused


def test_a_dictionary_that_comes_after_the_file_that_names_it(watched: Watched) -> None:
    watched.write("own.yaml", OWN.replace("d.txt", "e.txt"))
    watched.later()
    watched.later()
    assert watched.files.state.refused
    watched.write("e.txt", "Grey Heron\n")
    watched.later()
    watched.later()
    assert [terms(one) for one in watched.taken] == [["Grey Heron"]]
    watched.write("d.txt", "no longer named\n")
    watched.later()
    watched.later()
    assert len(watched.taken) == 1


def test_a_file_that_vanishes_leaves_what_is_in_force(watched: Watched) -> None:
    (watched.folder / "own.yaml").unlink()
    watched.later()
    watched.later()
    assert watched.taken == []
    assert "own.yaml cannot be read" in watched.files.state.refused


def test_workers_that_do_not_start_leave_what_is_in_force(watched: Watched) -> None:
    before = watched.files.state
    watched.workers_start = False
    watched.write("d.txt", "Grey Heron\n")
    watched.later()
    watched.later()
    assert watched.files.state == State(before.digest, before.key, "the workers did not start")


def test_the_same_content_again_is_no_change(watched: Watched) -> None:
    watched.write("own.yaml", OWN)
    watched.later()
    watched.later()
    assert watched.taken == []
    assert watched.files.state == State(watched.files.first.digest, watched.files.first.keys.id)


def test_without_a_file_of_the_owner_the_shipped_ones_are_watched() -> None:
    files = ConfigurationFiles(HERE / "taxonomy.yaml", HERE / "catalogue.yaml", None, lambda _: KEYS)
    assert files.first.digest == configuration().digest
