"""Cookies: what is believed of them, and what is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from itsdangerous import URLSafeSerializer

from services.approver.desk.identity import our_page
from services.approver.desk.sessions import SIGN_IN_SECONDS, Session, Sessions, SignIn, load_secrets
from services.approver.desk.settings import DeskSettings
from services.chassis.errors import InsecureSettingError, SettingsError
from services.chassis.settings import InsecureStandInWarning

OLD, NEW = "o" * 40, "n" * 40
SESSION = Session("an-id", "alice", signed_in_at=1_000, seen_at=1_000)
SIGN_IN = SignIn("state", "nonce", "verifier", "/", started_at=1_000)


def sessions(*secrets: str) -> Sessions:
    return Sessions(secrets or (NEW,), idle_seconds=600, seconds=3_600)


def test_a_cookie_reads_back_and_is_ours_alone() -> None:
    cookie = sessions().write(SESSION)
    assert sessions().read(cookie, 1_100) == SESSION
    assert sessions(OLD).read(cookie, 1_100) is None
    assert sessions().read(cookie[:-2], 1_100) is None
    assert sessions().read(None, 1_100) is None
    other = URLSafeSerializer(NEW, salt="another").dumps({"id": "x", "person": "alice"})
    assert sessions().read(str(other), 1_100) is None


def test_a_sign_in_cookie_is_no_session() -> None:
    assert sessions().read(sessions().write_sign_in(SIGN_IN), 1_000) is None
    assert sessions().read_sign_in(sessions().write(SESSION), 1_000) is None


@pytest.mark.parametrize(
    ("session", "now", "good"),
    [
        (SESSION, 1_600, True),
        (SESSION, 1_601, False),
        (replace(SESSION, seen_at=4_500), 4_600, True),
        (replace(SESSION, seen_at=4_600), 4_601, False),
        (replace(SESSION, seen_at=2_000), 1_000, False),
        (replace(SESSION, signed_in_at=1_001), 1_100, False),
    ],
)
def test_a_session_ends_idle_old_or_impossible(session: Session, now: int, good: bool) -> None:
    assert (sessions().read(sessions().write(session), now) is not None) == good


def test_a_copy_of_a_cookie_dies_with_the_sign_out() -> None:
    ours = sessions()
    cookie = ours.write(SESSION)
    ours.end(SESSION.id, 1_100)
    assert ours.read(cookie, 1_100) is None


def test_secrets_can_be_replaced() -> None:
    cookie, token = sessions(OLD).write(SESSION), sessions(OLD).csrf(SESSION)
    both = sessions(NEW, OLD)
    assert both.read(cookie, 1_100) == SESSION
    assert both.csrf_holds(SESSION, token)
    assert sessions(NEW).read(both.write(SESSION), 1_100) == SESSION
    assert not sessions(NEW).csrf_holds(SESSION, token)


def test_a_csrf_token_is_one_sessions_own() -> None:
    ours = sessions()
    assert ours.csrf_holds(SESSION, ours.csrf(SESSION))
    for token in (None, "", "ü", ours.csrf(replace(SESSION, id="another"))):
        assert not ours.csrf_holds(SESSION, token)


def test_a_sign_in_ends() -> None:
    cookie = sessions().write_sign_in(SIGN_IN)
    assert sessions().read_sign_in(cookie, 1_000 + SIGN_IN_SECONDS) == SIGN_IN
    assert sessions().read_sign_in(cookie, 1_001 + SIGN_IN_SECONDS) is None


@pytest.mark.parametrize("content", ["", "short", NEW + "\nshort"])
def test_a_weak_secret_starts_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_text(content)
    with pytest.raises(SettingsError, match="PLACET_SESSION_SECRET_FILE"):
        load_secrets(tmp_path / "secret")


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/", "/"),
        ("/history", "/history"),
        ("/reviews/01a207fe-aad4-7326-907a-366e97dd3dcd", "/reviews/01a207fe-aad4-7326-907a-366e97dd3dcd"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/reviews/../sign-out", "/"),
        ("/history\n", "/"),
        ("/history?x=//evil.example", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_sign_in_leads_to_our_own_pages_only(path: str, leads_to: str) -> None:
    assert our_page(path) == leads_to


def settings(tmp_path: Path, **changes: Any) -> DeskSettings:
    given: dict[str, Any] = {
        "env": "production",
        "http_port": 0,
        "public_url": "https://placet.example",
        "database_dsn_file": tmp_path / "dsn",
        "directory_file": tmp_path / "people",
        "session_secret_file": tmp_path / "secret",
        "oidc_issuer": "https://id.example/realm/",
        "oidc_client_id": "placet",
        "oidc_client_secret_file": tmp_path / "client",
    }
    return DeskSettings.load(**{**given, **changes})


def test_plain_http_is_for_development(tmp_path: Path) -> None:
    settings(tmp_path).check()
    for changes in ({"public_url": "http://placet.example"}, {"oidc_issuer": "http://id.example"}):
        with pytest.raises(InsecureSettingError, match="without TLS"):
            settings(tmp_path, **changes).check()
        with pytest.warns(InsecureStandInWarning):
            settings(tmp_path, env="dev", **changes).check()


def test_settings_show_no_secret_and_settle_addresses(tmp_path: Path) -> None:
    (tmp_path / "client").write_text("the client's secret\n")
    made = settings(tmp_path)
    assert made.client_secret() == "the client's secret"
    assert "the client's secret" not in repr(made)
    assert (made.oidc_issuer, made.origin) == ("https://id.example/realm", "https://placet.example")
    with pytest.raises(SettingsError, match="PLACET_PUBLIC_URL"):
        settings(tmp_path, public_url="https://placet.example/desk").check()
    with pytest.raises(SettingsError, match="PLACET_OIDC_ISSUER"):
        settings(tmp_path, oidc_issuer="https://user@id.example")
    with pytest.raises(SettingsError, match="PLACET_OIDC_CLIENT_SECRET_FILE"):
        settings(tmp_path, oidc_client_secret_file=tmp_path / "none").client_secret()
