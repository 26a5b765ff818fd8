"""Whether what the name model takes for a name is one: how sure it is, what is known of the words, what stands around.

Rules:
- The model says how sure it is; lists say what a word can be (`lexicon`); both together decide. A word that is nobody's
  name as far as is known is cut off a name's ends (`Reporter Jane Roe`); inside it makes it none.
- A given name with a family name is somebody; the less doubtful the two are, the less sure the model must be. Of two
  words of which one or none is known as a name, it must be surer.
- One word alone: a given name that is nothing else is somebody. One that is a place, a month or a program as well, a
  family name, and a word of no list need somebody about them (`around`): a greeting, a verb that only people do.
- In a sentence (words in small letters about it) a model that is sure is believed where no list says otherwise: most of
  the world's names are in no list. In titles, fields and lists of things it is not.
- What follows or precedes a word for a thing (`Release Carmen`, `the Maxine dashboard`) is its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from services.classifier.analysis.language import around
from services.classifier.analysis.language.lexicon import Known, Lexicon
from services.classifier.analysis.language.reading import Word
from services.classifier.analysis.language.words import BEFORE_NAMES_OF_THINGS, MONTHS, THINGS

_SMALL: Final = re.compile(r"(?<![\w/.-])[^\W\d_A-ZÀ-ÖØ-Þ]+(?![\w/=(-])")
_REACH: Final = 120
_FEWEST: Final = 2
"""Words in small letters that make a sentence, so many characters around a name."""
# As sure as the model must be of a name. Of a pair: the mean of its words, in their sentence.
_GIVEN_AND_FAMILY: Final = 0.3
_ONE_DOUBTFUL: Final = 0.6
_NOT_SURE_OF_ANY: Final = 0.9
_HALF_KNOWN: Final = 0.7
_WITH_SOMEBODY: Final = 0.5
# Of a pair that it is shown alone: each of its words.
_ALONE_KNOWN: Final = 0.3
_ALONE_HALF_KNOWN: Final = 0.6
# Of one word.
_GIVEN: Final = 0.5
_GIVEN_JOINED: Final = 0.2
_GIVEN_WITH_SOMEBODY: Final = 0.02
_DOUBTFUL_WITH_SOMEBODY: Final = 0.4
_OTHER_WITH_SOMEBODY: Final = 0.85
# In a sentence.
_NAME_IN_SENTENCE: Final = 0.8
_DOUBTFUL_IN_SENTENCE: Final = 0.97
_STRANGE_IN_SENTENCE: Final = 0.85
_PAIR_IN_SENTENCE: Final = 0.7


def proven(text: str, words: Sequence[Word], lexicon: Lexicon) -> tuple[int, int] | None:
    """The first and last of some words with letters that are a name together; None where they are nobody's."""
    known = [lexicon.known(text[word.start : word.end]) for word in words]
    first, last = 0, len(words) - 1
    while first <= last and known[first].never:
        first += 1
    while last >= first and known[last].never:
        last -= 1
    inside, of = words[first : last + 1], known[first : last + 1]
    if not inside or any(one.never for one in of):
        return None
    start, end = inside[0].start, inside[-1].end
    somebody = (len(of) == 1 or any(one.name for one in of)) and around.is_somebody(text, start, end)
    if not somebody and around.is_after_thing(text, start):
        return None
    doubtful = len(of) == 1 or any(not one.name or one.doubtful for one in of)
    if not somebody and doubtful and (around.is_before_thing(text, end) or around.goes_on(text, end, lexicon)):
        return None
    if len(inside) == 1:
        in_title = not somebody and around.is_title(text, start, end, lexicon)
        joined = around.is_joined(text, start)
        sure = _is_alone(inside[0], of[0], somebody=somebody, joined=joined) or (
            _is_alone_in_sentence(inside[0], of[0]) and _is_sentence(text, start, end)
        )
        return (first, last) if sure and not in_title else None
    ends = text[start : inside[0].end], text[inside[-1].start : end]
    if _is_called_a_thing(*ends, of) or (not somebody and lexicon.is_called(text[start:end])):
        return None
    sure = _is_pair(inside, of, somebody=somebody) or (
        _is_pair_in_sentence(inside, of) and _is_sentence(text, start, end)
    )
    return (first, last) if sure else None


def is_turned(family: Known, given: Known) -> bool:
    """Whether of two words with a comma between the first can be a family name and the second a given one."""
    if given.never or (family.given and family.doubtful):
        return False
    return given.only_given if family.strange or family.doubtful else family.family and given.name


def asked_alone(text: str, start: int, end: int, shown: tuple[str, str], lexicon: Lexicon) -> float | None:
    """As sure as the model must be of each of two words that it is shown alone; None where it need not be asked."""
    given, family = map(lexicon.known, shown)
    with_comma = text[start:end] != " ".join(shown)
    if given.never or family.never or (with_comma and not is_turned(family, given)):
        return None
    somebody = around.is_somebody(text, start, end)
    if not somebody and (
        around.is_after_thing(text, start) or around.is_before_thing(text, end) or lexicon.is_called(text[start:end])
    ):
        return None
    if _is_called_a_thing(*shown, (given, family)):
        return None
    if given.given and family.family:
        doubtful = given.doubtful + family.doubtful
        return 0.0 if not doubtful else _ALONE_KNOWN if doubtful == 1 or somebody else None
    told = given.only_given or (somebody and given.given) or (with_comma and family.family and not family.doubtful)
    return _ALONE_HALF_KNOWN if told else None


def _is_pair(words: Sequence[Word], of: Sequence[Known], *, somebody: bool) -> bool:
    least = min(word.person for word in words)
    mean = sum(word.person for word in words) / len(words)
    given, family = any(one.given for one in of[:-1]), of[-1].family or (of[0].family and of[-1].given)
    if somebody:
        return mean >= (_GIVEN_AND_FAMILY if given and family else _WITH_SOMEBODY)
    if given and family:
        if any(one.given and not one.doubtful for one in of) and not of[-1].doubtful:
            return mean >= _GIVEN_AND_FAMILY
        return mean >= (_NOT_SURE_OF_ANY if all(one.doubtful for one in of) else _ONE_DOUBTFUL)
    if of[0].only_given:
        return mean >= _HALF_KNOWN
    in_order = words[0].given > words[0].family and words[-1].family > words[-1].given
    return least >= _NOT_SURE_OF_ANY and in_order and (of[0].given or not any(one.doubtful for one in of))


def _is_alone(word: Word, known: Known, *, somebody: bool, joined: bool) -> bool:
    if not somebody:
        least = _GIVEN_JOINED if joined and known.only_given else _GIVEN
        return known.given and not known.doubtful and word.person >= least
    if known.only_given:
        return word.person >= _GIVEN_WITH_SOMEBODY
    return word.person >= (_DOUBTFUL_WITH_SOMEBODY if known.given else _OTHER_WITH_SOMEBODY)


def _is_sentence(text: str, start: int, end: int) -> bool:
    around_it = text[max(0, start - _REACH) : start], text[end : end + _REACH]
    return sum(len(_SMALL.findall(part)) for part in around_it) >= _FEWEST


def _is_alone_in_sentence(word: Word, known: Known) -> bool:
    if known.strange:
        return word.person >= _STRANGE_IN_SENTENCE
    return word.person >= (_DOUBTFUL_IN_SENTENCE if known.doubtful else _NAME_IN_SENTENCE)


def _is_pair_in_sentence(words: Sequence[Word], of: Sequence[Known]) -> bool:
    return sum(word.person for word in words) >= _PAIR_IN_SENTENCE * len(words) and not all(one.doubtful for one in of)


def _is_called_a_thing(first: str, last: str, of: Sequence[Known]) -> bool:
    """Whether the words of a pair say themselves that it is a thing's name (`Storm Kirk`, `Josefin Sans`)."""
    if first.lower() in BEFORE_NAMES_OF_THINGS or last.lower() in MONTHS:
        return True
    return last.lower() in THINGS and not (of[-1].family and of[0].given and not of[0].doubtful)
