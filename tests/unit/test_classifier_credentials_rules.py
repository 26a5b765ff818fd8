"""Each rule for secrets: its hits, its near misses, its source, and linear time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.classifier.analysis import credentials
from services.classifier.model import Passage, Span
from tests import credential_cases
from tests.credential_cases import cases, parts
from tests.spending import seconds

CASES = {name: case for rules in cases().values() for name, case in rules.items()}
VENDORS = cases()["vendors"]
ISSUED = {**VENDORS, **cases()["shapes"], **cases()["keys"]}
CHARACTERS = 250_000


def test_every_rule_has_hits_and_near_misses_beside_it() -> None:
    names = set(credentials.RECOGNIZERS)
    assert len(names) == len(credentials.RECOGNIZERS)
    assert set(CASES) == names - {
        "telling_name",
        "random_under_telling_name",
    }  # tests/unit/test_classifier_credentials.py
    assert not [name for name, case in CASES.items() if not case.hits or not case.misses]


def test_every_rule_names_its_source() -> None:
    assert not [rule.name for rule in credentials.RULES if not rule.source]


def test_no_case_is_a_token_as_it_is_committed() -> None:
    text = Path(credential_cases.__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    issued = [rule for rule in credentials.RULES if not rule.told and rule.name in ISSUED]
    assert [rule.name for rule in issued if any(rule.accept(match[0]) for match in rule.pattern.finditer(text))] == []


def named(text: str, name: str) -> Iterator[Span]:
    return (span for span in credentials.find(Passage(text)) if span.recognizer == f"credential/{name}")


@pytest.mark.parametrize(("name", "hit"), [(name, hit) for name, case in CASES.items() for hit in case.hits])
def test_a_hit_is_found_whole_by_its_rule(name: str, hit: str) -> None:
    text, expected = parts(hit)
    found = {(span.entity_type, text[span.start : span.end]) for span in named(text, name)}
    assert expected in {value for _, value in found}, found
    assert "EXAMPLE_CREDENTIAL" not in {kind for kind, _ in found}


@pytest.mark.parametrize("miss", [miss for case in CASES.values() for miss in case.misses])
def test_a_near_miss_is_not_found(miss: str) -> None:
    assert [span for span in credentials.find(Passage(miss)) if span.entity_type != "EXAMPLE_CREDENTIAL"] == []


@pytest.mark.parametrize(("name", "hit"), [(name, case.hits[0]) for name, case in ISSUED.items()])
@pytest.mark.parametrize("around", ["`{}`", "a={}", '"{}"', "({})", "{}\n", "{},", "x: {}."])
def test_a_token_is_found_wherever_it_stands(name: str, hit: str, around: str) -> None:
    assert list(named(around.format(parts(hit)[0]), name))


@pytest.mark.parametrize(("name", "hit"), [(name, case.hits[0]) for name, case in VENDORS.items()])
@pytest.mark.parametrize("before", ["\\n", "url%3D", "\\u003d"])
def test_an_escape_before_a_token_is_no_letter_of_it(name: str, hit: str, before: str) -> None:
    assert list(named(before + hit, name))


def near(rule: credentials.Rule) -> list[str]:
    """Texts that begin as the rule's matches do, again and again, and never end as they do."""
    hit, _ = parts(CASES[rule.name].hits[0])
    mark = next(mark for mark in rule.marks if mark in hit.lower())
    mark = hit[hit.lower().index(mark) :][: len(mark)]  # as the pattern has it
    half = hit[: max(len(mark), len(hit) // 2)]
    return [f"-{mark}", f"{mark}=a1 ", f"{mark}: '", half, f" {half}.\n", f"{hit[:-1]} "]


@pytest.mark.parametrize("rule", credentials.RULES, ids=lambda rule: rule.name)
def test_near_matches_of_a_rule_take_linear_time(rule: credentials.Rule) -> None:
    def took(text: str) -> float:
        return seconds(lambda: list(rule.pattern.finditer(text)), times=1)

    for part in near(rule):
        whole = took((part.lower() if rule.folded else part) * (CHARACTERS // len(part)))
        assert whole < 1, (rule.name, part[:40], whole)


def test_a_run_of_letters_is_tried_from_its_start_alone() -> None:
    (jwt,) = (rule for rule in credentials.RULES if rule.name == "jwt")
    text = "-eyJ" * 500_000
    assert seconds(lambda: list(jwt.pattern.finditer(text)), times=1) < 0.5  # from everywhere: two


@pytest.mark.parametrize(
    "part",
    ["password=", "token: ", "a_key='", "-p ", "curl -u a:b ", "mysql -p", "login 'x", "'", "echo a |", "secret=${",
     "pass={{ ", "key=<", "x" * 50 + "_token", "password" + chr(92) + chr(34) + ":", "-----BEGIN PRIVATE KEY",
     "set token ", "name: token value: ", "('token',"],
)  # fmt: skip
def test_looking_at_near_matches_takes_linear_time(part: str) -> None:
    def looking(size: int) -> float:
        text = part * (size // len(part))
        return seconds(lambda: list(credentials.find(Passage(text))))

    whole = looking(CHARACTERS)
    assert whole < 10 * max(looking(CHARACTERS // 4), 0.1), whole
