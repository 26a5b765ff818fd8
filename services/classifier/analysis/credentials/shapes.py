"""Tokens and addresses of issuers that no prefix tells: their parts do, or the words beside them.

Rules: as for the others (`rule.py`). Where a shape alone could be something else, a part of it must decode, or hold
what chance makes.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Final

from services.classifier.analysis.credentials.randomness import entropy, is_mixed
from services.classifier.analysis.credentials.rule import EDGE, RUN_EDGE, SECRET, Rule

_SERVICE: Final = "SERVICE_TOKEN"
_END: Final = r"(?![A-Za-z0-9])"
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_SECRET_BITS: Final = 4.2
"""Forty base64 characters by chance have 4.9 bits each, hexadecimal digits at most 4."""


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (ValueError, binascii.Error):
        return b""


def is_jwt(token: str) -> bool:
    """A JWS or JWE in compact form (RFC 7515, 7516): the first part decodes to a JSON object with an `alg`."""
    try:
        header = json.loads(_decoded(token.split(".", 1)[0]))
    except (ValueError, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


def is_discord(token: str) -> bool:
    """The first part of a bot's token is its id in base64."""
    number = _decoded(token.split(".", 1)[0])
    return 17 <= len(number) <= 20 and number.isdigit()  # noqa: PLR2004 - a snowflake


def is_aws_secret(value: str) -> bool:
    """Forty characters by chance, of more than hexadecimal digits."""
    return is_mixed(value) and entropy(value) >= _SECRET_BITS


def _rule(kind: str, name: str, source: str, pattern: str, *marks: str, **more: object) -> Rule:
    return Rule(kind, name, re.compile(pattern), marks, source=source, **more)  # type: ignore[arg-type]


RULES: Final = (
    _rule("JWT", "jwt", "RFC 7519",
          RUN_EDGE + r"eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{2,8000}(?:\.[A-Za-z0-9_-]{0,4000}){0,3}",
          "eyj", accept=is_jwt, score=0.99),
    _rule("AWS_SECRET_KEY", "aws_secret_access_key", "AWS IAM User Guide: access keys",
          r"(?i:aws.{0,20}?(?:secret|key).{0,20}?[^A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])", "aws",
          accept=is_aws_secret),
    _rule("AWS_SECRET_KEY", "aws_secret_beside_id", "AWS IAM User Guide: access keys",
          r"(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9](?:[^\n]{0,60}[^A-Za-z0-9/+\n]|\n[^\n]{0,60}[^A-Za-z0-9/+\n])?"
          r"([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])", "akia", "asia", accept=is_aws_secret),
    _rule("AZURE_KEY", "azure_account_key", "Microsoft Learn: connection strings of Storage, Service Bus, Cosmos DB",
          r"(?i:AccountKey|SharedAccessKey|SharedSecretValue)['\"]?\s?[=:]\s?['\"]?([A-Za-z0-9+/]{40,100}={0,2})",
          "accountkey", "sharedaccesskey", "sharedsecretvalue", score=0.99),
    _rule("AZURE_KEY", "azure_sas", "Microsoft Learn: shared access signatures",
          r"(?i:[?&]sig=)([A-Za-z0-9%+/=_-]{30,200})", "sig="),
    _rule("AZURE_KEY", "azure_storage_key", "Microsoft Learn: identifiable storage keys",
          r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{76}\+(?:ASt|ABa|ACR)[A-Za-z0-9+/]{4,8}={0,2}", "+ast", "+aba", "+acr"),
    _rule("AZURE_KEY", "azure_client_secret", "Microsoft Entra: client secrets",
          r"(?<![A-Za-z0-9_.~-])[A-Za-z0-9_.~-]{3}\dQ~[A-Za-z0-9_.~-]{31,34}", "q~"),
    _rule("AZURE_KEY", "azure_ai_key", "Microsoft Learn: Azure AI services, keys",
          r"(?<![A-Za-z0-9])[A-Za-z0-9]{52}JQQJ9[A-Za-z0-9]{27}" + _END, "jqqj9"),
    _rule("AZURE_KEY", "azure_devops_token", "Azure DevOps: personal access tokens",
          r"(?<![A-Za-z0-9])[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}" + _END, "azdo"),
    _rule("SLACK_TOKEN", "slack_webhook", "Slack API: incoming webhooks",
          r"(?:https?://)?hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{10,300}",
          "hooks.slack", score=0.99),
    _rule(_SERVICE, "discord_token", "Discord Developers: bot tokens",
          RUN_EDGE + r"[MNO][A-Za-z0-9_-]{21,28}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{25,110}", ".", accept=is_discord),
    _rule(_SERVICE, "chat_webhook", "Discord, Microsoft Teams, Google Chat: incoming webhooks",
          r"https://(?:(?:\w{1,20}\.)?discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,80}|"
          r"[\w-]{1,60}\.webhook\.office\.com/webhookb2/[A-Za-z0-9@/_-]{40,300}|"
          r"chat\.googleapis\.com/v1/spaces/[\w-]{1,60}/messages\?[\w=&%.-]{40,300})",
          "/api/webhooks/", "webhook.office.com", "chat.googleapis.com"),
    _rule(_SERVICE, "telegram_bot_token", "Telegram Bot API: authorizing your bot",
          r"(?<!\d)\d{8,10}:A[A-Za-z0-9_-]{34}(?![A-Za-z0-9_-])", ":a"),
    _rule(_SERVICE, "mailchimp", "Mailchimp Developer: API keys", r"(?<![0-9A-Za-z])[0-9a-f]{32}-us\d{1,2}" + _END,
          "-us"),
    _rule(_SERVICE, "mailgun_signing_key", "Mailgun Docs: API keys",
          r"(?<![0-9A-Za-z-])[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}(?![0-9A-Za-z-])", "-"),
    _rule(_SERVICE, "new_relic_license", "New Relic Docs: license keys",
          r"(?<![0-9A-Za-z])[0-9a-f]{36}(?:NRAL|FFFF)" + _END,
          "nral", "ffff"),
    _rule(_SERVICE, "terraform_cloud", "HCP Terraform: API tokens",
          r"(?<![A-Za-z0-9])[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,80}", ".atlasv1."),
    _rule(_SERVICE, "onepassword_secret_key", "1Password: secret keys",
          r"(?<![A-Za-z0-9])A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}" + _END, "a3-"),
    _rule(_SERVICE, "asana", "Asana Developers: personal access tokens",
          r"(?<![\d/])[12]/\d{13,20}(?:/\d{13,20})?:[0-9a-f]{32}" + _END,
          "1/", "2/"),
    _rule(_SERVICE, "maxmind", "MaxMind: license keys", r"(?<![A-Za-z0-9_])[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk" + _END,
          "_mmk"),
    _rule(_SERVICE, "rancher", "Rancher Docs: API keys", RUN_EDGE + r"token-[a-z0-9]{5}:[a-z0-9]{54}" + _END, "token-"),
    _rule(_SERVICE, "twitter_bearer", "X Developers: bearer tokens", r"(?<![A-Za-z0-9])A{20,24}[A-Za-z0-9%]{60,120}",
          "a" * 20),
    _rule(_SERVICE, "facebook_app_token", "Meta for Developers: app access tokens",
          r"(?<!\d)\d{15,16}(?:\||%7C)[A-Za-z0-9_-]{26,40}", "|", "%7c", accept=lambda value: any(map(str.isalpha,
          value[20:]))),
    _rule(_SERVICE, "paypal_braintree", "Braintree: access tokens",
          EDGE + r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
          "access_token$"),
    _rule(SECRET, "password_hash", "crypt(5); RFC 9106; Django: password storage",
          r"(?<![A-Za-z0-9$])(?:\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|\$(?:1|5|6|7|y|gy|apr1)"
          r"\$[^\s$:'\"]{1,60}(?:\$[^\s$:'\"]{1,60})?"
          r"\$[./A-Za-z0-9]{22,100}|\$argon2(?:id|i|d)\$[^\s:'\"]{20,300}|"
          r"pbkdf2_sha\d{1,3}\$\d{1,8}\$[^\s:'\"]{20,200}|"
          r"\{S?SHA(?:256|512)?\}[A-Za-z0-9+/]{27,120}={0,2})", "$", "{s", score=0.9),
)  # fmt: skip
