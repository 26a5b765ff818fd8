"""Secrets in addresses: user information, signatures, codes that are exchanged for a token.

Rules:
- User information with a password is one span, name and all. A stand-in for the password makes it an example.
- `user:password` and the like are what documentation writes; `postgres:postgres` is what somebody runs.
- A single name before the @ is a token only if it looks random. A DSN of Sentry holds a public key.
"""

from __future__ import annotations

import re
from typing import Final

from services.classifier.analysis.credentials.randomness import is_mixed, looks_random
from services.classifier.analysis.credentials.rule import SECRET, Rule

_PRINTED: Final = re.compile(
    r"(?i)(?:(?:my|db)?user(?:name)?|usr|login|me|name|role|account):(?:pass(?:word|wd)?|pwd|pw|secret|token)"
)

RULES: Final = (
    Rule(
        "URL_CREDENTIALS", "url_userinfo", re.compile(r"(?<=://)([^\s/?#:@'\"<>\\]{0,200}:[^\s/?#@'\"<>\\]{1,300})@"),
        ("://",), score=0.98, source="RFC 3986, section 3.2.1", told=True,
    ),
    Rule(
        "URL_CREDENTIALS", "url_token", re.compile(r"(?<=://)([A-Za-z0-9_.~-]{20,300})@(?![^/\s]{0,80}sentry)"), ("://",
        ),
        accept=looks_random, source="RFC 3986, section 3.2.1",
    ),
    Rule(
        SECRET, "signed_url", re.compile(r"(?i)[?&](?:x-(?:amz|goog)-signature|signature|x-amz-security-token|hmac)"
                                         r"=([A-Za-z0-9%+/=_~.-]{20,2000})"),
        ("signature=", "security-token=", "hmac="),
        source="AWS: Signature Version 4; Cloud Storage: signed URLs; CloudFront",
        accept=is_mixed,
    ),
    Rule(
        SECRET, "oauth_code",
        re.compile(r"(?i)(?:\b(?:oauth\d?|callback|redirect|authori[sz]e|login|signin|sso|token|"
                   r"grant_type=authorization_code)\b[^\s'\"]{0,300}?"
                   r"[?&](?:code|code_verifier)=|[?&](?:state|session_state|iss|scope)=[^\s&'\"]{0,200}&code=|"
                   r"[?&]code=(?=[^\s&'\"]{0,200}&(?:state|scope|iss)=))"
                   r"([A-Za-z0-9%+/=_~.-]{10,1000})"),
        ("code=", "code_verifier="), source="RFC 6749, section 4.1.2", accept=is_mixed,
    ),
)  # fmt: skip


def is_printed(userinfo: str) -> bool:
    """Whether user information is what documentation prints."""
    return bool(_PRINTED.fullmatch(userinfo))
