"""Secrets that other words than an assignment tell: headers, XML, pairs, SQL, .netrc, prose.

Rules: as for the others (`rule.py`). Whatever stands in such a place is a secret unless it can be none
(`stand_ins.py`); what prose calls a password has a digit, a sign or a capital inside.
"""

from __future__ import annotations

import re
from typing import Final

from services.classifier.analysis.credentials.assignments import MARKS, QUOTED, TELLING
from services.classifier.analysis.credentials.randomness import is_dense, is_mixed
from services.classifier.analysis.credentials.rule import SECRET, Rule

_SCHEME: Final = r"(?:basic|bearer|token|apikey|api-key|negotiate|ntlm|splunk|ssws|genie ?key|bot|key|oauth2)"
_NAMED: Final = rf"(?P<name>[\w.:-]{{0,60}}?{TELLING}(?:_?\d{{1,3}})?)"
"""A whole name that ends as one of a secret; the names' own rules judge it (`Rule.told`)."""
_OTHER: Final = _NAMED.replace("<name>", "<other>")
_SPOKEN: Final = (
    "passwor[dt]|passwd|passphrase|pass ?code|api[ -]?key|secret|token|pwd|kennwort|mot de passe|contraseña|senha|"
    "wachtwoord|has[łl]o|parola d'ordine|credentials?|pin|пароль"
)
_SPOKEN_EAST: Final = "パスワード|密码|密碼|口令|비밀번호"


_LONG: Final = 20
"""No word with digits in it is that long."""


def _is_spoken(value: str) -> bool:
    """Not a word of the sentence."""
    inner = value.strip(".,;:!?'\"()")
    return any(not char.isalpha() for char in inner) or inner[1:] != inner[1:].lower()


def _is_made(value: str) -> bool:
    """What nobody says in a sentence: capitals and digits inside, or many of both."""
    inner = value.rstrip(".,;:!?)")
    digits, letters = sum(map(str.isdigit, inner)), sum(map(str.isalpha, inner))
    if not digits or not letters or "=" in inner[:-2] or ("/" in inner and len(inner) < _LONG):
        return False
    both_cases = inner != inner.lower() and inner != inner.upper()
    return both_cases or len(inner) >= _LONG or (digits > 1 and digits + letters < len(inner) and letters > digits)


def _is_seed(value: str) -> bool:
    """Capitals and digits of base 32, a multiple of eight or as short as 26."""
    return value.isupper() and is_mixed(value) and (len(value) % 8 == 0 or len(value) in {26, 52})


def _is_no_name(value: str) -> bool:
    """`["password", "created_at"]` are two columns, `("--password", "-p")` two flags."""
    return re.fullmatch(r"[^\W\d]{1,40}(?:[ _-][^\W\d]{1,40}){0,8}[.!]?|-.*", value) is None


def _rule(name: str, source: str, pattern: str, *marks: str, **more: object) -> Rule:
    return Rule(SECRET, name, re.compile(pattern), marks, source=source, folded=True, told=True, **more)  # type: ignore[arg-type]


RULES: Final = (
    _rule("authorization_header", "RFC 9110, section 11.6.2",
          r"\bauthorization['\"]?\s{0,3}[:=,]\s{0,3}['\"]?(?:(?:digest|aws4-hmac-sha256|aws4-ecdsa-p256-sha256|oauth|"
          r"hawk|"
          r"signature|sharedkey|googlelogin)\s{1,3}([^\r\n'`]{4,4000})|"
          rf"((?:{_SCHEME}\s{{1,3}})?[^\s'\"`,;)\\]{{4,4000}}))", "authorization", score=0.95),
    _rule("bearer_token", "RFC 6750, section 2.1", r"\bbearer\s{1,3}([a-z0-9._~+/=-]{12,4000})", "bearer",
          accept=is_mixed),
    _rule("basic_token", "RFC 7617", r"\bbasic\s{1,3}([a-z0-9+/]{8,1000}={0,2})(?![\w+/=])", "basic",
          accept=_is_spoken),
    _rule("cookie_header", "RFC 6265, sections 4.1 and 4.2",
          r"(?<![\w-])(?:set-)?cookie['\"]?\s{0,3}:\s{0,3}['\"]?([^\s=;'\"]{1,200}=[^\r\n'\"]{4,4000})", "cookie",
          score=0.8),
    _rule("cookie_file", "Netscape: the file of cookies, as curl and browsers keep it",
          r"(?m)^[^\t\r\n]{1,200}\t(?:true|false)\t/[^\t\r\n]{0,200}\t(?:true|false)\t\d{1,12}\t[^\t\r\n]{1,100}\t"
          r"([^\t\r\n]{16,2000})$", "\ttrue\t", "\tfalse\t", accept=is_mixed),
    _rule("xml_element", "XML: an element that is named for a secret",
          rf"<(?:\w{{1,40}}:)?{_NAMED}(?:\s[^<>]{{0,200}})?>([^<>\s][^<>]{{0,1000}})</", "</"),
    _rule("xml_attribute", ".NET configuration, Maven, Spring XML: key and value attributes",
          rf"\b(?:key|name|property|id)\s?=\s?['\"]{_NAMED}['\"]\s{{1,8}}value\s?=\s?['\"]([^'\"<>]{{1,1000}})['\"]",
          "value"),
    _rule("named_value", "Kubernetes env, GitLab variables, CloudFormation: a name and its value side by side",
          rf"\b(?:name|key|variable|parameterkey|field)(?:\\{{0,3}}['\"])?\s{{0,3}}[:=]\s{{0,3}}(?:\\{{0,3}}['\"])"
          rf"?{_NAMED}"
          r"(?:\\{0,3}['\"])?\s{0,40},?\s{0,40}(?:- )?(?:\\{0,3}['\"])?(?:value|parametervalue|secret_value|content)"
          rf"(?:\\{{0,3}}['\"])?\s{{0,3}}[:=]\s{{0,3}}(?:{QUOTED}|([^\s'\",;}}\]\\]{{1,1000}}))", "value", "content"),
    _rule("argument_pair", "Code: put('password', '…'), define('DB_PASSWORD', '…'), ('api_key', '…')",
          rf"[(\[{{]\s{{0,3}}['\"]{_NAMED}['\"]\s{{0,3}},\s{{0,8}}{QUOTED}\s{{0,3}}[)\]}},;]", *MARKS,
          accept=_is_no_name),
    _rule("setter_call", "Code: setPassword('…'), .password('…'), with_token('…')",
          rf"\b(?:set|with|use|\.)?_?{TELLING}\(\s{{0,3}}{QUOTED}\s{{0,3}}[,)]", *MARKS),
    _rule("fallback_in_code", "Code: getenv('DB_PASSWORD', '…'), process.env.TOKEN || '…'",
          rf"(?:getenv|environ\.get|env\.get|env|config)\(\s{{0,3}}['\"]{_NAMED}['\"]\s{{0,3}},\s{{0,3}}{QUOTED}|"
          rf"\benv(?:\.|\[['\"]){_OTHER}(?:['\"]\])?\s{{0,3}}(?:\|\||\?\?|or)\s{{0,3}}{QUOTED}", "env", "config"),
    _rule("sql_password", "PostgreSQL, MySQL, Oracle: CREATE and ALTER USER, SET PASSWORD FOR",
          r"\b(?:(?:password|identified\s{1,3}by(?:\s{1,3}password)?|passphrase)\s{1,3}n?|"
          r"set\s{1,3}password\s{1,3}for\s{1,3}[^=;\r\n]{1,120}=\s{0,3}(?:password\()?)(?:'((?:[^']|''){1,500}+)'|"
          r"\"([^\"\r\n]{1,500}+)\")", "password", "identified", "passphrase", score=0.95),
    _rule("terraform_default", "Terraform: the default of a variable that is named for a secret",
          rf"\bvariable\s{{1,3}}\"{_NAMED}\"\s{{0,3}}\{{[^{{}}]{{0,600}}?\bdefault\s{{1,20}}=\s{{1,3}}{QUOTED}",
          "variable"),
    _rule("oracle_logon", "Oracle: user/password@database of SQL*Plus and its like, and of thin JDBC URLs",
          r"(?:\b(?:sqlplus|sqlldr|sqlcl|expdp|impdp|rman)\s{1,3}(?:-[a-z]{1,3}\s{1,3}){0,3}(?:userid=|target\s{1,3})?['\"]?|"
          r"\bjdbc:oracle:(?:thin|oci8?):)[a-z][\w$#]{0,40}/([^\s/@'\"]{1,100})(?=@|['\"\s]|$)",
          "sqlplus", "sqlldr", "sqlcl", "expdp", "impdp", "rman", "jdbc:oracle"),
    _rule("totp_seed", "RFC 6238, RFC 4648: the seed of an authenticator in base 32",
          r"\b(?:totp|2fa|mfa|otp|authenticator|two[- ]factor)\b[^\r\n]{0,60}?(?<![a-z0-9])([a-z2-7]{16,64})"
          r"(?![a-z0-9=])|"
          r"(?<![a-z0-9])([a-z2-7]{16,64})(?![a-z0-9=])[^\r\n]{0,24}?\b(?:totp|2fa|mfa|authenticator|two[- ]factor)\b",
          "totp", "2fa", "mfa", "otp", "authenticator", "factor", accept=_is_seed),
    _rule("netrc_password", ".netrc: machine, login, password",
          r"\blogin\s{1,20}[^\s'\"]{1,200}\s{1,20}(?:account\s{1,20}\S{1,200}\s{1,20})"
          r"?password\s{1,20}([^\s'\"]{1,300})", "login",
          score=0.95),
    _rule("pgpass_line", "PostgreSQL: the password file",
          r"(?m)^[\w.*-]{1,120}:(?:\d{2,5}|\*):[\w*.-]{1,80}:[\w*.-]{1,80}:([^\s:'\"]{1,200})$", ":5432:", ":5433:",
          ":6432:", ":*:"),
    _rule("spoken_password", "Prose: the password is …",
          rf"(?:\b(?:{_SPOKEN})(?:\s(?:is|was|ist|lautet|est|es|è|to)\b|\s?(?:：|は|是|为|為))|(?:{_SPOKEN_EAST})\s?(?:：|は|"
          rf"是|为|為))"
          r"[:\s]{0,3}['\"`*„“«「]{0,2}([^\s'\"`*<>“”»」。、，]{4,200})", *MARKS, "pin", accept=_is_spoken, score=0.8),
    _rule("password_of", "Prose: the password of, for, to something is …",
          rf"\b(?:{_SPOKEN})\s(?:of|for|to|on|from|f[üu]r|von|vom|de|du|des|pour|del|della|dell['’]|para|per|di|do|dla|"
          r"van|voor|till|от|для|к)\s[^\r\n:.;=]{1,50}?(?:\s(?:is|was|ist|lautet|est|es|è|to|jest)\s|\s?[:=]\s)"
          r"\s{0,2}['\"`*„“«]{0,2}([^\s'\"`<>“”»,]{6,200})", *MARKS, "pin", accept=is_mixed, score=0.8),
    _rule("spoken_pass", "Prose: the pass is …, pw …",
          r"(?<![\w-])(?:pass|pw|login|creds)\s(?:is|was|=|-|->)\s['\"`*]{0,2}([^\s'\"`*<>,;(){}]{6,200})",
          "pass", "pw", "login", "creds", accept=_is_made, score=0.75),
    _rule("secret_beside", "Prose: client secret …, webhook signing secret …",
          r"(?<![\w-])(?:(?:client|signing|webhook|api|app|shared|access|secret|auth|bot|deploy|refresh)[ -]){1,2}"
          r"(?:secret|key|token)"
          r"[ \t]{1,2}['\"`]?([^\s'\"`*<>,;(){}\[\]]{16,400})", "secret", "key", "token", accept=is_dense, score=0.75),
    _rule("spoken_code_abroad", "Prose: Bestätigungscode, kod autoryzacji, code de vérification, 验证码",
          r"(?:\bkod\s(?:autoryzacji|weryfikacyjny|sms|dostępu)|\b(?:bestätigungs|sicherheits|verifizierungs|einmal|anmelde|"
          r"zugangs)(?:code|kennwort|passwort)|\bcode\s(?:de\s(?:vérification|confirmation|validation)|à\susage\sunique|"
          r"d['’]accès)|\bcodice\s(?:di\s(?:verifica|conferma|accesso)|otp)|\bcódigo\sde\s(?:verificación|verificação|"
          r"confirmación|confirmação|acceso|acesso)|\bкод\s(?:подтверждения|доступа)|验证码|認証コード|인증번호)"
          r"\s?(?:is|ist|est|es|è|to|lautet|是|は)?\s?[:：=]?\s{0,2}(\d{4,8})(?!\d)",
          "kod", "code", "codice", "digo", "kennwort", "passwort", "код", "验证码", "認証コード", "인증번호",
          score=0.8),
    _rule("password_beside", "Prose: user bob, password …",
          r"(?<![\w-])(?:passwor[dt]|passwd|passphrase|kennwort|mot de passe|contraseña|senha|пароль)[ \t]{1,2}"
          r"(?![a-z][a-z0-9+.-]{1,30}://)([^\s'\"`*<>,;(){}]{6,200})",
          "passwor", "passwd", "passphrase", "kennwort", "mot de", "contrase", "senha", "пароль", accept=_is_made,
          score=0.75),
    _rule("code_before_words", "Prose: … is your verification code",
          r"(?<![\w.-])(\d{3}[ -]\d{3}|\d{4,8})\s(?:is|ist|est|es|è|to|jest)\s"
          r"(?:your|the|ihr|dein|votre|ton|su|tu|il|twój|o)\s(?:(?!(?:of|for|von|year|number)\b)[^\s.:;]{1,20}\s){0,3}"
          r"[^\s.:;]{0,20}?(?:code|otp|passcode|pin|c[óo]digo|codice|kod)\b",
          "code", "otp", "pin", "digo", "codice", "kod",
          score=0.8),
    _rule("spoken_code", "Prose: your one-time code is …",
          r"\b(?:pin|one[ -]time|verification|security|access|login|sign[ -]?in|confirmation|authentication|recovery|"
          r"2fa|mfa|otp)[ -]?"
          r"(?:pass)?(?:code|password|pin|otp)?(?:\sfor\s[^\r\n.:;\d]{1,30}?)?\s?(?:is|was|:|=|-)[:\s]{0,3}"
          r"['\"`*]{0,2}(\d{3}[ -]?\d{3}|\d{4,8})(?![\w.-]*\d)",
          "code", "otp", "2fa", "mfa", "pin", "password", score=0.8),
)  # fmt: skip
