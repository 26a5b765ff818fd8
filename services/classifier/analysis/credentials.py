"""Secrets in text: what common issuers' tokens look like, and values that are given as secrets.

Rules:
- Every pattern is linear: bounded repeats, no nested quantifiers. A pattern runs only where its mark stands.
- What a rule cannot tell by its shape a validator tells (a JWT decodes, a password assignment has a value).
- Keys that vendors publish as examples, and stand-ins such as `changeme`, `<token>` or `${VAR}`, are known: they are
  masked too, as EXAMPLE_CREDENTIAL, which is no reason to hold an action.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from services.classifier.analysis import names
from services.classifier.model import Passage, Span

EXAMPLE: Final = "EXAMPLE_CREDENTIAL"
SECRET: Final = "SECRET"  # noqa: S105 - an entity type
_LONGEST: Final = 8_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret. `marks`: one of them stands in any text the pattern matches (compared in lower case)."""

    entity_type: str
    name: str
    pattern: re.Pattern[str]
    marks: tuple[str, ...]
    score: float = 0.95
    accept: Callable[[str], bool] = lambda _: True


def _jwt(token: str) -> bool:
    """A JWS or JWE in compact form: the first part decodes to a JSON object with an `alg`."""
    head = token.split(".", 1)[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return False
    return isinstance(header, dict) and "alg" in header


def entropy(text: str) -> float:
    """Bits per character, as the text's own letters are spread."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


def _mixed(value: str) -> bool:
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _rule(kind: str, name: str, pattern: str, *marks: str, **more: object) -> Rule:
    return Rule(kind, name, re.compile(pattern), tuple(mark.lower() for mark in marks), **more)  # type: ignore[arg-type]


_EDGE: Final = r"(?<![A-Za-z0-9_])"
_TELLING_NAME: Final = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret(?:[_ -]?(?:access[_ -]?)?key)?|(?:api|access|account|private|signing|"
    r"encryption|shared|master|auth|storage)[_ -]?key|apikey|(?:access|auth|refresh|id|api|bearer|session|bot|oauth|"
    r"personal|deploy)[_ -]?token|token|credentials?)"
)

RULES: Final = (
    _rule("PRIVATE_KEY", "pem_private_key",
          r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S]){0,20000}"
          r"(?:-----END [A-Z0-9 ]{0,40}-----)?", "private key", score=1.0),
    _rule("PRIVATE_KEY", "putty_private_key", r"PuTTY-User-Key-File-\d: [\s\S]{0,20000}", "putty-user-key"),
    _rule("JWT", "jwt", _EDGE + r"eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{2,8000}(?:\.[A-Za-z0-9_-]{0,4000}){0,3}",
          "eyj", accept=_jwt, score=0.99),
    _rule("AWS_ACCESS_KEY", "aws_access_key_id", _EDGE + r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])",
          "akia", "asia", "abia", "acca", score=0.99),
    _rule("AWS_ACCESS_KEY", "aws_access_key_id_any", _EDGE + r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])",
          "akia", "asia", score=0.9),
    _rule("AWS_SECRET_KEY", "aws_secret_access_key",
          r"(?i:aws.{0,20}?(?:secret|key).{0,20}?['\"=: ]{1,4})([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])", "aws",
          accept=_mixed),
    _rule("GITHUB_TOKEN", "github_token", _EDGE + r"gh[pousr]_[A-Za-z0-9]{20,255}", "ghp_", "gho_", "ghu_", "ghs_",
          "ghr_", score=0.99),
    _rule("GITHUB_TOKEN", "github_fine_grained", _EDGE + r"github_pat_[A-Za-z0-9_]{20,255}", "github_pat_",
          score=0.99),
    _rule("GITLAB_TOKEN", "gitlab_token",
          _EDGE + r"(?:glpat|gldt|glrt|glcbt|glptt|glft|glsoat|glagent)-[A-Za-z0-9_.-]{15,300}", "glpat-", "gldt-",
          "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-", "glagent-", score=0.99),
    _rule("SLACK_TOKEN", "slack_token", _EDGE + r"xox[abeoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,300}", "xox",
          score=0.99),
    _rule("SLACK_TOKEN", "slack_app_token", _EDGE + r"xapp-\d-[A-Za-z0-9-]{10,300}", "xapp-", score=0.99),
    _rule("SLACK_TOKEN", "slack_webhook",
          r"https://hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]{10,300}",
          "hooks.slack", score=0.99),
    _rule("STRIPE_KEY", "stripe_key", _EDGE + r"(?:sk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,250}", "sk_", "rk_",
          "whsec_", score=0.99),
    _rule("NPM_TOKEN", "npm_token", _EDGE + r"npm_[A-Za-z0-9]{30,60}", "npm_", score=0.99),
    _rule("PYPI_TOKEN", "pypi_token", _EDGE + r"pypi-[A-Za-z0-9_-]{16,500}", "pypi-", accept=_mixed, score=0.99),
    _rule("MODEL_PROVIDER_KEY", "model_provider_key",
          _EDGE + r"sk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,300}", "sk-", accept=_mixed, score=0.98),
    _rule("MODEL_PROVIDER_KEY", "model_hub_token", _EDGE + r"(?:hf_|r8_|gsk_)[A-Za-z0-9]{20,200}", "hf_", "r8_",
          "gsk_"),
    _rule("GOOGLE_KEY", "google_api_key", _EDGE + r"AIza[A-Za-z0-9_-]{35}", "aiza", score=0.99),
    _rule("GOOGLE_KEY", "google_oauth", _EDGE + r"(?:ya29\.|GOCSPX-|1//0)[A-Za-z0-9_-]{20,1000}", "ya29.", "gocspx-",
          "1//0"),
    _rule("AZURE_KEY", "azure_storage_key", r"(?i:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,100}={0,2})",
          "accountkey=", "sharedaccesskey=", score=0.99),
    _rule("AZURE_KEY", "azure_sas", r"(?i)[?&]sig=([A-Za-z0-9%+/=]{30,200})", "sig="),
    _rule("SERVICE_TOKEN", "service_token",
          _EDGE + r"(?:dop_v1_|doo_v1_|SG\.|dckr_pat_|shpat_|shpss_|sq0atp-|sq0csp-|EAAC|hvs\.|hvb\.|rubygems_|"
          r"PMAK-|lin_api_|secret_|ntn_|dapi|glc_|glsa_|nrak-|figd_|atlasv1\.|tfp_|AGE-SECRET-KEY-1|sntrys_|"
          r"dp\.pt\.|cio|fo1_|vault:v1:)[A-Za-z0-9._-]{20,500}",
          "dop_v1_", "doo_v1_", "sg.", "dckr_pat_", "shpat_", "shpss_", "sq0", "eaac", "hvs.", "hvb.", "rubygems_",
          "pmak-", "lin_api_", "secret_", "ntn_", "dapi", "glc_", "glsa_", "nrak-", "figd_", "atlasv1.", "tfp_",
          "age-secret-key-1", "sntrys_", "dp.pt.", "fo1_", accept=_mixed),
    _rule("SERVICE_TOKEN", "telegram_bot_token", _EDGE + r"\d{8,10}:AA[A-Za-z0-9_-]{33}", ":aa"),
    _rule("URL_CREDENTIALS", "url_userinfo",
          r"\b[A-Za-z][A-Za-z0-9+.-]{1,30}://([^\s/?#:@'\"<>]{0,200}:[^\s/?#@'\"<>]{1,300})@", "://", score=0.98),
    _rule(SECRET, "connection_string_password", r"(?i)(?:^|[;\s])(?:password|pwd|passwd)\s?=\s?([^;\s'\"]{1,200})",
          "password", "pwd", "passwd", score=0.9),
    _rule(SECRET, "authorization_header",
          r"(?i)\b(?:proxy-)?authorization['\"]?\s{0,3}[:=]\s{0,3}['\"]?"
          r"((?:(?:basic|bearer|token|digest|negotiate|aws4-hmac-sha256|apikey)\s{1,3})?[^\s'\",;]{4,4000})",
          "authorization", score=0.95),
    _rule(SECRET, "bearer_token", r"(?i)\bbearer\s{1,3}([A-Za-z0-9._~+/=-]{12,4000})", "bearer", accept=_mixed),
    _rule(SECRET, "header_key", r"(?i)\bx-(?:api-key|auth-token|access-token|vault-token|amz-security-token)['\"]?"
          r"\s{0,3}[:=]\s{0,3}['\"]?([^\s'\",;]{4,4000})", "x-", score=0.95),
    _rule(SECRET, "cookie_header", r"(?i)\b(?:set-)?cookie\s{0,3}:\s{0,3}([^\r\n]{4,4000})", "cookie", score=0.8),
    _rule(SECRET, "assignment",
          r"(?i)" + _TELLING_NAME + r"s?(?:_?\d{1,3})?['\"]?\s{0,3}(?::=|=>|[:=])\s{0,3}"
          r"(?:'([^'\r\n]{1,1000})'|\"([^\"\r\n]{1,1000})\"|([^\s'\",;&)}\]]{1,1000}))",
          "pass", "pwd", "secret", "key", "token", "credential", score=0.85),
    _rule(SECRET, "command_option",
          r"(?i)(?<!\S)--?(?:" + _TELLING_NAME + r"|secret-string)[ =]{1,2}(?:'([^']{1,500})'|\"([^\"]{1,500})\"|"
          r"([^\s'\"-][^\s'\"]{0,500}))", "-pass", "-secret", "-token", "-api", "-key", "-auth", "-access", score=0.9),
    _rule(SECRET, "user_option", r"(?<!\S)(?:-u|--user)[ =]([^\s:'\"]{1,100}:[^\s'\"]{1,300})", "-u", score=0.85),
    _rule(SECRET, "sql_password", r"(?i)\b(?:password|identified\s{1,3}by)\s{1,3}'((?:[^']|''){1,500})'", "password",
          "identified", score=0.95),
    _rule(SECRET, "spoken_password", r"(?i)\b(?:password|passphrase|passcode|api key|secret)\s(?:is|was)[:\s]{1,3}"
          r"['\"]?([^\s'\"]{4,200})", "password", "passphrase", "passcode", "api key", "secret",
          accept=lambda value: any(not c.isalpha() for c in value.rstrip(".,;:!?")), score=0.8),
)  # fmt: skip
"""In order of how much each tells."""
_MARKS: Final = tuple(sorted({mark for rule in RULES for mark in rule.marks}))

_PUBLISHED: Final = re.compile(
    r"AKIAIOSFODNN7EXAMPLE|AKIAI44QH8DHBEXAMPLE|AKIA[A-Z0-9]{9}EXAMPLE|wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY|"
    r"je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY|sk_test_4eC39HqLyjWDarjtT1zdp7dc|sk_test_BQokikJOvBiI2HlWgH4olfQ2|"
    r"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9\.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ\."
    r"SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
)
_STAND_IN: Final = re.compile(
    r"(?i)(?:[x*•.#_-]{3,}|<[^<>]{1,80}>|\$\{?\{?[^{}]{1,80}\}{0,2}|\{\{[^{}]{1,80}\}\}|%[A-Za-z_]{2,80}%|"
    r"\[[a-z _-]{3,40}\]|‹[A-Z0-9_]{1,80}›|change[_-]?me|change[_-]?it|replace[_-]?me|your[_-].{1,60}|"
    r"my[_-]?(?:password|secret|token)|"
    r"(?:dummy|example|sample|placeholder|fake|redacted|masked|hidden|removed|todo|tbd)[\w-]{0,20})"
)
_SCHEME: Final = re.compile(r"(?i)^(?:basic|bearer|token)\s{1,3}")
_NO_VALUE: Final = re.compile(
    r"(?i)(?:null|none|nil|undefined|true|false|yes|no|required|optional|missing|empty|expired|invalid|string|str|int|"
    r"bytes|text|varchar|and|or|not|is|in|for|from|\?|\$\d+|:\w+|%s|%\(\w+\)s|@\w+|see|the|a|an|to|was|has|hash|hashed|"
    r"unset|disabled|enabled|default|revoked|rotated|[,;:.)(\]}>|=]+)"
)
_REFERENCE: Final = re.compile(
    r"(?i)(?:arn:aws[\w-]*:(?:secretsmanager|ssm):\S+|vault:[^v]\S*|(?:op|secret|vault|awssm|gcpsm|keyvault|env|file)://\S+|"
    r"(?:os\.)?(?:environ|getenv|env)\S*|process\.env\S*|/(?:run|etc|var)/\S+|projects/[\w-]+/secrets/\S+)"
)
_SEPARATOR: Final = re.compile(r"['\"]?\s{0,3}(?::=|=>|[:=])")
_TELLING_KEY: Final = frozenset({"key", "keys", "auth", "sig", "signature", "hmac", "salt", "seed", "pin", "nonce"})


def find(passage: Passage) -> Iterator[Span]:
    """Every secret in the text, overlapping ones too."""
    text = passage.text
    if names.is_secret(passage.hints):
        yield from _told(text)
    elif not _TELLING_KEY.isdisjoint(passage.hints) and _looks_random(text):
        yield Span(SECRET, 0, len(text), 0.6, "credential/random_under_telling_name")
    if passage.number:
        return
    folded = text.lower()
    if not any(mark in folded for mark in _MARKS):
        return
    for rule in RULES:
        if any(mark in folded for mark in rule.marks):
            yield from _matches(rule, text)


def is_stand_in(value: str) -> bool:
    """Whether a value is published as an example, or stands where a secret will be."""
    value = _SCHEME.sub("", value.strip())
    return bool(_PUBLISHED.fullmatch(value) or _STAND_IN.fullmatch(value))


def _matches(rule: Rule, text: str) -> Iterator[Span]:
    told = rule.entity_type == SECRET
    for match in rule.pattern.finditer(text):
        group = next((index for index, part in enumerate(match.groups(), start=1) if part is not None), 0)
        start, end = match.span(group)
        value = text[start:end]
        if rule.name not in {"sql_password", "cookie_header"} and told:
            value = value.rstrip(".,;")
            end = start + len(value)
        if not value or not rule.accept(value) or (told and (_NO_VALUE.fullmatch(value) or _REFERENCE.match(value))):
            continue
        if rule.name == "assignment" and not _assigned(text, match, value, quoted=group in {1, 2}):
            continue
        kind = EXAMPLE if is_stand_in(value) else rule.entity_type
        yield Span(kind, start, end, rule.score, f"credential/{rule.name}")


def _assigned(text: str, match: re.Match[str], value: str, *, quoted: bool) -> bool:
    """Prose after a colon (`token: see the vault`) and names that only mention a secret are no assignments."""
    start = match.start()
    while (
        start > 0
        and match.start() - start < names.MAX_NAME_CHARACTERS
        and (text[start - 1].isalnum() or text[start - 1] in "_-")
    ):
        start -= 1
    name = _SEPARATOR.split(text[start : match.end()], maxsplit=1)[0]
    if not names.is_secret(names.words(name)):
        return False
    after_colon = ":" in text[match.start() : match.end() - len(value)]
    if quoted or not after_colon:
        return True
    return any(not c.isalpha() for c in value) or len(value) >= 16  # noqa: PLR2004 - no English word in prose


def _told(text: str) -> Iterator[Span]:
    """The whole value under a telling name."""
    value = text.strip()
    if not value or _NO_VALUE.fullmatch(value) or _REFERENCE.fullmatch(value):
        return
    kind = EXAMPLE if is_stand_in(value) else SECRET
    yield Span(kind, 0, len(text), 0.9, "credential/telling_name")


def _looks_random(text: str) -> bool:
    if not 16 <= len(text) <= _LONGEST or re.search(r"\s", text):  # noqa: PLR2004
        return False
    return _mixed(text) and entropy(text) >= 3.5 and not re.fullmatch(r"[\w-]+(?:[/.:][\w-]+)+", text)  # noqa: PLR2004
