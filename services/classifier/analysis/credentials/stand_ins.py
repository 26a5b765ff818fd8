"""What stands where a secret would be: published examples, stand-ins, references, and no value at all.

Rules:
- A published example and a stand-in (`<token>`, `${VAR}`, `changeme`, `xxxx`) are reported as EXAMPLE_CREDENTIAL:
  masked, and no reason to hold an action.
- A reference (`vault:…`, an ARN, `secretKeyRef`, a path, a variable) and what is no value (`required`, `string`) are
  not reported.
- A name in capitals (`secretKey: STRIPE_KEY`) says which variable; under `password` it would be a weak secret.
- A weak secret is a secret: `password`, `admin` and `12345678` are. A stand-in says that it is one.
- A default in a reference (`${DB_PASSWORD:-hunter2}`) is the secret of whoever does not set the variable.
"""

from __future__ import annotations

import re
import string
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.credentials.randomness import looks_random
from services.classifier.analysis.credentials.rule import EXAMPLE

_SCHEME: Final = re.compile(r"(?i)^(?:basic|bearer|token|apikey|digest)\s{1,3}")

_JWT_IO: Final = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ"
)
# Joined from parts, so that no scanner takes this list for a leak.
PUBLISHED: Final = frozenset({
    # AWS documentation: "AWS access keys", "Signature Version 4", "AWS CLI User Guide"
    "AKIA" + "IOSFODNN7EXAMPLE", "AKIA" + "I44QH8DHBEXAMPLE", "ASIA" + "IOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG+" + "bPxRfiCYEXAMPLEKEY",
    "je7MtGbClwBF/2Zp9Utk/" + "h3yCo8nvbEXAMPLEKEY",
    # Stripe documentation: "API keys", "Accept a payment"
    "sk_" + "test_4eC39HqLyjWDarjtT1zdp7dc", "sk_" + "test_BQokikJOvBiI2HlWgH4olfQ2",
    "sk_" + "test_26PHem9AhJZvU623DfE1x4sd",
    # Microsoft documentation: Azurite's account key, the Cosmos DB emulator's key
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/" + "K1SZFPTOtr/KBHBeksoGMGw==",
    "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/" + "Jw==",
    # RFC 6749 and RFC 6750, OAuth 2.0; RFC 7617, Basic authentication
    "2YotnFZFEjr1zCsicMWpAA", "tGzv3JOkF0XG5Qx2TlKWIA", "SplxlOBeZQQYbYS6WxSbIA", "7Fjfp0ZBr1KtDRbnfVdmIw",
    "czZCaGRSa3F0MzpnWDFmQmF0M2JW", "gX1fBat3bV", "mF_9.B5f-4.1JqM", "QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "dGVzdDoxMjPCow==",
    # GitHub documentation: "Authorizing OAuth apps"
    "gh" + "o_16C7e42F292c6912E7710c838347Ae178B4a", "gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a",
    "gh" + "u_16C7e42F292c6912E7710c838347Ae178B4a",
    "gh" + "r_1B4a2e77838347a7E420ce178F2E7c6912E169246c34E1ccbF66C46812d16D5B1A9Dc86A1498",
    # Google documentation: "Using API keys"
    "AI" + "zaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe",
    # jwt.io: the tokens that its page opens with
    f"{_JWT_IO}.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c", f"{_JWT_IO}.KMUFsIDTnFmyG3nMiGM6H9FNFUROf3wh7SmqJp-QV30",
})  # fmt: skip
"""Keys that documentation prints, and that open nothing or an emulator."""
_AWS_EXAMPLE: Final = re.compile(r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{9}EXAMPLE|[A-Za-z0-9/+]{30}EXAMPLEKEY")

_DEFAULT: Final = re.compile(r"\$\{[^{}:|-]{1,80}(?::?[-=]|:)([^{}?][^{}]{0,200})\}")
"""`${NAME:-default}` of shells and compose files, `${name:default}` of Spring."""
_SHAPE: Final = re.compile(
    r"(?i)[x*•.#_?-]{3,}|<[^<>]{1,80}>|\$\{[^{}]{1,80}\}|\$\{\{[^{}]{1,120}\}\}|\{\{[^{}]{1,120}\}\}|\{%[^{}]{1,80}%\}|"
    r"(?:[\w.@-]{1,60}[:%])?\$(?:env:|http_|arg_|\{)?[a-z_]+(?:_?\d{1,2})?\}?(?:[:@/%-]?\$\{?[a-z_]{1,60}\}?){0,4}|"
    r"\$\([^()]{1,200}\)|`[^`]{1,200}`|%[a-z_]{2,80}%|#\{[^{}]{1,80}\}|"
    r"%\([a-z_]{1,80}\)s|\[[a-z _-]{3,40}\]|\{[a-z_]{2,60}\}|@@?[a-z_]{2,60}@@?|__[a-z_]{3,60}__|"
    r"(?:[:@/%._-]?\{[a-z_][\w.\[\]()']{0,59}\}){1,6}|‹[a-z0-9_ ]{1,80}›|\.\.\.|…"
)
_MARKER: Final = re.compile(
    r"(?i)change[ _-]?(?:me|it|this)|replace[ _-]?(?:me|this|with)?|insert|(?:fill|put)[ _-]?(?:me|in|here)|your|"
    r"(?<![a-z])my(?=[ _-])|example|sample|dummy|fake|placeholder|redacted|masked|hidden|removed|omitted|scrubbed|"
    r"filtered|todo|tbd|not[ _-]a[ _-]real|xxx+|\*\*\*+|\.\.\.+|…"
)
_FILLER: Final = re.compile(
    r"(?i)pass(?:word|wd|phrase)?|secrets?|tokens?|api|access|auth|client|key|keys|account|id|user(?:name)?|value|"
    r"here|goes|"
    r"real|live|test|prod|string|data|the|a|in|with|own|generated|some|this|that|is|of|for|app|db|database|service|"
    r"bearer|"
    r"please|now|first|private|public|project|name|sk|pk|rk|not|actual|new|old|strong|random|long|secure|very|x+"
)
_SEQUENCE: Final = f"{'0123456789' * 5}|{string.ascii_lowercase * 3}|{'0123456789abcdef' * 4}"
_SEPARATORS: Final = re.compile(r"[\W_\d]+")
_FEW_DIGITS: Final = 3
_FEW: Final = 2
"""A token of sixteen and more characters by chance has more than two different ones."""

_NO_VALUE: Final = re.compile(
    r"(?i)(?:null|none|nil|undefined|nan|true|false|yes|no|on|off|y|n|required|optional|mandatory|missing|accepted|"
    r"declined|rejected|empty|blank|unset|"
    r"expired|invalid|valid|incorrect|wrong|revoked|rotated|denied|granted|disabled|enabled|default|inherit|include|same-origin|omit|"
    r"auto|"
    r"automatic|manual|string|str|int|integer|number|boolean|bool|bytes?|text|varchar|char|object|array|list|dict|map|"
    r"(?:secret|hidden)str|secretstr|string\[\]|any|and|or|not|is|was|in|for|from|to|of|as|by|on|with|if|set|get|has|"
    r"see|the|a|an|it|this|that|your|our|their|hash|hashed|encrypted|hidden|bearer|basic|digest|oauth2?|jwt|saml|oidc|"
    r"password|apikey|api_key|token|sms|email|totp|writeonly|readonly|sensitive|write|read|"
    r"\?|![01]|void 0|\$\d{1,3}|:\w{1,60}|%s|%\(\w{1,60}\)s|@\w{1,60}|[\W_]{1,3})"
)
_REFERENCE: Final = re.compile(
    r"(?i)arn:aws[\w-]{0,20}:(?:secretsmanager|ssm|kms):|(?:ref\+)?(?:aws-?|gcp[:-]?|azure-?|hashi)?"
    r"(?:vault|secretmanager|secretsmanager|ssm|sops|keyring|keychain|keyvault|akv2k8s)(?:-path)?:|(?:op|sm|awssm|"
    r"aws-sm|gcpsm|gcp-sm|"
    r"akv|env|file|pass|bws|doppler)://|env(?::|\.|\[)|\{\{\s?resolve:|ssm:/|"
    r"https://[a-z0-9-]{1,60}\.vault\.azure\.net/secrets/|@microsoft\.keyvault\(|projects/[\w-]{1,80}/secrets/|"
    r"(?:os\.)?(?:environ|getenv)\b|process\.env\b|(?:system|os)\.getenv|env\[|secrets?\.[a-z_]|vars?\.[a-z_]|"
    r"(?:local|module|data|each|self|args|this|config|settings|options|opts|params|props|random_password|request|req)\."
    r"[a-z_]|!(?:ref|sub|getatt|vault|secret|env)\b|fn::|enc\[|\{cipher\}|\$ansible_vault|ageencrypted|"
    r"(?:/|~/|\./|\.\./|[a-z]:\\)[^\s=]{0,300}\.(?:pem|key|crt|cer|p12|pfx|jks|json|ya?ml|txt|env|token|pub|conf|cnf|"
    r"ini)\b|"
    r"(?:/run|/etc|/var|/mnt|/vault|/secrets|/opt|/usr|/home|/root|~)/|(?:secret|secrets|kv|kv-v2|ssm)/[\w-]|"
    r"ssh-(?:rsa|ed25519|dss) aaaa|ecdsa-sha2-|sk-ssh-|-----begin (?:public|certificate|rsa public)"
)
_PATH: Final = re.compile(r"(?:~|\.{1,2})?(?:/[\w.@-]{1,80}){1,12}/?")
_PAGE: Final = re.compile(
    r"(?i)(?:next|prev(?:ious)?|first|last|page|cursor|offset)(?:[ _-]?(?:page|token|cursor))?(?:[ _:=-]?\d{0,9})"
)
_CALL: Final = re.compile(
    r"(?:await |new |\*|&)?[A-Za-z_$][\w$]{0,60}(?:(?:\?\.|\.|->|::)[A-Za-z_$][\w$]{0,60}){0,6}(?:\(|\[|\?\.|<)"
)
_ATTRIBUTE: Final = re.compile(r"[A-Za-z_$][A-Za-z_$]{0,60}(?:(?:\.|->|::)[A-Za-z_$]{1,60}){1,6}")
_NAMED: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,40}(?:[._-][A-Za-z0-9]{1,40}){0,8}")
_CALLED: Final = frozenset({
    "password", "passwords", "passwort", "kennwort", "passe", "contraseña", "contrasena", "senha", "wachtwoord",
    "hasło", "lösenord", "heslo", "пароль", "token", "secret", "geheimnis", "key", "keys", "passphrase", "passcode",
    "code",
})  # fmt: skip
_VERSION: Final = re.compile(r"[\^~]?v?\d{1,4}\.\d{1,4}(?:\.\d{1,5})?(?:-[a-z]{2,5}\.?\d{0,3})?")
_VARIABLE: Final = re.compile(r"[A-Z]{2,20}(?:_[A-Z]{2,20}){1,6}")
_KINDS: Final = frozenset(
    {"secret", "secrets", "auth", "tls", "cert", "creds", "credentials", "certs", "regcred", "vault"}
)
_ONCE: Final = frozenset({("client", "token")})
"""AWS: with a UUID under it a request happens once; elsewhere it is a credential."""
_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def kind_of(entity_type: str, value: str, *, body: str | None = None) -> str:
    """The type to report a token as that its shape tells. `body` is what follows its issuer's prefix."""
    return EXAMPLE if is_stand_in(value) or (body is not None and _is_filler(body)) else entity_type


def kind_of_told(entity_type: str, value: str, hints: tuple[str, ...] = ()) -> str | None:
    """The type to report a value as that only words around it tell to be a secret; None for what is none."""
    value = value.strip()
    default = _DEFAULT.fullmatch(value)
    if default is not None:
        value = default[1]
    if is_stand_in(value):
        return EXAMPLE
    return None if is_nothing(value, hints) else entity_type


def is_stand_in(value: str) -> bool:
    """Whether a value is published as an example, or says that a secret will stand there."""
    value = _SCHEME.sub("", value.strip())
    if value in PUBLISHED or _AWS_EXAMPLE.fullmatch(value):
        return True
    return bool(_SHAPE.fullmatch(value)) or (_MARKER.search(value) is not None and _is_words(value))


def is_nothing(value: str, hints: tuple[str, ...] = ()) -> bool:
    """Whether what stands under a telling name is no value, or says only where the secret is."""
    value = _SCHEME.sub("", value.strip())
    if not value:
        return True
    if _NO_VALUE.fullmatch(value):
        return not (names.is_password(hints) and value.lower() in {"password", "token", "text", "email"})
    if _is_label(value) or (_VERSION.fullmatch(value) and not names.is_password(hints)):
        return True
    if _PATH.fullmatch(value) and not looks_random(value):
        return not names.is_password(hints)
    return bool(_REFERENCE.match(value) or _PAGE.fullmatch(value)) or _names_a_secret(value, hints)


def _is_label(value: str) -> bool:
    """What a form says: several words without a digit, one of them what the secret is called."""
    words = value.lower().split()
    return (
        len(words) > 1
        and not any(map(str.isdigit, value))
        and not _CALLED.isdisjoint(word.strip(".,:;!?…'\"()") for word in words)
    )


def is_expression(value: str) -> bool:
    """Whether an unquoted value is code that yields a secret: a call, an index, an attribute."""
    return bool(_CALL.match(value) or _ATTRIBUTE.fullmatch(value))


def _names_a_secret(value: str, hints: tuple[str, ...]) -> bool:
    """`secretKey: api-token` and `secrets: [db_password]` say which; under `password` it would be a weak one."""
    if not hints or names.is_password(hints):
        return False
    if hints[-2:] in _ONCE and _UUID.fullmatch(value):
        return True
    if not _NAMED.fullmatch(value):
        return False
    if _VARIABLE.fullmatch(value):
        return True
    words = names.words.__wrapped__(value)  # a value is not remembered
    return names.is_secret.__wrapped__(words) or (len(words) > 1 and words[-1] in _KINDS)


def _is_words(value: str) -> bool:
    """Nothing is left of the value without the words of stand-ins."""
    rest = _FILLER.sub(" ", _MARKER.sub(" ", value))
    return sum(map(str.isdigit, rest)) <= _FEW_DIGITS and not _SEPARATORS.sub("", rest)


def _is_filler(body: str) -> bool:
    """`xxxxxxxx`, `EXAMPLEKEY`, `1234567890`: nobody's token."""
    letters = body.lower()
    if len(set(letters) - set("-_.")) <= _FEW:
        return True
    return letters in _SEQUENCE or (_MARKER.search(body) is not None and _is_words(body))
