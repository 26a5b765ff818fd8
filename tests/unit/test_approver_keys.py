"""Where settle gets the identity provider's keys from, how often it asks, and what it is told to believe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from services.approver.adapters.keys import PublishedKeys
from services.approver.passkeys import Passkeys
from services.approver.settings import SettleSettings
from services.approver.wiring import passkeys as wired
from services.chassis.errors import InsecureSettingError, SettingsError, TransientError
from services.chassis.settings import InsecureStandInWarning
from tests.step_ups import ACCEPTED, CLIENT, ISSUER, KEY, OTHER_KEY
from tests.unit.test_approver_step_up import code, proven, token


class Provider:
    """What answers at the issuer's address."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys"}
        self.keys: Any = {"keys": [KEY.as_dict(private=False)]}
        self.status = 200
        self.asked: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        return httpx.Response(self.status, json=self.keys if request.url.path.endswith("keys") else self.metadata)

    def published(self, *, insecure: bool = False, jwks_url: str | None = None) -> PublishedKeys:
        http = httpx.Client(transport=httpx.MockTransport(self.answer))
        return PublishedKeys(ISSUER, jwks_url=jwks_url, insecure=insecure, http=http)


def test_keys_are_fetched_from_where_the_issuer_says_and_not_at_everybodys_wish() -> None:
    provider = Provider()
    held = provider.published()
    for _ in range(3):
        assert code(proven(token(), Passkeys(ACCEPTED, held))) is None
        assert code(proven(token(key=OTHER_KEY, kid="k2"), Passkeys(ACCEPTED, held))) == "step_up_unsigned"
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]
    provider.keys = {"keys": [OTHER_KEY.as_dict(private=False)]}
    held._fetched_at -= 59
    assert code(proven(token(key=OTHER_KEY, kid="k2"), Passkeys(ACCEPTED, held))) == "step_up_unsigned"
    held._fetched_at -= 2
    assert code(proven(token(key=OTHER_KEY, kid="k2"), Passkeys(ACCEPTED, held))) is None
    held._fetched_at -= 601
    assert code(proven(token(), Passkeys(ACCEPTED, held))) == "step_up_unsigned", "a key that is gone signs no more"


def test_a_provider_that_is_away_is_left_alone_for_a_while_and_old_keys_do_not_stand_in() -> None:
    provider = Provider()
    held = provider.published()
    assert held.current()
    held._fetched_at -= 601
    provider.status = 503
    for _ in range(3):
        assert code(proven(token(), Passkeys(ACCEPTED, held))) == "step_up_unchecked"
    assert provider.asked == ["/.well-known/openid-configuration", "/keys", "/.well-known/openid-configuration"]
    provider.status = 200
    held._failed_at -= 5
    assert code(proven(token(), Passkeys(ACCEPTED, held))) is None


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        pytest.param({"issuer": "https://evil.example"}, None, id="another issuer"),
        pytest.param({"jwks_uri": "http://id.example/keys"}, None, id="keys without TLS"),
        pytest.param({"jwks_uri": "file:///etc/keys"}, None, id="keys from a file"),
        pytest.param({"jwks_uri": None}, None, id="no keys"),
        pytest.param({}, {"keys": []}, id="an empty set"),
        pytest.param({}, {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k1"}]}, id="a shared secret only"),
        pytest.param({}, {"keys": "none"}, id="no set"),
        pytest.param({}, ["keys"], id="no document"),
    ],
)
def test_a_provider_must_be_the_one_that_was_named(changes: dict[str, Any], keys: Any) -> None:
    provider = Provider()
    provider.metadata |= changes
    provider.keys = keys or provider.keys
    with pytest.raises(TransientError):
        provider.published().current()


def test_the_keys_may_be_reached_by_another_address() -> None:
    provider = Provider()
    assert provider.published(jwks_url="https://inside.example/jwks/keys").current()
    assert provider.asked == ["/jwks/keys"]


# Settings -------------------------------------------------------------------------------------------------------------


def settings(folder: Path, **given: Any) -> SettleSettings:
    (folder / "kafka.json").write_text('{"bootstrap": "127.0.0.1:1"}')
    files = {name: folder / name for name in ("trust_file", "trust_root_file", "signing_key_file", "directory_file")}
    kafka = {"bootstrap": "127.0.0.1:1", "security_protocol": "PLAINTEXT"}
    return SettleSettings.load(**files, database_dsn_file=folder / "dsn", kafka=kafka, **given)


def test_settings_name_the_provider_whole_or_not_at_all(tmp_path: Path) -> None:
    none = settings(tmp_path)
    none.check()
    assert wired(none) == Passkeys()
    for half in ({"oidc_issuer": ISSUER}, {"oidc_client_id": CLIENT}):
        with pytest.raises(SettingsError, match="go together"):
            settings(tmp_path, **half).check()
    whole = settings(tmp_path, oidc_issuer=f"{ISSUER}/", oidc_client_id=CLIENT)
    whole.check()
    assert whole.accepted == ACCEPTED
    assert wired(whole).keys is not None
    named = settings(tmp_path, oidc_issuer=ISSUER, oidc_client_id=CLIENT, oidc_step_up_acr_values="gold")
    assert named.accepted is not None
    assert named.accepted.acr == {"gold"}
    with pytest.raises(SettingsError, match="PLACET_OIDC_STEP_UP_ACR_VALUES"):
        settings(tmp_path, oidc_step_up_acr_values=" ")


@pytest.mark.parametrize(
    "plain",
    [
        {"oidc_issuer": "http://id.example", "oidc_client_id": CLIENT},
        {"oidc_issuer": ISSUER, "oidc_client_id": CLIENT, "oidc_jwks_url": "http://id.example/keys"},
    ],
)
def test_a_provider_without_tls_is_for_development_only(tmp_path: Path, plain: dict[str, str]) -> None:
    with pytest.raises(InsecureSettingError):
        settings(tmp_path, env="production", **plain).check()
    with pytest.warns(InsecureStandInWarning):
        settings(tmp_path, env="dev", **plain).check()
