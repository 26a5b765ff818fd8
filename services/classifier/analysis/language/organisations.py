"""Organisations by what their names end in: a legal form, or a noun that only organisations have.

Rules:
- A legal form (those of ISO 20275 that are common where the nine languages are spoken) after a name with a capital is
  enough. Without one, the last word must be a noun that names nothing but organisations.
- Bounded repeats, each word once: linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.language.words import SENTENCE_STARTERS
from services.classifier.model import Passage, Span

_FORMS: Final = (
    r"(?:GmbH(?:\s&\sCo\.?\s(?:KGaA|KG|OHG))?|mbH|gGmbH|AG\s&\sCo\.?\sKG|AG|KGaA|KG|OHG|UG|e\.\s?V\.|eG|SE|"
    r"Ltd\.?|Limited|LLC|L\.L\.C\.|LLP|L\.P\.|Inc\.?|Incorporated|Corp\.?|Corporation|plc|PLC|Pty\.?\sLtd\.?|Pvt\.?\sLtd\.?|"
    r"S\.A\.(?:S\.|R\.L\.|U\.)?|SARL|SASU?|EURL|S\.L\.(?:U\.)?|S\.p\.A\.|SpA|S\.r\.l\.|Srl|"
    r"B\.V\.|BV|N\.V\.|A/S|ApS|ASA|Oyj?|[Ss]p\.\sz\so\.\s?o\.|a\.s\.|s\.r\.o\.|d\.o\.o\.|Kft\.?|Ltda\.?|Lda\.?|K\.K\.|Co\.,?\sLtd\.?)"
)
_NOUNS: Final = (
    r"(?:Airlines|Airways|Associates|Bank|Brothers|Credit\sUnion|Foundation|Foods|Health\sTrust|Holdings?|Hospital|"
    r"Insurance|Logistics|Partners|Pharma|Pharmaceuticals|Savings\sBank|School\sDistrict|Stadtwerke|Universität|"
    r"University|Ventures|Versicherung|Versicherungen)"
)
_LETTERS: Final = r"(?:St\.|[A-Z]\.(?:[A-Z]\.){0,2}|[A-ZÀ-ÖØ-ÞŁŚŻŹĆ][\w'’&-]{0,30})"
_NAME: Final = rf"{_LETTERS}(?:\s(?:(?:&|and|und|et|y|e|i|of|de|du|der)\s)?{_LETTERS}){{0,4}}"
_WITH_FORM: Final = re.compile(rf"(?<![\w.&-])({_NAME}),?\s{_FORMS}(?![\w/])")
_WITH_NOUN: Final = re.compile(rf"(?<![\w.&/-])({_NAME})\s{_NOUNS}(?![\w/-])")
_OTHER_SCRIPTS: Final = re.compile(
    r"(?:株式会社|有限会社|合同会社)[\u3040-\u30ff\u4e00-\u9fff]{2,12}|[\u3040-\u30ff\u4e00-\u9fff]{2,12}(?:株式会社|有限公司)|"
    r"\b(?:ООО|ОАО|ЗАО|ПАО)\s[«\"][^»\"\n]{2,60}[»\"]"
)
_MARKS: Final = re.compile(rf"\s(?:{_FORMS}|{_NOUNS})(?![\w/-])")


def find(passage: Passage) -> Iterator[Span]:
    """Spans of organisations."""
    text = passage.text
    if passage.number:
        return
    if _MARKS.search(text) is not None:
        for pattern, score in ((_WITH_FORM, 0.8), (_WITH_NOUN, 0.6)):
            for match in pattern.finditer(text):
                start = _without_starters(text, match.start(1), match.end(1))
                if start is not None:
                    yield Span("ORGANIZATION", start, match.end(), score, "pattern/organisation")
    if not text.isascii():
        for match in _OTHER_SCRIPTS.finditer(text):
            yield Span("ORGANIZATION", match.start(), match.end(), 0.7, "pattern/organisation")


def _without_starters(text: str, start: int, end: int) -> int | None:
    """Where the name starts when words that begin sentences are taken off its front; None where nothing is left."""
    for word in re.finditer(r"\S+", text[start:end]):
        if word[0].lower().strip(".,'’") not in SENTENCE_STARTERS:
            return start + word.start() if word[0][0].isupper() else None
    return None
