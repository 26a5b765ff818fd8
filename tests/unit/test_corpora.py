"""The corpora hold together: labels where slots were, numbers with right check digits, halves locked, nothing real."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from presidio_analyzer.predefined_recognizers import (
    AbaRoutingRecognizer,
    CreditCardRecognizer,
    CryptoRecognizer,
    EsNifRecognizer,
    IbanRecognizer,
    ItFiscalCodeRecognizer,
    MedicalLicenseRecognizer,
    NhsRecognizer,
    PlPeselRecognizer,
    UkNinoRecognizer,
    UsItinRecognizer,
    UsSsnRecognizer,
)

from services.classifier.analysis.credentials import RULES
from tests.classifier_parts import configuration
from tests.corpora import evaluator, files, halves, slots
from tests.corpora.corpus import HIDDEN, OWN, actions
from tests.corpora.files import CorpusError
from tests.corpora.generators.draw import BASE62, Draw
from tests.corpora.model import Labelled, Template
from tests.corpora.slots import HIDDEN as BENT
from tests.corpora.slots import MAKERS, SlotError
from tests.corpora.vocabulary import vocabulary

DEV = list(actions("dev", fills=2))
TEST = list(actions("test", fills=2))
ROOT = Path(__file__).parents[2]


def template(**changes: Any) -> Template:
    content = {"id": "one", "name": "n", "resource": "r", "arguments": {}}
    return Template.model_validate({**content, **changes})


def fill(**changes: Any) -> Labelled:
    return slots.fill(template(**changes), kind="k", source="s", number=0)


def is_clean(action: Labelled) -> bool:
    return not any(vocabulary().is_sensitive(gold.entity_type) for gold in action.gold)


def values(action: Labelled) -> list[tuple[str, str]]:
    return [(gold.entity_type, action.texts[gold.place][gold.start : gold.end]) for gold in action.gold]


def test_a_span_is_where_its_slot_was_written_to() -> None:
    action = fill(
        arguments={"⟦email⟧": 7, "a/b": ["x ⟦ssn⟧ y ⟦ssn#2⟧", "⟦salary!⟧"]}, purpose="for ⟦name⟧", preview=["⟦vector⟧"]
    )
    email = MAKERS["email"].make(Draw("one/0", "email"))
    placed = {(gold.entity_type, *gold.place) for gold in action.gold}
    assert placed == {
        ("EMAIL_ADDRESS", f"/arguments/{email}", True),
        ("US_SSN", "/arguments/a~1b/0", False),
        ("INCOME", "/arguments/a~1b/1", False),
        ("PERSON", "/purpose", False),
        ("EMBEDDING", "/preview/0", False),
    }
    found = dict(values(action))
    assert found["EMAIL_ADDRESS"] == email
    assert int(found["INCOME"]) == action.arguments["a/b"][1]
    assert found["PERSON"] == action.purpose.removeprefix("for ")
    assert len({value for kind, value in values(action) if kind == "US_SSN"}) == 2
    assert json.loads(found["EMBEDDING"]) == action.preview[0]


@pytest.mark.parametrize("text", ["⟦nobody⟧", "⟦email", "email⟧", "⟦email|backwards⟧", "⟦⟧", "⟦email#1⟧"])
def test_a_slot_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SlotError, match="one"):
        fill(purpose=text)


def test_what_json_has_not_is_refused() -> None:
    with pytest.raises(SlotError, match="nothing that JSON has"):
        fill(arguments={"until": dt.date(2031, 4, 2)})


def test_filling_is_the_same_every_time_and_differs_by_number() -> None:
    one = template(purpose="⟦name⟧ ⟦card⟧ ⟦github⟧ ⟦uuid⟧")
    first, again, other = (slots.fill(one, kind="k", source="s", number=number) for number in (0, 0, 1))
    assert first == again
    assert all(a != b for a, b in zip(values(first), values(other), strict=True))


@pytest.mark.parametrize("how", BENT)
def test_a_hidden_value_is_not_readable(how: str) -> None:
    plain = fill(purpose="⟦email⟧").purpose
    hidden = fill(purpose=f"⟦email|{how}⟧").purpose
    assert hidden != plain or how in {"json", "cyrillic"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("format: placet-corpus-v1\nkind: sql\ntemplates: []\n", "at templates"),
        ("format: v0\nkind: sql\ntemplates: [{id: a, name: n, resource: r, arguments: {}}]\n", "at format"),
        ("format: placet-corpus-v1\nkind: sql\ntemplates: [{id: a, name: n, resource: r, extra: 1}]\n", "templates.0"),
        (
            "format: placet-corpus-v1\nkind: mail\ntemplates: [{id: a, name: n, resource: r, arguments: {}}]\n",
            "kind mail",
        ),
        ("format: [", "no YAML"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "sql.yaml").write_text(content)
    with pytest.raises(CorpusError, match=sentence):
        list(files.read("dev", tmp_path))


def test_a_template_stands_in_its_half_and_once(tmp_path: Path) -> None:
    ids = [f"t-{number}" for number in range(40)]
    dev = next(name for name in ids if halves.half_of(name) == "dev")
    test = next(name for name in ids if halves.half_of(name) == "test")
    for names, sentence in (([test], "other half"), ([dev, dev], "twice")):
        lines = "".join(f"  - {{id: {name}, name: n, resource: r, arguments: {{}}}}\n" for name in names)
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / "sql.yaml").write_text(f"format: placet-corpus-v1\nkind: sql\ntemplates:\n{lines}")
        with pytest.raises(CorpusError, match=sentence):
            list(files.read("dev", tmp_path))


def test_the_corpus_is_as_large_and_as_varied_as_it_says() -> None:
    both = {one.kind for one in TEST}
    own = [one for one in (*DEV, *TEST) if one.source == OWN and one.kind in both]
    templates = {one.template: one for one in own}
    kinds = Counter(one.kind for one in templates.values())
    clean = sum(map(is_clean, templates.values()))
    assert len(own) >= 400
    assert len(templates) >= 150
    assert len(kinds) >= 12
    assert min(kinds.values()) >= 10
    assert 0.3 <= clean / len(templates) <= 0.4
    other = {one.template for one in TEST if one.source != OWN}
    assert len(other) * 3 >= len({one.template for one in TEST})
    assert not any(one.source != OWN for one in DEV)


def test_no_kind_is_all_in_one_half() -> None:
    """What rules are written against may be the larger part: it grows with them, and the other half is locked."""
    halves_of = (("dev", [one for one in DEV if not one.tricky]), ("test", TEST))
    of_kind = Counter((one.kind, half) for half, part in halves_of for one in part)
    for kind in {one.kind for one in TEST if one.source == OWN}:  # what was written for rules alone is in dev alone
        share = of_kind[kind, "dev"] / (of_kind[kind, "dev"] + of_kind[kind, "test"])
        assert 0.3 <= share <= 0.8, kind


def test_each_label_is_known_and_each_sensitive_type_is_asked_for_in_both_halves() -> None:
    words = vocabulary()
    labels = {maker.entity_type for maker in MAKERS.values()} | {gold.entity_type for one in TEST for gold in one.gold}
    assert labels - {None} <= {*words.types, *words.neutral}
    for half in (DEV, TEST):
        assert set(words.types) == {gold.entity_type for one in half if one.kind != HIDDEN for gold in one.gold} & set(
            words.types
        )


def test_every_type_is_the_taxonomys_or_planned() -> None:
    known = set(configuration().taxonomy.types)
    assert {kind for kind, one in vocabulary().types.items() if not one.planned} <= known
    assert not {kind for kind, one in vocabulary().types.items() if one.planned} & known, "no longer planned"


VALIDATORS: dict[str, Any] = {
    "CREDIT_CARD": CreditCardRecognizer(),
    "IBAN_CODE": IbanRecognizer(),
    "ABA_ROUTING_NUMBER": AbaRoutingRecognizer(),
    "CRYPTO": CryptoRecognizer(),
    "UK_NHS": NhsRecognizer(),
    "ES_NIF": EsNifRecognizer(),
    "IT_FISCAL_CODE": ItFiscalCodeRecognizer(),
    "PL_PESEL": PlPeselRecognizer(),
    "MEDICAL_LICENSE": MedicalLicenseRecognizer(),
}


UNKNOWN_TO_PRESIDIO = {"ether", "ether_bare", "litecoin", "dogecoin", "tron", "iban_small"}


@pytest.mark.parametrize(
    "name", [n for n, m in MAKERS.items() if m.entity_type in VALIDATORS and n not in UNKNOWN_TO_PRESIDIO]
)
def test_a_made_number_has_the_check_digits_that_presidio_asks_for(name: str) -> None:
    for number in range(30):
        value = MAKERS[name].make(Draw(f"t/{number}", name))
        assert VALIDATORS[str(MAKERS[name].entity_type)].validate_result(value) is True, value


@pytest.mark.parametrize(
    ("name", "recognizer"),
    [
        ("ssn", UsSsnRecognizer()),
        ("itin", UsItinRecognizer()),
        ("nino", UkNinoRecognizer()),
        ("nino_spaced", UkNinoRecognizer()),
    ],
)
def test_a_made_number_has_the_form_that_presidio_looks_for(name: str, recognizer: Any) -> None:
    for number in range(30):
        value = MAKERS[name].make(Draw(f"t/{number}", name))
        results = recognizer.analyze(value, recognizer.supported_entities, None)
        assert any((one.start, one.end) == (0, len(value)) for one in results), value


@pytest.mark.parametrize("locale", ["en", "de", "fr", "es", "it", "pl", "ru", "ja", "zh"])
def test_a_made_phone_number_is_valid(locale: str) -> None:
    for number in range(20):
        value = MAKERS["phone_e164"].make(Draw(f"t/{number}", "phone_e164", locale=locale))
        assert phonenumbers.is_valid_number(phonenumbers.parse(value))


def test_a_made_token_has_its_checksum_and_a_made_jwt_decodes() -> None:
    token = MAKERS["github"].make(Draw("t/0", "github"))
    number = 0
    for char in token[-6:]:
        number = number * 62 + BASE62.index(char)
    assert number == zlib.crc32(token[4:-6].encode())
    head = MAKERS["jwt"].make(Draw("t/0", "jwt")).split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))) == {"alg": "HS256", "typ": "JWT"}


def test_no_credential_is_committed() -> None:
    """Our own rules for issuers' tokens, run over every file here: nothing but published examples may match."""
    shapes = [rule for rule in RULES if rule.entity_type not in {"SECRET", "URL_CREDENTIALS"}]
    folder = ROOT / "tests" / "corpora"
    for path in [*folder.rglob("*.yaml"), *folder.rglob("*.py")]:
        text = re.sub("AKIAIOSFODNN7EXAMPLE", "", path.read_text(encoding="utf-8"))
        for rule in shapes:
            matches = [match[0] for match in rule.pattern.finditer(text) if rule.accept(match[0])]
            assert not [one for one in matches if "⟦" not in one], (path.name, rule.name)


def test_the_test_half_is_what_its_lock_says() -> None:
    changed = halves.changed(halves.digests(), halves.locked())
    assert not changed, f"{changed}: changing the test half needs a decision record (tests/corpora/README.md)"


def test_a_changed_test_half_is_noticed() -> None:
    now = halves.digests()
    first = next(iter(now))
    assert halves.changed({**now, first: "0" * 64}, halves.locked()) == [first]
    assert halves.changed({**now, "test/new.yaml": "0" * 64}, halves.locked()) == ["test/new.yaml"]
    assert halves.changed({name: digest for name, digest in now.items() if name != first}, halves.locked()) == [first]


def test_the_other_source_is_labelled_by_its_slots() -> None:
    for one in evaluator.actions(1):
        text = one.arguments["text"]
        assert "{{" not in text
        for gold, value in zip(one.gold, values(one), strict=True):
            assert value[1] == text[gold.start : gold.end] != ""
