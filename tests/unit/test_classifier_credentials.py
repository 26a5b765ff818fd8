"""Secrets in text: each hit beside its near misses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.classifier.analysis import credentials, names
from services.classifier.analysis.credentials import stand_ins
from services.classifier.analysis.credentials.rule import Text
from tests.classifier_parts import bench, classify, passage, subject
from tests.credential_cases import jwt


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
        (f"aws_secret_access_key = {A36}/+Xy", "AWS_SECRET_KEY", f"{A36}/+Xy"),
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
        ("connectionString", "scott/tiger@orcl"),
        ("Passwort", "hafen"),
        ("mot_de_passe", "quai"),
        ("contraseña", "muelle"),
        ("clave_api_key", "x1"),
        ("max_password", "weak"),
        ("otp", "123456"),
        ("pass", "41234"),
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
        ("Token", "next-page-2"),
        ("ClientToken", "3f2b8c1e-9d4a-4c77-8a10-5be0c4d2f9a6"),
        ("ClientRequestToken", "abc"),
        ("idempotency_token", "abc"),
        ("existingSecret", "gateway-auth"),
        ("secretKey", "password"),
        ("secretKey", "api-token"),
        ("secrets", "db_password"),
        ("tlsSecret", "portal-tls"),
        ("secret", "vault:secret/data/portal#password"),
        ("secret", "secret/data/portal"),
        ("password", "@Microsoft.KeyVault(SecretUri=https://x.vault.azure.net/secrets/y/)"),
        ("token", "/run/secrets/token"),
        ("private_key", "~/.ssh/id_ed25519"),
        ("ssh_key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 bob"),
        ("api_key", "projects/1/secrets/x/versions/latest"),
        ("password", "ENC[AES256_GCM,data:abc,iv:def]"),
        ("connectionString", "Server=x;Database=y;Integrated Security=true"),
        ("dsn", "postgres://db.internal/x"),
        ("otp", "sms"),
        ("pad_token", "<pad>"),
        ("pass", "12"),
        ("credentials", "include"),
        ("key", "id"),
    ],
)
def test_a_name_that_only_mentions_a_secret_tells_nothing(name: str, text: str) -> None:
    assert found(text, name) == set()


@pytest.mark.parametrize(
    "value", ["password", "secret", "admin", "postgres", "123456", "letmein1", "xx", "yourself", "my"]
)
def test_a_weak_password_is_one(value: str) -> None:
    assert found(value, "password") == {("SECRET", value)}
    assert ("SECRET", value) in found(f"POSTGRES_PASSWORD={value}")


@pytest.mark.parametrize(
    "text",
    ["password=${DB_PASSWORD:-hunter2}", "db.password=${pw:hunter2}", "DB_PASSWORD: '${DB_PASSWORD:-hunter2}'"],
)
def test_the_default_in_a_reference_is_a_secret(text: str) -> None:
    assert "SECRET" in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "password=${DB_PASSWORD:-changeme}",
        "password=${DB_PASSWORD:-}",
        "password=${DB_PASSWORD:?not set}",
        "password=${DB_PASSWORD}",
    ],
)
def test_a_reference_without_one_is_none(text: str) -> None:
    assert kinds(text) <= {"EXAMPLE_CREDENTIAL"}


def test_an_address_under_a_telling_name_is_looked_into() -> None:
    address = "Server=x;User Id=sa;Password=Quartz-7;"
    assert found(address, "connectionString") == {("SECRET", "Quartz-7")}
    assert ("URL_CREDENTIALS", "bob:pw") in found("postgres://bob:pw@db/x", "dsn")


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
        ("Bearer ${TOKEN}", "authorization"),
        ("${{ secrets.DEPLOY_TOKEN }}", "token"),
        ("{{ .Values.password }}", "password"),
        ("$DB_PASSWORD", "password"),
        ("%DB_PASSWORD%", "password"),
        ("REPLACE_ME", "secret"),
        ("your-api-key-here", "api_key"),
        ("<your-password>", "password"),
        ("********", "password"),
        ("[REDACTED]", "token"),
        ("my-secret-token", "token"),
        ("INSERT_TOKEN_HERE", "token"),
        ("sk_" + "test_" + "x" * 24, ""),
        ("AK" + "IA" + "X" * 16, ""),
        ("gl" + "pat-" + "your-token-here-xxxx", ""),
        ("sk_" + "live_" + "1234567890" * 2, ""),
        ("sk_" + "live_" + "0" * 24, ""),
        ("postgres://user:password@localhost/db", ""),
        ("https://app:${PW}@db.internal/x", ""),
        ("curl -u user:$PASSWORD https://x", ""),
        (
            "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/" + "K1SZFPTOtr/KBHBeksoGMGw==",
            "",
        ),
    ],
)
def test_published_examples_and_stand_ins_are_known_as_such(text: str, name: str) -> None:
    assert kinds(text, name) == {"EXAMPLE_CREDENTIAL"}


@pytest.mark.parametrize("value", sorted(stand_ins.PUBLISHED))
def test_every_published_example_is_an_example(value: str) -> None:
    assert credentials.is_stand_in(value)
    assert not credentials.is_stand_in(f"{value}1")


def test_a_token_that_only_ends_as_an_example_is_none() -> None:
    assert kinds("gh" + "p_" + A36 + "EXAMPLE") == {"GITHUB_TOKEN"}
    assert "SECRET" in kinds(f"your-{A36}", "api_key")


@pytest.mark.parametrize(
    ("argv", "secret"),
    [
        (["mysqldump", "--password", "hunter2", "shop"], "hunter2"),
        (["x", "--api-key", "abc", "-v"], "abc"),
        (["x", "--password", "--host", "db"], None),
        (["x", "--max-tokens", "12"], None),
        (["x", "password", "hunter"], None),
    ],
)
def test_what_follows_a_flag_in_a_list_is_named_by_it(argv: list[str], secret: str | None) -> None:
    result = classify(arguments={"argv": argv})
    masked = [before for before, after in zip(argv, result.arguments["argv"], strict=True) if before != after]
    assert masked == ([secret] if secret else [])


@pytest.mark.parametrize(
    "resource",
    [
        "vault://secret/data/portal", "aws://secretsmanager/db-password", "k8s://prod/secrets", "postgres://warehouse/orders",
        "https://api.example.com/v2/tokens", "github://halberd/secret-rotation", "kafka://auth.token.issued",
    ],
)  # fmt: skip
def test_a_resource_that_names_a_secret_holds_none(resource: str) -> None:
    assert classify(resource=resource, session="3f2b8c1e-9d4a-4c77-8a10-5be0c4d2f9a6").findings == ()


@pytest.mark.parametrize(
    "resource",
    ["https://bob:pw@x.example.com/", "https://x.example.com/?token=abc123", "s3://bucket/" + "gh" + "p_" + A36],
)
def test_a_resource_that_holds_a_secret_is_refused(resource: str) -> None:
    assert type(bench().classify(subject(resource=resource))).__name__ == "Unmaskable"


def test_a_real_secret_is_not_excused_by_an_example_beside_it() -> None:
    assert "SECRET" in kinds("realsecretAKIAIOSFODNN7EXAMPLE", "password")
    assert "AWS_ACCESS_KEY" in kinds("AKIAIOSFODNN7EXAMPLE AKIAQYLPMN5HFIQR7XYA")


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_text_gives_spans_inside_it(text: str, name: str) -> None:
    for span in credentials.find(passage(text, name)):
        assert 0 <= span.start <= span.end <= len(text)


@given(st.text(max_size=100))
def test_lower_case_keeps_every_character_at_its_place(text: str) -> None:
    assert len(Text.of(text).folded) == len(text)
    assert Text.of("İ PASSWORD").folded == "İ password"


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
