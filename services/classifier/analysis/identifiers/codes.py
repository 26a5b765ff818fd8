"""Security codes of cards: three or four digits that only their word or their card tells.

Rules:
- The word stands before the code with no other number between (`CVC: 123`, `cvv2/cvc2 123`).
- A `security code` of four digits may be any code that is typed once; it counts where the text speaks of a card.
- Behind a card's number and the day it expires on (`4111 … 12/27 123`) it needs no word, or one as short as `CID`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from services.classifier.analysis.identifiers import money
from services.classifier.analysis.identifiers.context import Around, Words
from services.classifier.model import Span

_KIND: Final = "CARD_SECURITY_CODE"
WORDS: Final = Words((
    "cvv", "cvc", "cvn", "csc", "cvs", "prufnummer", "prufziffer", "kartenprufnummer", "cryptogramme", "cvvnumber",
    "cvvcode", "cvccode", "cvd", "cav", "sicherheitscode", "beveiligingscode", "sakerhetskod", "sikkerhedskode",
))  # fmt: skip
"""What such a code alone is called."""
_SPOKEN: Final = Words((*WORDS.spaced, "security", "sec", "seguridad", "securite", "sicurezza", "verification", "back"))
_NAME: Final = (
    r"(?:cv[vcn]2?|csc)(?:\s?[/|]\s?(?:cv[vcn]2?|csc))?(?:[\s_-]?(?:code|number|no|nr|num)\.?)?|"
    r"cvd|cav2?|sicherheitscode|beveiligingscode|s[äa]kerhetskod|sikkerhe[dt]skode|(?:karten)?pr[üu]f(?:nummer|ziffer)|cryptogramme(?:\svisuel)?"
)
_OF_CARD: Final = (
    r"(?:card\s)?(?<!social\s)(?:security|verification|sec\.?)\s(?:code|number|value)|c[óo]digo\sde\sseguridad|code\sde\ss[ée]curit[ée]|"
    r"codice\sdi\ssicurezza|c[óo]digo\sde\sseguran[çc]a|(?:code|digits|number)\son\s(?:the|its)\s(?:back|front|reverse)"
)
_IS: Final = (
    r"['\"]?\)?(?:\s(?:code|on\sthe\sback|is|are|was|were|reads?|ist|est|es|è|wynosi|lautet|of)\b){0,3}[^\w\n]{0,5}"
)
_CODE: Final = r"(?P<value>\d{3,4})(?![\w]|[.,:/-]\d|\s\d\d)"
_AFTER_NAME: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{_NAME}){_IS}{_CODE}", re.IGNORECASE)
_AFTER_WORDS: Final = re.compile(rf"(?<![A-Za-z0-9])(?:{_OF_CARD}){_IS}{_CODE}", re.IGNORECASE)
_AFTER_CARD: Final = re.compile(
    r"(?<![\w.-])(?P<card>\d(?:[ -]?\d){12,18})[\s,;|:/]{1,4}"
    r"(?:(?:exp(?:iry|ires|\.|\sdate)?|valid(?:\sthru)?|mm/yy|gültig\sbis)[\s:.]{0,3})?"
    r"(?:0[1-9]|1[0-2])\s?[/|,;: -]\s?(?:20)?\d{2}[\s,;|:/]{1,4}"
    r"(?:(?:cid|cv[vcnd]2?|csc|sec|code|kod|cod)[\s:.#]{1,2})?(?P<value>\d{3,4})(?![\w]|[.,:/-]\d)",
    re.IGNORECASE,
)
_USUAL: Final = 3


def find(around: Around) -> Iterator[Span]:
    """Codes beside their words, and behind their cards."""
    text = around.passage.text
    if around.has(WORDS):
        for match in _AFTER_NAME.finditer(text):
            yield Span(_KIND, *match.span("value"), 0.85, "identifier/card_code")
    if around.has(_SPOKEN):
        for match in _AFTER_WORDS.finditer(text):
            if len(match["value"]) > _USUAL and not around.has(money.CARD_WORDS):
                continue
            yield Span(_KIND, *match.span("value"), 0.8, "identifier/card_code")
    for match in _AFTER_CARD.finditer(text):
        if money.is_card(match["card"]):
            yield Span(_KIND, *match.span("value"), 0.85, "identifier/card_code_behind")
