"""The published contract: equal to a fresh build, and what its examples say of themselves is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from placet.canonical import canonical_bytes, sha256_hex
from placet.catalogue import CATALOGUE, Topic
from placet.errors import DecodeError
from placet.messages import Message, decode
from placet.trust import Trust
from placet.trust_store import load_root
from placet.verify import verify
from schemas import generate, released
from schemas.cases import NOW

FOLDER = Path(generate.__file__).parent
VALID = sorted(FOLDER.glob("examples/*/valid/*.json"))
INVALID = sorted(FOLDER.glob("examples/*/invalid/*.json"))
UNDECODABLE_FOR_SCHEMAS = {"unknown_field", "missing_field", "bad_value"}


def named(path: Path) -> str:
    return str(path.relative_to(FOLDER / "examples"))


def schema(topic: str) -> Draft202012Validator:
    content = json.loads((FOLDER / "json" / f"{topic}.schema.json").read_text())
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


def test_the_files_equal_a_fresh_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    generate.main()
    fresh = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    kept = {
        path.relative_to(FOLDER): path.read_bytes()
        for part in ("json", "topics", "examples", "configuration", "asyncapi.yaml")
        for path in ((FOLDER / part).rglob("*") if (FOLDER / part).is_dir() else [FOLDER / part])
        if path.is_file()
    }
    assert fresh == kept


def test_every_topic_has_a_schema_a_valid_and_an_invalid_example() -> None:
    assert {path.parts[-3] for path in VALID} == set(CATALOGUE) == {path.parts[-3] for path in INVALID}
    assert {path.name.removesuffix(".schema.json") for path in (FOLDER / "json").iterdir()} == set(CATALOGUE)


@pytest.mark.parametrize("path", VALID, ids=named)
def test_a_valid_example_verifies_and_fits_its_schema(path: Path) -> None:
    trust = Trust.verify((FOLDER / "examples/trust.json").read_bytes(), load_root(FOLDER / "examples/root.pub.json"))
    topic, value = path.parts[-3], path.read_bytes()
    message = Message(
        topic=topic,
        partition=0,
        offset=0,
        key=json.loads(value)["subject"].encode(),
        value=value,
        signature=path.with_suffix(".signature").read_bytes(),
    )
    verify(message, trust, now=NOW)
    schema(topic).validate(json.loads(value))


@pytest.mark.parametrize("path", INVALID, ids=named)
def test_an_invalid_example_is_refused_with_its_code(path: Path) -> None:
    topic = path.parts[-3]
    with pytest.raises(DecodeError) as refused:
        decode(path.read_bytes(), CATALOGUE[Topic(topic)])
    assert refused.value.code == path.stem
    if path.stem in UNDECODABLE_FOR_SCHEMAS:
        assert not schema(topic).is_valid(json.loads(path.read_bytes()))


def test_no_released_schema_has_changed() -> None:
    assert released.changed(FOLDER) == []


def test_a_released_schema_that_changes_or_goes_is_named(tmp_path: Path) -> None:
    for name in ("kept", "changed", "gone"):
        (tmp_path / name).write_text(name)
    digests = {name: sha256_hex(name.encode()) for name in ("kept", "changed", "gone")}
    (tmp_path / "released.lock").write_text("".join(f"{digest}  {name}\n" for name, digest in digests.items()))
    assert released.changed(tmp_path) == []
    (tmp_path / "changed").write_text("otherwise")
    (tmp_path / "gone").unlink()
    assert released.changed(tmp_path) == ["changed", "gone"]


OURS = FOLDER.parent / "services" / "classifier"
OWNERS = FOLDER.parent / "examples" / "classifier"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("classifier-own", OWNERS / "own.yaml"),
        ("classifier-cases", OWNERS / "tests" / "own.yaml"),
        ("classifier-taxonomy", OURS / "taxonomy.yaml"),
        ("classifier-catalogue", OURS / "catalogue.yaml"),
    ],
)
def test_a_file_of_an_owner_fits_its_schema_and_a_misspelt_one_does_not(name: str, path: Path) -> None:
    content = json.loads((FOLDER / "configuration" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(content)
    validator = Draft202012Validator(content)
    given = yaml.safe_load(path.read_text())
    assert list(validator.iter_errors(given)) == []
    spoiled = [{**given[0], "tpyes": []}] if isinstance(given, list) else {**given, "tpyes": []}
    assert list(validator.iter_errors(spoiled)) != []


@pytest.mark.parametrize(
    ("forms", "good"),
    [
        ({}, True),
        ({"‹CREDIT_CARD_1›": "ending 1111", "‹EMAIL_ADDRESS_12›": "at mail.example.org"}, True),
        ({"‹IBAN_CODE_1›": "of DE", "‹PHONE_NUMBER_1›": "of +49", "‹IP_ADDRESS_1›": "private v6"}, True),
        ({"‹CREDIT_CARD_1›": "ending 11111"}, False),
        ({"‹CREDIT_CARD_1›": "ending 1111 "}, False),
        ({"‹CREDIT_CARD_1›": "of DE"}, False),  # another type's
        ({"‹EMAIL_ADDRESS_1›": "at Jane Roe"}, False),
        ({"‹EMAIL_ADDRESS_1›": f"at {'x' * 60}.org"}, False),
        ({"‹IBAN_CODE_1›": ""}, False),
        ({"‹SECRET_1›": "ending 1111"}, False),  # a credential has no form
        ({"CREDIT_CARD_1": "ending 1111"}, False),
        ({"‹CREDIT_CARD_1› x": "ending 1111"}, False),
    ],
)
def test_a_form_is_of_its_type_for_the_class_and_for_the_schema(forms: dict[str, str], *, good: bool) -> None:
    value = json.loads((FOLDER / "examples/actions.classified.v1/valid/masked.json").read_bytes())
    value["data"]["forms"] = forms
    assert schema("actions.classified.v1").is_valid(value) is good
    spec = CATALOGUE[Topic.CLASSIFIED]
    if good:
        decode(canonical_bytes(value), spec)
    else:
        with pytest.raises(DecodeError):
            decode(canonical_bytes(value), spec)


def test_what_was_classified_before_there_were_forms_is_read() -> None:
    value = json.loads((FOLDER / "examples/actions.classified.v1/valid/masked.json").read_bytes())
    del value["data"]["forms"]
    assert schema("actions.classified.v1").is_valid(value)
    decode(canonical_bytes(value), CATALOGUE[Topic.CLASSIFIED])
