"""The owner's file: what it makes of an action, and how a bad one is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.classifier.adapters import files
from services.classifier.adapters.files import Configuration
from services.classifier.adapters.worker import Bench
from services.classifier.errors import ConfigurationError
from services.classifier.model import Classification
from tests.classifier_parts import HERE, KEYS, owned, subject

TYPES = {"OURS": {"labels": ["ours"], "sensitivity": "restricted"}}


def load(folder: Path, content: dict[str, Any] | str, **dictionaries: str | bytes) -> Configuration:
    for name, terms in dictionaries.items():
        (folder / f"{name}.txt").write_bytes(terms if isinstance(terms, bytes) else terms.encode())
    path = folder / "own.yaml"
    if not isinstance(content, str):
        content = yaml.safe_dump({"format": "placet-own-detectors-v1", "types": TYPES, **content}, sort_keys=False)
    path.write_text(content)
    return files.load(HERE / "taxonomy.yaml", HERE / "catalogue.yaml", KEYS, path)


def classified(configuration: Configuration, **changes: Any) -> Classification:
    result = Bench.of(configuration, 60.0, ()).classify(subject(**changes))
    assert isinstance(result, Classification)
    return result


def test_a_text_on_which_the_budget_is_spent_is_not_inspected(tmp_path: Path) -> None:
    configuration = load(tmp_path, {"recognizers": [{"name": "one", "type": "OURS", "pattern": r"(?:\w|[a-z])+c\d"}]})
    result = classified(configuration, arguments={"a": "a" * 200 + "! c", "b": "fine"})
    assert [(one.pointer, one.reason) for one in result.incomplete] == [("/arguments/a", "too_slow")]
    assert result.arguments == {"a": "‹NOT_INSPECTED_1›", "b": "fine"}


def test_a_code_name_is_found_where_one_word_is_all_there_is(tmp_path: Path) -> None:
    configuration = load(
        tmp_path, {"dictionaries": [{"name": "d", "type": "OURS", "file": "d.txt"}]}, d="# names\nNachtigall\n"
    )
    result = classified(configuration, arguments={"project": "nachtigall", "Nachtigall": 7})
    assert result.arguments == {"project": "‹OURS_1›", "‹OURS_2›": 7}
    assert result.labels == ("ours",)
    assert result.sensitivity == "restricted"
    assert {one.recognizer for one in result.findings} == {"dictionary/d"}


def test_a_term_inside_something_else_still_labels_the_action(tmp_path: Path) -> None:
    configuration = owned(tmp_path, "Blue Heron", "heronry")
    result = classified(configuration, arguments={"password": "blue heron 7", "at": "Heronry"})
    assert [one.entity_type for one in result.findings] == ["SECRET", "OURS"]
    assert classified(configuration, arguments={"password": "blue heron 7"}).labels == ("credential", "ours")


HEAD = "format: placet-own-detectors-v1\ntypes:\n  OURS: {labels: [ours], sensitivity: restricted}\n"
RECOGNIZER = f"{HEAD}recognizers:\n  - "
DICTIONARY = f"{HEAD}dictionaries:\n  - "


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEAD + "more: 1\n", "own.yaml line 4 at more: Extra inputs"),
        (RECOGNIZER + "name: a\n    type: OURS\n    pattern: (\n",
         "own.yaml line 7 at recognizers.0.pattern: is no"),
        (RECOGNIZER + "{name: a, type: OURS,\n     pattern: '(a+)+'}\n", "line 6 at recognizers.0.pattern: repeats"),
        (RECOGNIZER + "{name: a, type: NONE, pattern: a}\n", "line 5 at recognizers.0.type: no such type"),
        (RECOGNIZER + "{name: a, type: OURS, pattern: a, validator: luck}\n", "line 5 at recognizers.0.validator"),
        (RECOGNIZER + "{name: a, type: OURS, pattern: a, score: 0.1}\n", "line 5 at recognizers.0.score: .*never"),
        (RECOGNIZER + "{name: a, type: OURS, pattern: a, score: 0.04, context: [b]}\n", "line 5 .*never found"),
        (RECOGNIZER + "&x {name: a, type: OURS, pattern: a}\n  - *x\n", "recognizers.1.name: another"),
        (HEAD + "  PERSON: {labels: [pii], sensitivity: internal}\n", "line 4 at types.PERSON: the taxonomy has"),
        (DICTIONARY + "{name: a, type: OURS,\n     file: none.txt}\n",
         "line 6 at dictionaries.0.file: .*cannot be read"),
        (DICTIONARY + "{name: a, type: OURS, file: a.txt, folds: [colour]}\n", "line 5 at dictionaries.0.folds"),
        (HEAD + "markings:\n  own:\n    - {text: x}\n", "line 6 at markings.own.0.text"),
        (HEAD + "recognizers: []\nrecognizers: []\n", "own.yaml line 5: a key stands twice"),
        ("[", "own.yaml line 1: not the YAML"),
        ("", "own.yaml line 1: "),
        ("a: 2020-13-45", "own.yaml: not the YAML"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_file_line_and_reason(content: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=says) as refused:
        load(tmp_path, content)
    assert refused.value.file == "own.yaml"


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (b"good\n\xff\xfe\n", "d.txt line 2: is not UTF-8"),
        (b"good\n#\n-\n", "d.txt line 3: has fewer than 2"),
        (b"x" * 201, "d.txt line 1: has more than 200"),
        ("a\u202eb c".encode(), "d.txt line 1: holds a character that cannot be seen"),
    ],
)
def test_a_bad_term_is_refused_with_its_line_and_never_quoted(terms: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, {"dictionaries": [{"name": "d", "type": "OURS", "file": "d.txt"}]}, d=terms)
    assert says in str(refused.value)
    assert "good" not in str(refused.value)


def test_the_digest_names_the_owners_file_and_every_dictionary(tmp_path: Path) -> None:
    content = {"dictionaries": [{"name": "d", "type": "OURS", "file": "d.txt"}]}
    first = load(tmp_path, content, d="Blue Heron").digest
    assert load(tmp_path, content, d="Blue Heron").digest == first
    assert load(tmp_path, content, d="Grey Heron").digest != first
    assert load(tmp_path, {**content, "markings": {"built_in": False}}, d="Blue Heron").digest != first
    assert files.load(HERE / "taxonomy.yaml", HERE / "catalogue.yaml", KEYS).digest != first


def test_no_term_is_in_a_repr(tmp_path: Path) -> None:
    content = {"dictionaries": [{"name": "d", "type": "OURS", "file": "d.txt"}]}
    assert "Heron" not in repr(load(tmp_path, content, d="Blue Heron"))
