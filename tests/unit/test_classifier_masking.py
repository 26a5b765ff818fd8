"""Whatever an action holds, what is detected in it cannot be read in the result."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from placet.base import JsonObject
from placet.canonical import canonical_bytes, check_json
from placet.events import Finding, Sensitivity
from placet.fingerprint_keys import FingerprintKeys
from services.classifier import decide
from services.classifier.adapters.worker import Bench
from services.classifier.analysis import masking, repeats, walk
from services.classifier.analysis.spans import around, resolve
from services.classifier.model import Classification, Passage, Skipped, Span
from tests.classifier_parts import KEYS, Marks, Misbehaving, bench, classify, configuration, subject

AWS = "AKIAQYLPMN5HFIQR7XYA"
GITHUB = "ghp_" + "a1B2" * 9
BENCH = bench(Marks())


def strings(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for key, item in value.items():
                yield key
                yield from strings(item)
        case list() | tuple():
            for item in value:
                yield from strings(item)
        case int() | float():
            yield str(value)


def shown(result: Classification) -> str:
    """Everything that is published, as one text."""
    return json.dumps(
        [
            result.arguments,
            result.purpose,
            result.preview,
            [finding.model_dump(mode="json") for finding in result.findings],
            [place.model_dump(mode="json") for place in result.incomplete],
            result.facts.model_dump(mode="json"),
        ],
        ensure_ascii=False,
    )


def test_values_in_lists_keys_purpose_and_preview_are_masked_under_their_pointers() -> None:
    result = classify(
        BENCH,
        arguments={"a": [{"b": ["x", {"k": AWS}]}], f"{AWS}/x~y": {"in": 1}},
        purpose=f"with {GITHUB}",
        preview=[{"note": "Jane Roe called"}],
    )
    assert result.arguments == {
        "a": [{"b": ["x", {"k": "‹AWS_ACCESS_KEY_1›"}]}],
        "‹AWS_ACCESS_KEY_1›/x~y": {"in": 1},
    }
    assert result.purpose == "with ‹GITHUB_TOKEN_1›"
    assert result.preview == [{"note": "‹PERSON_1› called"}]
    assert [(f.pointer, f.in_key, f.start, f.end) for f in result.findings] == [
        ("/arguments/a/0/b/1/k", False, 0, 20),
        ("/arguments/‹AWS_ACCESS_KEY_1›~1x~0y", True, 0, 20),
        ("/purpose", False, 5, 5 + len(GITHUB)),
        ("/preview/0/note", False, 0, 8),
    ]
    assert result.labels == ("credential", "pii")
    assert result.sensitivity is Sensitivity.RESTRICTED
    assert not result.incomplete


def test_the_same_value_has_the_same_number_and_the_same_fingerprint() -> None:
    result = classify(BENCH, arguments={"a": f"{AWS} {AWS[:-1]}B", "b": AWS}, purpose=AWS)
    assert result.arguments == {"a": "‹AWS_ACCESS_KEY_1› ‹AWS_ACCESS_KEY_2›", "b": "‹AWS_ACCESS_KEY_1›"}
    assert result.purpose == "‹AWS_ACCESS_KEY_1›"
    first, second, third, fourth = (finding.fingerprint for finding in result.findings)
    assert first == third == fourth != second
    elsewhere = classify(BENCH, arguments={"other": AWS})
    assert elsewhere.findings[0].fingerprint == first


def test_a_value_is_masked_where_it_was_not_detected_too() -> None:
    result = classify(
        BENCH, arguments={"password": "corr3ct horse", "note": "use corr3ct horse now", "corr3ct horse": 1}
    )
    assert result.arguments == {"password": "‹SECRET_1›", "note": "use ‹SECRET_1› now", "‹SECRET_1›": 1}
    assert [finding.recognizer for finding in result.findings] == ["credential/telling_name", "repeat", "repeat"]


def test_a_value_in_a_number_is_masked_and_the_number_becomes_a_string() -> None:
    result = classify(BENCH, arguments={"pin": 40711, "n": 1140711, "m": 5, "f": 0.5}, purpose="code 40711")
    assert result.arguments == {
        "pin": "‹CARD_SECURITY_CODE_1›",
        "n": "‹CARD_SECURITY_CODE_2›",
        "m": 5,
        "f": 0.5,
    }
    assert result.purpose == "code ‹CARD_SECURITY_CODE_1›"


def test_short_values_are_masked_in_place_and_not_looked_for_elsewhere() -> None:
    result = classify(bench(Marks()), arguments={"a": "Zoë went to the Zoë"}, purpose="zoo")
    assert result.arguments == {"a": "‹PERSON_1› went to the ‹PERSON_1›"}
    assert result.purpose == "zoo"


def test_masked_keys_do_not_collide() -> None:
    result = classify(BENCH, arguments={"Jane Roe": 1, "‹PERSON_1›": 2, "Jane Roe Jane Roe": 3})
    assert len(result.arguments) == 3
    assert sorted(result.arguments.values()) == [1, 2, 3]
    assert "Jane" not in shown(result)


def test_a_placeholder_in_the_original_is_never_issued() -> None:
    result = classify(BENCH, arguments={"a": "‹PERSON_1› is not Jane Roe"})
    assert result.arguments == {"a": "‹PERSON_1› is not ‹PERSON_2›"}


def test_masking_what_is_masked_changes_nothing() -> None:
    once = classify(BENCH, arguments={"a": f"Jane Roe {AWS}", "password": "x1y2z3"}, purpose="Jane Roe")
    twice = classify(BENCH, arguments=dict(once.arguments), purpose=once.purpose)
    assert (twice.arguments, twice.purpose) == (once.arguments, once.purpose)
    assert twice.findings == ()
    assert twice.labels == ()


def test_a_made_up_placeholder_hides_nothing() -> None:
    result = classify(BENCH, arguments={"password": "‹NOTHING_KNOWN_1›", "pin": "‹US_SSN_078051120›"})
    assert result.arguments == {"password": "‹EXAMPLE_CREDENTIAL_1›", "pin": "‹CARD_SECURITY_CODE_1›"}


def test_an_embedding_is_one_finding_and_masked_whole() -> None:
    vector = [0.25 * number - 7.9 for number in range(64)]
    result = classify(BENCH, arguments={"v": vector, "w": vector[:63], "n": list(range(64))})
    assert result.arguments == {"v": "‹EMBEDDING_1›", "w": vector[:63], "n": list(range(64))}
    assert result.labels == ("embedding",)


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        ({"arguments": {"a": "x" * 100_001, "b": "y"}}, [("/arguments/a", "too_large")]),
        ({"arguments": {"k" * 1_001: "v", "b": "y"}}, [("/arguments/‹NOT_INSPECTED_1›", "too_large")]),
        ({"arguments": {"a": ["REFUSE!", "fine"]}}, [("/arguments/a/0", "binary")]),
        ({"preview": [*(["a" * 90_000] * 4), "x" * 90_000]}, [("/preview/4", "too_many")]),
        ({"preview": [["x" * 100_001]] * 201}, [("/preview", "too_many")]),
        ({"purpose": "REFUSE!"}, [("/purpose", "binary")]),
    ],
)
def test_what_was_not_inspected_is_masked_whole_and_named(
    changes: dict[str, Any], places: list[tuple[str, str]]
) -> None:
    result = classify(bench(Misbehaving()), **changes)
    assert [(place.pointer, place.reason) for place in result.incomplete] == places
    assert "‹NOT_INSPECTED_1›" in shown(result)
    assert "REFUSE" not in shown(result)
    assert "xxxxx" not in shown(result)
    assert "kkkkk" not in shown(result)
    assert result.sensitivity is Sensitivity.RESTRICTED
    if "b" in changes.get("arguments", {}):
        assert result.arguments["b"] == "y"


def test_a_pointer_never_grows_beyond_its_limit() -> None:
    value: Any = "Jane Roe"
    for depth in range(28):
        value = {f"{depth}/{'~' * 900}": value}
    result = classify(BENCH, arguments={"a": value}, purpose="Jane Roe")
    assert {place.reason for place in result.incomplete} == {"too_deep"}
    assert all(len(place.pointer) <= 4_000 for place in result.incomplete)
    assert "Jane" not in shown(result)


def test_too_many_findings_mask_the_member_whole_but_keep_the_labels() -> None:
    result = classify(BENCH, arguments={"a": 1}, preview=["Jane Roe"] * 2_001)
    assert result.preview == "‹NOT_INSPECTED_1›"
    assert result.arguments == {"a": 1}
    assert [(place.pointer, place.reason) for place in result.incomplete] == [("/preview", "too_many")]
    assert result.findings == ()
    assert result.labels == ("pii",)


def test_when_time_is_up_the_rest_is_named() -> None:
    result = classify(bench(Marks(), soft_seconds=-1), arguments={"a": "Jane Roe"}, purpose="Jane Roe", preview=[1])
    assert "Jane" not in shown(result)
    assert {place.reason for place in result.incomplete} == {"too_slow"}
    assert result.purpose.startswith("‹NOT_INSPECTED_")


def test_arguments_that_are_masked_whole_are_still_an_object() -> None:
    result = classify(BENCH, arguments={"a": ["Jane Roe"] * 2_001})
    assert result.arguments == {"‹NOT_INSPECTED_1›": "‹NOT_INSPECTED_1›"}


def test_survivors_are_seen_and_placeholders_are_not() -> None:
    detected = {
        "Jane Roe": Span("PERSON", 0, 8, 1, "x"),
        "4711": Span("PIN", 0, 4, 1, "x"),
        "_1›": Span("X", 0, 3, 1, ""),
    }
    issued = ["‹PERSON_1›"]
    assert list(masking.survivors([{"a": ["‹PERSON_1›", 5]}], detected, issued)) == []
    assert list(masking.survivors([{"a": ["to Jane Roe"]}], detected, issued)) == ["PERSON"]
    assert list(masking.survivors([{"Jane Roe": 1}], detected, issued)) == ["PERSON"]
    assert list(masking.survivors([{"a": 147112}], detected, issued)) == ["PIN"]
    assert list(masking.survivors(["‹PERSON_2›"], detected, issued)) == []
    assert list(masking.survivors(["‹X_1›"], detected, issued)) == ["X"]


def test_a_survivor_makes_the_whole_action_uninspected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "spread", lambda found, *_: list(found))
    result = classify(BENCH, arguments={"password": "corr3ct horse", "note": "use corr3ct horse now"}, purpose="p")
    assert "horse" not in shown(result)
    assert result.purpose == "‹NOT_INSPECTED_2›"
    assert [(place.pointer, place.reason) for place in result.incomplete] == [
        ("/arguments", "error"),
        ("/purpose", "error"),
    ]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([("A", 0, 4), ("B", 4, 8)], [("A", 0, 4), ("B", 4, 8)]),
        ([("A", 0, 4), ("B", 2, 8)], [("B", 0, 8)]),  # the longer gives the type, both are masked
        ([("SECRET", 0, 4), ("B", 2, 8)], [("SECRET", 0, 8)]),  # a credential before anything
        ([("PERSON", 0, 9), ("B", 2, 8)], [("B", 0, 9)]),  # a rule before the model
        ([("A", 3, 3)], []),
        ([], []),
    ],
)
def test_overlapping_spans(spans: list[tuple[str, int, int]], expected: list[tuple[str, int, int]]) -> None:
    given_spans = [Span(kind, start, end, 0.5, "x") for kind, start, end in spans]
    resolved = resolve(given_spans, frozenset({"SECRET"}))
    assert [(span.entity_type, span.start, span.end) for span in resolved] == expected


SECRETS = ("Jane Roe", AWS, GITHUB, "password=hunter22", "7777777", "‹x›", "postgres://bob:s3cret99@db/x")
words = st.one_of(
    st.sampled_from(SECRETS), st.text(max_size=12), st.sampled_from(["password", "name", "value", "sql", "‹PERSON_1›"])
)
texts = st.lists(words, min_size=1, max_size=4).map(" ".join)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), st.just(7777777), texts)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@example({}, "PASSWORT 000Aa¸", None)  # what the folded spelling hides
@example({"Passord": "‹PERSON_0›"}, "x", None)
@given(st.dictionaries(texts, values, max_size=5), texts, values)
def test_no_detected_value_survives_whatever_the_action(arguments: JsonObject, purpose: str, preview: Any) -> None:
    given_subject = subject(arguments=arguments, purpose=purpose, preview=preview)
    result = BENCH.classify(given_subject)
    assert isinstance(result, Classification)
    found = _found(BENCH, given_subject)
    outputs = [*strings(result.arguments), result.purpose, *strings(result.preview)]
    issued = set(re.findall(r"‹[A-Z_]+_\d+›", "\n".join(outputs))) - set(
        re.findall(r"‹[A-Z_]+_\d+›", "\n".join(strings([arguments, purpose, preview])))
    )
    for placeholder in issued:
        outputs = [text.replace(placeholder, "\n") for text in outputs]
    for value in found:
        assert not any(value in text for text in outputs), value
    canonical_bytes(result.arguments)
    check_json(result.preview)
    assert len(result.arguments) == len(arguments)
    for finding in result.findings:
        assert isinstance(finding, Finding)
    assert BENCH.classify(given_subject) == result


def _found(on: Bench, given_subject: Any) -> set[str]:
    found = set()
    for leaf in walk.leaves(given_subject, walk.Limits()):
        assert not isinstance(leaf, Skipped)
        text = leaf.passage.text
        # A placeholder is no value, also where one stands under a telling name.
        spans = around(text, on.detector.detect(leaf.passage), on.rules.taxonomy.types)
        found |= {text[span.start : span.end] for span in spans}
    return {value for value in found if len(value.strip()) >= repeats.SHORTEST_VALUE}


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(texts, values, max_size=4), values)
def test_no_input_makes_it_raise_and_incomplete_means_replaced_whole(arguments: JsonObject, preview: Any) -> None:
    on = bench(Misbehaving())
    result = on.classify(subject(arguments={**arguments, "z": ["REFUSE this"]}, preview=preview))
    assert isinstance(result, Classification)
    assert any(place.reason == "binary" for place in result.incomplete)
    assert "REFUSE" not in "\n".join(strings([result.arguments, result.preview]))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(texts, values, max_size=4), texts)
def test_masking_twice_is_masking_once(arguments: JsonObject, purpose: str) -> None:
    once = classify(BENCH, arguments=arguments, purpose=purpose)
    twice = classify(BENCH, arguments=dict(once.arguments), purpose=once.purpose)
    assert (twice.arguments, twice.purpose) == (once.arguments, once.purpose)


def test_a_type_the_taxonomy_does_not_know_is_restricted() -> None:
    class Odd:
        models: Mapping[str, str] = MappingProxyType({})

        def detect(self, passage: Passage) -> list[Span]:
            return [Span("MARTIAN_ID", 0, 4, 1.0, "odd")] if passage.text.startswith("zorg") else []

    result = classify(bench(Odd()), arguments={"a": "zorg 1"})
    assert result.arguments == {"a": "‹MARTIAN_ID_1› 1"}
    assert result.sensitivity is Sensitivity.RESTRICTED


@pytest.mark.parametrize("where", [{"resource": f"s3://bucket/{AWS}"}, {"session": AWS}], ids=["resource", "session"])
def test_a_credential_where_nothing_can_be_masked_is_refused(where: dict[str, str]) -> None:
    result = BENCH.classify(subject(arguments={"a": 1}, **where))
    assert type(result).__name__ == "Unmaskable"


def test_likeness_is_about_agent_name_resource_and_arguments_alone() -> None:
    first = classify(BENCH, arguments={"a": 1, "b": 2}, purpose="x")
    assert classify(BENCH, arguments={"b": 2, "a": 1.0}, purpose="y", preview=[1]).likeness == first.likeness
    assert classify(BENCH, arguments={"a": 1, "b": 3}).likeness != first.likeness
    assert classify(BENCH, arguments={"a": 1, "b": 2}, agent="other-agent").likeness != first.likeness
    other = Bench.of(_with_keys(FingerprintKeys.single(b"j" * 32)), 60, ())
    assert classify(other, arguments={"a": 1, "b": 2}).likeness != first.likeness


def test_a_new_key_of_fingerprints_leaves_likenesses_as_they_are() -> None:
    given: dict[str, Any] = {"arguments": {"a": AWS}}
    before = classify(BENCH, **given)
    rotated = Bench.of(_with_keys(FingerprintKeys(b"j" * 32, KEYS.likenesses)), 60, ())
    after = classify(rotated, **given)
    assert after.findings[0].fingerprint != before.findings[0].fingerprint
    assert after.likeness == before.likeness


def _with_keys(keys: FingerprintKeys) -> Any:
    return dataclasses.replace(configuration(), keys=keys)


def test_nothing_in_clear_is_shown_by_a_repr() -> None:
    assert "canary" not in repr(
        subject(arguments={"a": "canary"}, purpose="canary", preview="canary", session="canary")
    )
    assert "canary" not in repr(Passage("canary"))
    assert "kkkk" not in repr(configuration())


def test_unseen_replaces_every_member() -> None:
    result = decide.unseen(
        subject(arguments={"a": "canary"}, purpose="canary", preview={"b": "canary"}),
        "too_slow",
        likeness="0" * 64,
        default=Sensitivity.INTERNAL,
    )
    assert "canary" not in shown(result)
    assert [place.pointer for place in result.incomplete] == ["/arguments", "/purpose", "/preview"]
    empty = decide.unseen(subject(), "error", likeness="0" * 64, default=Sensitivity.INTERNAL)
    assert empty.incomplete
    assert empty.arguments == {}
