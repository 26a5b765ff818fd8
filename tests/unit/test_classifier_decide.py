"""Labels, sensitivity, facts and destinations of whole actions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.events import Sensitivity, StatementKind
from placet.fingerprint_keys import FingerprintKeys
from placet.keys import Signer
from services.classifier.adapters import files
from services.classifier.analysis import destinations
from services.classifier.errors import ConfigurationError
from tests.classifier_parts import HERE, KEYS, Marks, bench, classify, configuration, passage

CATALOGUE = configuration().catalogue
TAXONOMY = configuration().taxonomy
CUSTOMERS = "postgres://warehouse/customers"


@pytest.mark.parametrize(
    ("changes", "labels", "sensitivity"),
    [
        ({"arguments": {"a": "nothing"}}, (), "internal"),
        ({"arguments": {"a": 1}, "resource": CUSTOMERS}, ("pii",), "confidential"),
        ({"arguments": {"a": 1}, "resource": "postgres://warehouse/patients/2024"}, ("health", "pii"), "restricted"),
        ({"arguments": {"sql": "SELECT email FROM public.customers WHERE id = 1"}}, ("pii",), "confidential"),
        ({"arguments": {"sql": "SELECT a FROM customers_archive WHERE id = 1"}}, (), "internal"),
        ({"arguments": {"sql": "SELECT count(*) FROM customers"}, "resource": CUSTOMERS}, (), "internal"),
        ({"arguments": {"sql": "SELECT count(*), min(email) FROM customers"}}, ("pii",), "confidential"),
        ({"arguments": {"sql": "SELECT a FROM payments LIMIT 1"}}, ("financial", "pii"), "restricted"),
        ({"preview": [{"fullName": "Jane Roe", "ssn": "536221234"}]}, ("pii",), "restricted"),
        ({"arguments": {"password": "hunter2"}}, ("credential",), "restricted"),
        ({"arguments": {"password": "changeme"}}, ("example",), "internal"),
        ({"arguments": {"sql": "UPDATE t SET full_name = 'Jane' WHERE id = 1"}}, ("pii",), "confidential"),
    ],
)  # fmt: skip
def test_labels_and_sensitivity(changes: dict[str, Any], labels: tuple[str, ...], sensitivity: str) -> None:
    result = classify(**changes)
    assert result.labels == labels
    assert result.sensitivity is Sensitivity(sensitivity)


def test_a_column_tells_what_its_literal_is() -> None:
    result = classify(
        arguments={
            "sql": "SELECT a FROM t WHERE full_name = 'Jane O''Hara' AND password = 'hunter2' AND country = 'DE'"
        }
    )
    assert result.arguments == {
        "sql": "SELECT a FROM t WHERE full_name = '‹PERSON_1›' AND password = '‹SECRET_1›' AND country = 'DE'"
    }


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        ({"full_name": "Jane Roe"}, {"full_name": "‹PERSON_1›"}),
        ({"customerFullName": "Jane Roe"}, {"customerFullName": "‹PERSON_1›"}),
        ({"full_name": "asc"}, {"full_name": "asc"}),
        ({"full_name": "AKIAQYLPMN5HFIQR7XYA"}, {"full_name": "‹AWS_ACCESS_KEY_1›"}),
        ({"full_name": "$1"}, {"full_name": "$1"}),
        ({"full_name": 5}, {"full_name": 5}),
        ({"ssn": 536221234}, {"ssn": "‹US_SSN_1›"}),
        ({"ssn": "last"}, {"ssn": "last"}),
        ({"address": "12 Main"}, {"address": "‹STREET_ADDRESS_1›"}),
        ({"address": "10.0.0.1"}, {"address": "10.0.0.1"}),
        ({"first_name": ["Jane", "Bob"]}, {"first_name": ["‹PERSON_1›", "‹PERSON_2›"]}),
        ({"columns": ["full_name", "ssn"]}, {"columns": ["full_name", "ssn"]}),
        ({"env": [{"name": "DB_PASSWORD", "value": "x1"}]}, {"env": [{"name": "DB_PASSWORD", "value": "‹SECRET_1›"}]}),
        ({"env": [{"name": "HOME", "value": "/x"}]}, {"env": [{"name": "HOME", "value": "/x"}]}),
        ({"password": {"value": "x1"}}, {"password": {"value": "‹SECRET_1›"}}),
        ({"secret": ["x1", "x2"]}, {"secret": ["‹SECRET_1›", "‹SECRET_2›"]}),
        ({"salary": 90000}, {"salary": "‹INCOME_1›"}),
        ({"cvv": 123}, {"cvv": "‹CARD_SECURITY_CODE_1›"}),
    ],
)  # fmt: skip
def test_names_of_fields_tell_what_is_under_them(arguments: dict[str, Any], masked: dict[str, Any]) -> None:
    assert classify(arguments=arguments).arguments == masked


def test_facts_of_sql_in_nested_lists_and_several_arguments() -> None:
    facts = classify(arguments={"statements": ["SELECT a FROM t LIMIT 1", "/* */ drop table u"], "n": 1}).facts
    assert facts.statement_kinds == (StatementKind.SELECT, StatementKind.DROP)
    assert facts.statement_count == 2
    assert facts.tables == ("t", "u")


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        ("psql -h db -c 'DROP TABLE customers'", (StatementKind.DROP,)),
        ('psql -c "DELETE FROM t WHERE id = 1" && echo done', (StatementKind.DELETE,)),
        ("mysql -e 'select 1", (StatementKind.SELECT,)),  # a quote left open
        ("psql -f report.sql", ()),
        ("echo 'DROP TABLE customers'", ()),  # no client: nothing runs it
    ],
)
def test_sql_inside_a_shell_command(command: str, kinds: tuple[StatementKind, ...]) -> None:
    assert classify(arguments={"command": command}, resource="ssh://host").facts.statement_kinds == kinds


def test_sql_in_purpose_and_preview_is_talk_and_data() -> None:
    facts = classify(purpose="DROP TABLE x", preview=["DROP TABLE y"]).facts
    assert facts.statement_count == 0


@pytest.mark.parametrize(
    ("preview", "records"),
    [(None, 0), ([], 0), ([1, 2, 3], 3), ({"rows": [1, 2], "n": 5}, 2), ({"a": 1}, 1), ("text", 1), ({"items": []}, 0)],
)
def test_preview_records(preview: Any, records: int) -> None:
    assert classify(preview=preview).facts.preview_records == records


def test_counts_and_sizes() -> None:
    facts = classify(arguments={"a": ["x", {"b": "y"}], "c": 1}, purpose="not counted").facts
    assert facts.string_count == 2
    assert facts.argument_bytes == len('{"a":["x",{"b":"y"}],"c":1}')


def test_a_detected_value_in_a_name_of_a_fact_is_not_shown() -> None:
    facts = classify(
        bench(Marks()),
        arguments={
            "sql": 'SELECT a FROM "Jane Roe" LIMIT 1',
            "password": "hunter22",
            "url": "https://hunter22.example/x",
        },
    ).facts
    assert "Jane" not in str(facts)
    assert "hunter22" not in str(facts)
    assert facts.external_destination is True


@pytest.mark.parametrize(
    ("text", "name", "hosts", "domains", "external"),
    [
        ("https://u:p@Host.Example.com:8443/x?y=z", "", ["host.example.com"], ["example.com"], True),
        ("send to https://api.partner.com, then", "", ["api.partner.com"], ["partner.com"], True),
        ("s3://Partner-Bucket/x", "", ["s3://partner-bucket"], [], True),
        ("s3://placet-internal-x/y", "", ["s3://placet-internal-x"], [], False),
        ("gs://bucket", "", ["gs://bucket"], [], True),
        ("my-bucket", "bucket", ["s3://my-bucket"], [], True),
        ("jane@acme.co.uk", "to", [], ["acme.co.uk"], True),
        ("jane@mail.corp.example", "to", [], ["mail.corp.example"], False),
        ("scp f bob@evil.com:/tmp", "", ["evil.com"], ["evil.com"], True),
        ("http://db/x", "", ["db"], [], False),
        ("http://10.0.0.1/", "", ["10.0.0.1"], [], False),
        ("http://0x7f000001/", "", ["0x7f000001"], [], False),
        ("http://134744072/", "", ["134744072"], [], True),  # 8.8.8.8
        ("http://[::1]:80/", "", ["::1"], [], False),
        ("http://[2001:4860::1]/", "", ["2001:4860::1"], [], True),
        ("http://xn--80ak6aa92e/x", "", ["xn--80ak6aa92e"], [], False),
        ("http://аррӏе/x", "", ["аррӏе"], [], True),
        ("http://a.svc.cluster.local.evil.com/", "", ["a.svc.cluster.local.evil.com"], ["evil.com"], True),
        ("evil.com", "host", ["evil.com"], ["evil.com"], True),
        ("evil.com:443", "endpoint", ["evil.com"], ["evil.com"], True),
        ("x.internal", "host", ["x.internal"], ["x.internal"], False),
        ("data.csv", "target", [], [], False),
        ("evil.com", "note", [], [], False),
        ("file:///etc/x", "", [], [], False),
        ("nothing", "", [], [], False),
    ],
)
def test_destinations(text: str, name: str, hosts: list[str], domains: list[str], *, external: bool) -> None:
    place = destinations.Place(text, passage(text, name).hints)
    found = destinations.find([place], CATALOGUE.is_internal)
    assert (list(found.hosts), list(found.domains), found.external) == (hosts, domains, external)


def test_addresses_in_sql_and_previews_are_data() -> None:
    facts = classify(arguments={"sql": "SELECT a FROM t WHERE email = 'a@evil.com'"}, preview=["b@evil.com"]).facts
    assert not facts.external_destination
    assert facts.destination_domains == ()


def test_more_destinations_than_are_named_are_external() -> None:
    places = [destinations.Place(f"http://h{number}.internal/", ()) for number in range(65)]
    found = destinations.find(places, CATALOGUE.is_internal)
    assert len(found.hosts) == 64
    assert found.external


@given(st.text(max_size=200))
def test_any_text_has_destinations(text: str) -> None:
    for name in ((), ("host",), ("bucket",)):
        destinations.find([destinations.Place(text, name)], CATALOGUE.is_internal)


def edited(path: Path, change: Callable[[str], str], folder: Path) -> Path:
    target = folder / path.name
    target.write_text(change(path.read_text()))
    return target


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("taxonomy.yaml", lambda text: text + "more: 1\n", "taxonomy.yaml line [0-9]+ at more: "),
        ("taxonomy.yaml", lambda text: text.replace("default: internal", "default: secret"), "at default"),
        ("taxonomy.yaml", lambda text: text.replace("labels: [pii], sens", "labels: [P I], sens", 1), "EMAIL_ADDRESS"),
        ("taxonomy.yaml", lambda text: text.replace("needs: letter\n", "needs: luck\n", 1), "fields.PERSON.needs"),
        ("taxonomy.yaml", lambda text: text.replace("  JWT:", "  SECRET:", 1), "line"),  # a key twice
        ("taxonomy.yaml", lambda _: "[unclosed", "line"),
        ("taxonomy.yaml", lambda _: "", "taxonomy.yaml"),
        ("catalogue.yaml", lambda text: text.replace("\ntables:", "\ntabels:", 1), "catalogue.yaml line "),
        (
            "catalogue.yaml",
            lambda text: text.replace("\ninternal:", "\ninternal: !!python/name:os.system\n#", 1),
            "line",
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_place(
    file: str, change: Callable[[str], str], says: str, tmp_path: Path
) -> None:
    paths = {name: HERE / name for name in ("taxonomy.yaml", "catalogue.yaml")}
    paths[file] = edited(HERE / file, change, tmp_path)
    with pytest.raises(ConfigurationError, match=says):
        files.load(paths["taxonomy.yaml"], paths["catalogue.yaml"], KEYS)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        files.load(tmp_path / "none.yaml", HERE / "catalogue.yaml", KEYS)


def test_the_configuration_digest_names_every_file(tmp_path: Path) -> None:
    changed = edited(HERE / "catalogue.yaml", lambda text: text + "\n# a comment\n", tmp_path)
    assert files.load(HERE / "taxonomy.yaml", changed, KEYS).digest != configuration().digest
    assert (
        files.load(HERE / "taxonomy.yaml", HERE / "catalogue.yaml", FingerprintKeys.single(b"j" * 32)).digest
        == configuration().digest
    )


def test_the_keys_come_from_their_file_or_from_the_signing_key(tmp_path: Path) -> None:
    signer, path = Signer.generate("/services/classifier"), tmp_path / "key"
    other = Signer.generate("/x")
    assert files.read_keys(None, signer) == files.read_keys(None, signer) != files.read_keys(None, other)
    read: list[Path] = []
    path.write_text("a" * 31)
    with pytest.raises(ConfigurationError, match="line 1 is no key of 32 characters") as refused:
        files.read_keys(path, signer, read=read)
    assert read == [path], "also what was refused is looked at again"
    assert "aaaa" not in str(refused.value)
    path.write_text("b" * 64)
    assert files.read_keys(path, signer) == FingerprintKeys.read(b"b" * 64)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        files.read_keys(tmp_path / "none", signer)


def test_every_type_of_a_tagged_field_has_a_meaning() -> None:
    assert set(TAXONOMY.fields) <= set(TAXONOMY.types)
    assert "SECRET" in TAXONOMY.credentials
    assert "EXAMPLE_CREDENTIAL" not in TAXONOMY.credentials


def test_globs_match_whole_names_in_any_case() -> None:
    assert CATALOGUE.of_tables(["Public.CUSTOMERS"])
    assert not CATALOGUE.of_tables(["customers_archive"])
    assert not CATALOGUE.is_internal("internal.evil.com")
