"""What stands around a name: somebody, or the thing whose name it is.

Rules:
- Somebody: a greeting, the end of a letter, a relation or a role, a verb that is done to people, before it; a verb that
  only people do after it. In the languages of the name model.
- A thing: a word for one beside it; a row of words with capitals; a version.
- Looked at are so many characters before and behind, however long the text.
"""

from __future__ import annotations

import re
from typing import Final

from services.classifier.analysis.language.capitals import CAPITAL
from services.classifier.analysis.language.letters import CLOSINGS, GREETINGS
from services.classifier.analysis.language.lexicon import Lexicon
from services.classifier.analysis.language.words import BEFORE_NAMES_OF_THINGS, NOBODY, THINGS

_AROUND: Final = 40

_BEFORE: Final = re.compile(
    rf"(?:\b(?:{GREETINGS}|thanks|thank you|cheers|cc|danke|merci|gracias|grazie|obrigad[oa]|groet|lg|vg|"
    r"ask|asked|asks|tell|told|call|ring|ping|remind|invite|meet|met|thank|congratulate|welcome|email|phone|"
    r"told by|said by|written by|signed by|approved by|spoke (?:to|with)|talk(?:ed)? (?:to|with)|speak (?:to|with)|"
    r"colleague|friend|brother|sister|son|daughter|wife|husband|mother|father|partner|cousin|neighbou?r|nurse|"
    r"agent|caller|user|patient|customer|client|guest|visitor|driver|tenant|manager|boss|intern|candidate|applicant|"
    r"kollegin|kollege|schwester|bruder|tochter|sohn|frau|herr|coll[eè]gue|m|mme|señora?|signora?|senhora?)|"
    rf"(?:{CLOSINGS})\s*[,.!]?\s*\n\s*)[\s,:@]{{0,3}}\Z",
    re.IGNORECASE,
)
"""Words after which somebody is named, in the languages of the model; and the end of a letter."""
_AFTER: Final = re.compile(
    r"[,]?\s(?:(?:has |have |had |just |also |then |already |never |and i )?(?:said|says|wrote|writes|asked|asks|told|"
    r"tells|thinks|thought|knows|wants|wanted|hopes|promised|agreed|approved|signed|"
    r"reviewed|presented|explained|mentioned|suggested|visited|lives|lived|spoke|phoned|"
    r"emailed|forgot|prefers|looks at|will (?:call|ask|bring)|passed away|quit|"
    r"picked up|is (?:on (?:leave|holiday|vacation)|out sick|ill)|"
    r"(?-i:[A-ZÄÖÜ])\.(?!\w)|sagt|sagte|meint|schreibt|fragt|kommt|möchte|übernimmt|prüft|weiß|passe|dit|"
    r"demande|pense|viendra|souhaite|viene|dice|pide|revisa|quiere|lleva|vuole|chiede|pensa|disse|pediu|leva|marcou|"
    r"sucht|braucht|ruft|bittet|holt|vertritt|nimmt|komt|zegt|vraagt|zoekt|wil)(?!\w))",
    re.IGNORECASE,
)
"""What only people do."""
_JOINING: Final = re.compile(r"(?i:\b(?:by|from|with|to|mit|von|bei|avec|par|con|com|met)) \Z")
_WORD_BEFORE: Final = re.compile(r"([^\W\d_]+)[ \"'“‘]{1,2}\Z")
_ROW_BEFORE: Final = re.compile(rf"[\w,;)] ({CAPITAL}[^\W\d_]{{2,}}) \Z")
"""A word with a capital amid a sentence."""
_WORD_AFTER: Final = re.compile(r"[ -]([^\W_]+)")
_CAPITAL_AFTER: Final = re.compile(rf" (?!I\b)({CAPITAL}[^\W_]*)")
_VERSION_AFTER: Final = re.compile(r"[ -]v?\d+(?:\.\d|\b(?![./-]))")


def is_somebody(text: str, start: int, end: int) -> bool:
    """Whether what stands around says that somebody is meant."""
    return (
        _BEFORE.search(text[max(0, start - _AROUND) : start]) is not None
        or _AFTER.match(text[end : end + _AROUND]) is not None
    )


def is_joined(text: str, start: int) -> bool:
    """Whether a preposition stands before a name that mostly people follow."""
    return _JOINING.search(text[max(0, start - _AROUND) : start]) is not None


def is_after_thing(text: str, start: int) -> bool:
    """Whether a word for a thing stands before a name."""
    before = _WORD_BEFORE.search(text[max(0, start - _AROUND) : start])
    if before is None:
        return False
    word = before[1].lower()
    return word in BEFORE_NAMES_OF_THINGS or word.removesuffix("s") in BEFORE_NAMES_OF_THINGS


def is_before_thing(text: str, end: int) -> bool:
    """Whether a word for a thing stands behind a name."""
    after = _WORD_AFTER.match(text, end)
    return after is not None and after[1].lower() in THINGS


def is_title(text: str, start: int, end: int, lexicon: Lexicon) -> bool:
    """Whether one word stands in a row of words with capitals, or before a version: a title, not a sentence."""
    before = _ROW_BEFORE.search(text, max(0, start - _AROUND), start)
    if before is not None and before[1].lower() not in NOBODY and lexicon.known(before[1]).never:
        return True
    after = _CAPITAL_AFTER.match(text, end)
    return after is not None or _VERSION_AFTER.match(text, end) is not None


def goes_on(text: str, end: int, lexicon: Lexicon) -> bool:
    """Whether a word with a capital that is nobody's goes on with a name (`Abraham Lincoln High`)."""
    after = _CAPITAL_AFTER.match(text, end)
    return after is not None and lexicon.known(after[1]).never
