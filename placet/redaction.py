"""Pattern redaction of people's own text: reasons, questions, answers.

People paste what they should not. This is the last net before their text is stored or sent; it is deliberately
coarse and has no model behind it. Rules: it only ever removes; it is idempotent; every repetition is
bounded, so that no text makes it slow.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PATTERNS: Final = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("PRIVATE_KEY", r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,20000}?(?:-----END [A-Z ]{0,40}-----|\Z)"),
        ("URL_WITH_PASSWORD", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,200}:[^\s/@]{1,200}@[^\s]{1,500}"),
        ("TOKEN", r"\beyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{2,8000}(?:\.[A-Za-z0-9_-]{0,2000})?"),
        ("TOKEN", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
        (
            "TOKEN",
            r"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|sk_live_|rk_live_|npm_|pypi-|AIza)[\w-]{16,300}",
        ),
        ("SECRET", r"(?i)\bbearer\s{1,3}[\w.~+/=-]{12,4000}"),
        (
            "SECRET",
            r"(?i)\b(?:password|passwd|pwd|secret|api[_-]?key|token|authorization)\b\s{0,3}[:=]\s{0,3}(?:basic\s{1,3})?\S{1,300}",
        ),
        ("EMAIL_ADDRESS", r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
        ("IBAN", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
        ("NUMBER", r"(?<!\w)\+?\d(?:[ .()/-]{0,2}\d){8,30}(?!\w)"),
        ("NUMBER", r"\b\d{3}-\d{2}-\d{4}\b"),
    )
)


def redact(text: str) -> str:
    """The text with what looks sensitive replaced by `‹KIND›`."""
    for kind, pattern in _PATTERNS:
        text = pattern.sub(f"‹{kind}›", text)
    return text


def plain(text: str) -> str:
    """The text as one harmless line: no control, bidirectional or invisible character, white space folded.

    Unicode categories C* (other) and Zl, Zp (separators) go; see UTR 36 on how they spoof what is displayed.
    """
    kept = (" " if char.isspace() else char for char in text)
    return " ".join("".join(c for c in kept if c == " " or unicodedata.category(c)[0] != "C").split())


def personal_text(text: str) -> str:
    """What is stored of a person's own text: plain, then redacted."""
    return redact(plain(text))
