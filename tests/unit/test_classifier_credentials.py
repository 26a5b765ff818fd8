"""Secrets in text: each hit beside its near misses."""

from __future__ import annotations

import base64
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classifier.analysis import credentials, names
from tests.classifier_parts import passage


def jwt(header: object) -> str:
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


def found(text: str, name: str = "", *, number: bool = False) -> set[tuple[str, str]]:
    return {
        (span.entity_type, text[span.start : span.end]) for span in credentials.find(passage(text, name, number=number))
    }


def kinds(text: str, name: str = "") -> set[str]:
    return {kind for kind, _ in found(text, name)}


A36 = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("key AKIAQYLPMN5HFIQR7XYA here", "AWS_ACCESS_KEY", "AKIAQYLPMN5HFIQR7XYA"),
        (f"aws_secret_access_key = {'wJ+/' * 9}abc1", "AWS_SECRET_KEY", "wJ+/" * 9 + "abc1"),
        (f"ghp_{A36}", "GITHUB_TOKEN", f"ghp_{A36}"),
        (f"use github_pat_{A36}_x now", "GITHUB_TOKEN", f"github_pat_{A36}_x"),
        ("glpat-abcDEF123456_7890xyz", "GITLAB_TOKEN", "glpat-abcDEF123456_7890xyz"),
        ("xoxb-123456789012-abcdefGHIJ", "SLACK_TOKEN", "xoxb-123456789012-abcdefGHIJ"),
        ("https://hooks.slack.com/services/T0/B0/abcdef", "SLACK_TOKEN", "https://hooks.slack.com/services/T0/B0/abcdef"),
        (f"sk_live_{A36}", "STRIPE_KEY", f"sk_live_{A36}"),
        (f"npm_{A36}", "NPM_TOKEN", f"npm_{A36}"),
        (f"pypi-AgEIcHlwaS5vcmc{A36}", "PYPI_TOKEN", f"pypi-AgEIcHlwaS5vcmc{A36}"),
        (f"sk-proj-{A36}", "MODEL_PROVIDER_KEY", f"sk-proj-{A36}"),
        (f"sk-ant-{A36}", "MODEL_PROVIDER_KEY", f"sk-ant-{A36}"),
        ("AIza" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R"[:35], "GOOGLE_KEY", None),
        (PEM, "PRIVATE_KEY", PEM),
        ("x -----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk", "PRIVATE_KEY", None),
        (jwt({"alg": "HS256"}), "JWT", jwt({"alg": "HS256"})),
        ("postgres://bob:s3cret@db.internal/x", "URL_CREDENTIALS", "bob:s3cret"),
        ("redis://:s3cret@cache:6379", "URL_CREDENTIALS", ":s3cret"),
        ("AccountKey=" + "a1B2" * 20 + "==;x", "AZURE_KEY", "a1B2" * 20 + "=="),
        ("password=hunter2", "SECRET", "hunter2"),
        ("DB_PASSWORD='hunter 2'", "SECRET", "hunter 2"),
        ('{"api_key": "abc123"}', "SECRET", "abc123"),
        ("client-secret => abc123", "SECRET", "abc123"),
        ("Server=x;User Id=sa;Password=foo!1;", "SECRET", "foo!1"),
        ("Authorization: Basic dXNlcjpwYXNz", "SECRET", "Basic dXNlcjpwYXNz"),
        ("curl -H 'X-Api-Key: abcd1234'", "SECRET", "abcd1234"),
        ("curl -u bob:pw http://x", "SECRET", "bob:pw"),
        ("mysqldump --password hunter2 db", "SECRET", "hunter2"),
        ("ALTER USER bob WITH PASSWORD 'it''s'", "SECRET", "it''s"),
        ("the password is hunter2.", "SECRET", "hunter2"),
    ],
)  # fmt: skip
def test_a_secret_is_found(text: str, kind: str, value: str | None) -> None:
    hits = found(text)
    assert kind in {hit for hit, _ in hits}
    assert value is None or (kind, value) in hits


@pytest.mark.parametrize(
    "text",
    [
        "AKIA is a prefix",
        "AKIAQYLPMN5HFIQR7XY",  # one character short
        "xAKIAQYLPMN5HFIQR7XYA",  # inside a longer word
        "ghp_tooshort",
        "sk-learn is a library",
        "task-sk-abc",
        "pypi-simple-index-mirror",  # no digit: a name
        "npm_config_registry",
        "eyJ0aGlzaXNub3Q.abcdefgh.ijkl",  # does not decode to a header
        jwt(["alg"]),
        jwt({"typ": "JWT"}),
        "-----BEGIN PUBLIC KEY-----\nMIIB",
        "https://example.com:8080/x@y",
        "password: required",
        "password: see the vault",
        "the password is required",
        "token_count=5",
        "max_tokens: 1000",
        "next_page_token=abc123def",
        "password_policy: strict",
        "secret_name=foo",
        "WHERE token = $1",
        "api_key=None",
        "secret = os.environ['X']",
        "Reset the password for Bob",
        "monkey: banana",
        "passenger: Bob",
        "tokenizer=foo",
    ],
)
def test_a_near_miss_is_not(text: str) -> None:
    assert found(text) == set()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("password", "hunter2"),
        ("DB_PASSWORD", "a b c"),
        ("clientSecret", "x"),
        ("x-api-key", "abc"),
        ("access_token_2", "abc"),
        ("Authorization", "Bearer x"),
        ("connectionString", "Server=x"),
    ],
)
def test_a_telling_name_makes_any_value_a_secret(name: str, text: str) -> None:
    assert ("SECRET", text) in found(text, name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tokenCount", "12"),
        ("page_token", "abc"),
        ("secret_name", "prod/db"),
        ("password", "null"),
        ("password", "$1"),
        ("secret", "arn:aws:secretsmanager:us-east-1:1:secret:x"),
        ("key", "customers/2024/part-1.parquet"),
        ("key", "id"),
    ],
)
def test_a_name_that_only_mentions_a_secret_tells_nothing(name: str, text: str) -> None:
    assert found(text, name) == set()


def test_a_number_under_a_telling_name_is_a_secret() -> None:
    assert found("123456", "password", number=True) == {("SECRET", "123456")}
    assert found("123456", "amount", number=True) == set()


def test_a_random_value_under_a_name_that_could_hold_one() -> None:
    assert kinds("9f86d081884c7d659a2feaa0c55ad015", "key") == {"SECRET"}
    assert kinds("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1", "key") == set()
    assert kinds("9f86d081884c7d659a2feaa0c55ad015", "checksum") == set()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AKIAIOSFODNN7EXAMPLE", ""),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "secret_key"),
        ("password=changeme", ""),
        ("changeme", "password"),
        ("${DB_PASSWORD}", "password"),
        ("<token>", "token"),
        ("{{ secret }}", "secret"),
        ("xxxxxxxx", "api_key"),
        ("Bearer <token>", "authorization"),
    ],
)
def test_published_examples_and_stand_ins_are_known_as_such(text: str, name: str) -> None:
    assert kinds(text, name) == {"EXAMPLE_CREDENTIAL"}


def test_a_real_secret_is_not_excused_by_an_example_beside_it() -> None:
    assert "SECRET" in kinds("realsecretAKIAIOSFODNN7EXAMPLE", "password")
    assert "AWS_ACCESS_KEY" in kinds("AKIAIOSFODNN7EXAMPLE AKIAQYLPMN5HFIQR7XYA")


@pytest.mark.parametrize("shape", ["{}=a1-a1-a1 ", "{}", "{}: ", "{}'", "{}://a:", "-----BEGIN {}-----"])
@pytest.mark.parametrize("rule", credentials.RULES, ids=lambda rule: rule.name)
def test_every_rule_takes_linear_time_on_near_matches(rule: credentials.Rule, shape: str) -> None:
    near = shape.format(rule.marks[0].upper() if "BEGIN" in shape else rule.marks[0])

    def seconds(size: int) -> float:
        text = (near * size)[:size]
        started = time.process_time()
        for _ in rule.pattern.finditer(text):
            pass
        return time.process_time() - started

    assert seconds(80_000) < max(0.2, 12 * seconds(20_000))


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_text_gives_spans_inside_it(text: str, name: str) -> None:
    for span in credentials.find(passage(text, name)):
        assert 0 <= span.start <= span.end <= len(text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("clientSecret", ("client", "secret")),
        ("CLIENT_SECRET", ("client", "secret")),
        ("client-secret", ("client", "secret")),
        ("HTTPProxy2", ("http", "proxy", "2")),
        ("größe", ("größe",)),
        ("x" * 300, ()),
    ],
)
def test_names_are_compared_as_words(name: str, expected: tuple[str, ...]) -> None:
    assert "".join(names.words(name)) == "".join(expected)
    if name.isascii():
        assert names.words(name) == expected
