"""Names at the top and at the end of letters, and names with an initial in the middle: their place tells them.

Rules:
- After a greeting at a line's start, and alone in the line after a closing formula, stands somebody's name, unless it
  is a word of a language or a thing (`Hello World`, `Kind regards` over `Freight Desk`).
- A given name, a capital with its full stop and a word with a capital (`Dwayne R. Callahan`) are one name.
- Bounded repeats; each match begins at its word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.language.capitals import CAPITAL, WORD
from services.classifier.analysis.language.lexicon import Lexicon
from services.classifier.analysis.language.words import NOBODY
from services.classifier.model import Span

GREETINGS: Final = (
    r"hi|hello|hey|dear|hallo|lieber?|moin|bonjour|salut|ch[eè]re?|hola|querid[oa]|estimad[oa]|ciao|car[oa]|ol[aá]|"
    r"prezad[oa]|beste|dag"
)
"""How letters begin, in the languages of the name model."""
CLOSINGS: Final = (
    r"regards|best|wishes|cheers|sincerely|yours|thanks|thank you|gr(?:ü|u|ue)(?:ß|ss)e?n?|lg|vg|cordialement|"
    r"bien à (?:toi|vous)|à bientôt|bises|saludos?|abrazos?|saluti|a presto|abra[cç]os?|groet(?:en)?|love"
)
"""And how they end, in the line above a name."""
_GREETED: Final = re.compile(rf"(?m)^[> \t]{{0,8}}(?i:{GREETINGS})\s({WORD}(?: {WORD})?)(?=\s?[,:!.\n]|\Z)")
_SIGNED: Final = re.compile(
    rf"(?m)(?i:\b(?:{CLOSINGS})[ ]?[,.!]?[ ]?)\n{{1,3}}[> \t]{{0,8}}({WORD}(?: {WORD}){{0,2}})[ \t]{{0,8}}$"
)
MIDDLE: Final = "pattern/middle_initial"
_MIDDLE: Final = re.compile(rf"(?<![\w@/\\.'’-])({WORD}) {CAPITAL}\. ({WORD})(?![\w@/(=]|[.:]\w)")


def find(text: str, lexicon: Lexicon) -> Iterator[Span]:
    """Spans of people."""
    if "\n" in text or "," in text:
        for pattern, name in ((_GREETED, "greeting"), (_SIGNED, "signature")):
            for match in pattern.finditer(text):
                if _is_somebody(match[1].split(" "), lexicon):
                    yield Span("PERSON", *match.span(1), 0.75, f"pattern/{name}")
    if ". " in text:
        for match in _MIDDLE.finditer(text):
            given, family = map(lexicon.known, match.groups())
            if given.given and not family.never:
                yield Span("PERSON", *match.span(), 0.75, MIDDLE)


def _is_somebody(words: list[str], lexicon: Lexicon) -> bool:
    if any(word.lower() in NOBODY or word.isupper() for word in words):
        return False
    return not any(lexicon.known(word).never for word in words) and any(lexicon.known(word).given for word in words)
