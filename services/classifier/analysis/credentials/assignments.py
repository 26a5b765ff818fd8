"""Secrets that are assigned: `NAME=value` of .env files and shells, `name: value` of YAML, JSON in text, code.

Rules:
- The name decides, and all of it (`names.py`): `token_count=5` assigns no token. A name that only could hold a secret
  (`user_key`) needs a value that looks random.
- Prose after a colon (`token: see the vault`) is no assignment; a line that is nothing but name and value is one.
- Between colons (`arn:aws:secretsmanager:…:secret:name`) a name is part of an identifier.
- Unquoted code that yields a secret (`get_token()`, `self.password`) is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.credentials import configurations, stand_ins
from services.classifier.analysis.credentials.randomness import looks_random
from services.classifier.analysis.credentials.rule import SECRET, Text, alternatives
from services.classifier.model import Span

NAME: Final = "assignment"
_ALL: Final = (*names.PASSWORD_NAMES, *names.SECRET_NAMES, *names.CODE_NAMES)
TELLING: Final = alternatives(_ALL, "[_ .-]?")
"""The end of a telling name, in lower case."""
_MAYBE: Final = alternatives((*_ALL, "key", "auth", "hmac", "signature", "salt", "seed"), "[_ .-]?")
QUOTED: Final = (
    r"(?:'((?:[^'\\\r\n]|\\.){1,1000}+)'|\"((?:[^\"\\\r\n]|\\.){1,1000}+)\"|`([^`\r\n]{1,1000}+)`|"
    r"\\{1,3}[\"']([^\"'\\\r\n]{1,1000}+)\\{1,3}[\"'])"
)
"""A quoted value, in one of four groups; the last for JSON in a string."""
_TYPED: Final = r"(?:(?::\s?[a-z][\w.\[\]|?&]{1,40}|\s(?:&?str|string|char\s?\*))\s?(?==))?"
"""`password: str = "…"`."""
_BARE: Final = (
    r"(?:\$?\{\{[^{}\r\n]{0,200}\}\}|[$#]\{[^{}\r\n]{0,200}\}|<[^<>\s][^<>\r\n]{0,80}>|[^\s'\"`,;&)}\]<>|\\]){1,1000}+"
)
"""What is not quoted; a stand-in is read to its end."""
_PATTERN: Final = re.compile(
    rf"({_MAYBE}(?:_?\d{{1,3}})?)(?:\\{{0,3}}['\"])?\]?{_TYPED}\s{{0,3}}(?:[:?+]?={{1,3}}>?|:{{1,2}}(?!//)|->)\s{{0,3}}"
    rf"(?:[furben@$]{{0,2}}{QUOTED}|({_BARE}))"
)
_QUOTES: Final = 4
_BACKTICKS: Final = 4
_OPENING: Final = ("$(", "{", "[", "(", "*")
_IDENTIFIER: Final = re.compile(r"[A-Za-z_]{1,60}")
_LINE_END: Final = re.compile(r"[ \t;]{0,8}(?:#|//|--|&&|[\r\n]|\Z)")
MARKS: Final = (
    "pass", "pwd", "pw", "secret", "key", "token", "credential", "creds", "auth", "otp", "code", "jwt", "cookie",
    "session", "bearer", "psk", "mnemonic", "phrase", "signature", "hmac", "salt", "seed", "answer", "sessid",
    "kennwort", "passe", "mdp", "contrase", "parola", "senha", "has", "wachtwoord", "senord", "adgangskode", "heslo",
    "пароль", "パスワード", "暗証番号", "密码", "密碼", "口令", "비밀번호",
)  # fmt: skip
"""One of them stands in every telling name."""
_LINE_START: Final = re.compile(r"[ \t+>*\"'-]*(?:export[ \t]+|set[ \t]+|env[ \t]+|ENV[ \t]+|ARG[ \t]+)?[\w.\"' -]*")
_TYPE_NAME: Final = re.compile(
    r"[A-Za-z]{1,40}(?:Token|Secret|Key|Keys|Str|String|Type|Password|Credentials?|Config|Auth|Field|Input|Option|"
    r"Provider|"
    r"Source|Ref|Params?|Props)"
)
_COUNTED: Final = frozenset({"pass", "passwords"})
_SHORTEST_CODE: Final = 4
"""`pass: 12` counts tests, `MIN_SECRET = 32` characters; no code is shorter."""
_REPORTED: Final = re.compile(r"(?:hard[- ]?coded[ _-]|checksum/)\Z")
"""`hardcoded password: 'password'` is what a scanner says of one, `checksum/secret: …` what Helm has made of it."""
_KEYBOARD: Final = ("access", "key")
"""`access_key: s` is a key of the keyboard (HTML)."""
_SENTENCE_END: Final = ".,;:"
_NO_WORD: Final = 16
"""No English word in prose is longer."""


def find(text: Text) -> Iterator[Span]:
    """Every assigned secret."""
    folded = text.folded
    if not [mark for mark in MARKS if mark in folded]:
        return
    for match in _PATTERN.finditer(text.folded):
        group = next(index for index in range(2, 7) if match[index] is not None)
        start, end = match.span(group)
        bare = group > 1 + _QUOTES
        if bare:
            whole = text.raw[start:end]
            end = start + len(whole if whole.endswith("...") else whole.rstrip(_SENTENCE_END))
        value = text.raw[start:end]
        hints = names.words(_whole_name(text.raw, match.start(1), match.end(1)))
        if _REPORTED.search(text.folded[max(0, match.start(1) - 12) : match.start(1)]):
            continue
        if not value or (bare and not _is_value(text.raw, match, value)):
            continue
        if group == _BACKTICKS and not any(not char.isalpha() for char in value):  # prose quotes a word
            continue
        kind = judge(value, hints)
        if kind is not None:
            yield Span(kind, start, end, 0.85, f"credential/{NAME}")


def judge(value: str, hints: tuple[str, ...]) -> str | None:
    """The type of a value under a name in a text."""
    if names.is_secret(hints):
        if names.is_code(hints) and not any(map(str.isdigit, value)):
            return None
        if len(value) == 1 and hints[-2:] == _KEYBOARD:
            return None
        counted = hints[-1] in _COUNTED or not names.is_password(hints)
        if counted and value.isdigit() and len(value) < _SHORTEST_CODE:
            return None
        return stand_ins.kind_of_told(SECRET, value, hints)
    if hints[-1:] == ("auth",) and configurations.is_pair(value):
        return SECRET
    if names.is_key(hints) and looks_random(value):
        return stand_ins.kind_of_told(SECRET, value, hints)
    return None


def _whole_name(text: str, start: int, end: int) -> str:
    """The name that ends as one of a secret, from its start."""
    first = start
    while (
        start > 0 and end - start < names.MAX_NAME_CHARACTERS and (text[start - 1].isalnum() or text[start - 1] in "_-")
    ):
        start -= 1
    # A name in prose may have spaces (`api key`), and then stands alone.
    return text[min(start, first) : end]


def _is_value(text: str, match: re.Match[str], value: str) -> bool:
    """Whether what is not quoted is a value, and no prose and no code."""
    if stand_ins.is_expression(value) or _TYPE_NAME.fullmatch(value) or value.startswith(_OPENING):
        return False
    sign, end = text[match.end(1) : match.start(6)], match.end()
    if sign == ":" and text[match.start() - 1 : match.start()] == ":":
        return False
    if "==" in sign:
        return False
    if ":" in sign:
        return any(not char.isalpha() for char in value) or len(value) >= _NO_WORD or _is_line(text, match)
    if _IDENTIFIER.fullmatch(value) is None:
        return True
    # An identifier may be a variable: as an argument, or where more code follows on the line.
    after = text[end : end + 2]
    return not after.startswith((")", ", ")) and (sign == sign.rstrip() or _LINE_END.match(text, end) is not None)


def _is_line(text: str, match: re.Match[str]) -> bool:
    """Whether name and value are all there is on the line."""
    rest = text[match.end() : match.end() + 1]
    if rest not in {"", "\n", "\r"}:
        return False
    start = text.rfind("\n", max(0, match.start() - names.MAX_NAME_CHARACTERS), match.start()) + 1
    before = text[start : match.start()]
    return _LINE_START.fullmatch(before) is not None and " " not in before.strip(" \t+>*-\"'")
