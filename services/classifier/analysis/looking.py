"""Looking into one leaf of an action: what its names tell, what detectors say, and the same for every text inside it.

Rules:
- A text is read in one spelling (`folding`), then every text inside it, each under the hint that stands before it.
- A finding points at the stretch of the leaf that it came from; what it reads decoded is its `clear` value.
- Types count as they were found, each in its own text: a card and a mail address in one run of base64 are two types,
  though the run is masked once. What the owner looks for counts also where it is part of something else's span.
- What could not be looked into, however deep, makes the leaf one that was not inspected.
- A short leaf in which nothing was found under the same names is not looked into again: most keys, many values.
- Neighbours in a list are read as one string too; of what runs over their border only the unmistakable counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from services.classifier.analysis import artefacts, credentials, destinations, identifiers, names, shape, siblings, sql
from services.classifier.analysis.language import scripts
from services.classifier.analysis.owners.form import RECOGNIZERS as OWNERS
from services.classifier.analysis.spans import SPLIT, Found, around, resolve
from services.classifier.analysis.taxonomy import Taxonomy
from services.classifier.analysis.unwrapping import columns, folding, inserts, pairs, unwrap
from services.classifier.analysis.unwrapping.layer import Layer
from services.classifier.analysis.unwrapping.pairs import Pair
from services.classifier.analysis.unwrapping.unwrap import Closed, Inner, Room
from services.classifier.errors import DetectorError
from services.classifier.model import NOWHERE, Leaf, Passage, Span

_UNMISTAKABLE: Final = frozenset({"CREDIT_CARD", "IBAN_CODE", "US_SSN", "EMAIL_ADDRESS"})
_LONGEST_NEIGHBOUR: Final = 256
_MOST_NEIGHBOURS: Final = 64
_LONGEST_NUMBER: Final = 40
_LONGEST_CLEAN: Final = 200
"""Longer texts do not come back."""


class Detects(Protocol):
    """A detector, as `ports.Detector` has it."""

    def detect(self, passage: Passage) -> Sequence[Span]:
        """The spans in a text."""


class Marks(Protocol):
    """Marks of leaves in which nothing was found before; a set of strings is one."""

    def __contains__(self, mark: object, /) -> bool:
        """Whether it is known."""

    def add(self, mark: str, /) -> None:
        """Know it from now on."""


def no_marks() -> Marks:
    """Nothing was seen before."""
    return set[str]()


@dataclass(slots=True)
class Seen:
    """What one leaf holds."""

    found: Found
    kinds: list[str] = field(default_factory=list)
    closed: str | None = None
    """Why not all of it was looked into."""
    unread: bool = False
    """Somewhere stands text that the name model does not read, and of which nothing else tells what it is."""


@dataclass(slots=True)
class Looker:
    """Looks into the leaves of one action; collects its statements and places where things could go on the way."""

    taxonomy: Taxonomy
    detector: Detects
    read_sql: Callable[[str], sql.SqlFacts]
    out_of_time: Callable[[], bool]
    database: bool
    room: Room
    clean: Marks
    movement: artefacts.Movement = artefacts.Movement.MAY_MOVE
    statements: list[sql.SqlFacts] = field(default_factory=list)
    places: list[destinations.Place] = field(default_factory=list)

    def look(self, leaf: Leaf) -> Seen:
        """Everything in one leaf."""
        if leaf.entity_type is not None:
            span = Span(leaf.entity_type, 0, len(leaf.passage.text), 0.9, "shape")
            return Seen(Found(leaf, (span,)), [leaf.entity_type])
        mark = self._mark(leaf)
        if mark is not None and mark in self.clean:
            self.place(leaf, leaf.passage, is_sql=False)
            return Seen(Found(leaf, ()))
        statements = len(self.statements)
        one = _One(self, leaf)
        try:
            one.read(Layer(leaf.passage.text), leaf.passage, "", 0, own=True)
        except DetectorError as error:
            one.closed = error.reason
        nothing = not (one.spans or one.layers or one.closed or one.unread) and len(self.statements) == statements
        if nothing and mark is not None:
            self.clean.add(mark)
        found = Found(leaf, self._disjoint(leaf, one.spans) if one.spans else (), tuple(one.layers))
        # Of a placeholder that was found to be something nothing is left, and it is of no kind.
        kinds = one.kinds if found.spans or one.closed else []
        return Seen(found, kinds, one.closed, one.unread)

    def look_across(self, found: Sequence[Found]) -> list[Found]:
        """The same, with what runs over the borders of neighbours in a list."""
        more: dict[int, list[Span]] = {}
        for group in _neighbours(found):
            for index, span in self._across(found, group):
                more.setdefault(index, []).append(span)
        return [
            replace(one, spans=self._disjoint(one.leaf, [*one.spans, *more[index]])) if index in more else one
            for index, one in enumerate(found)
        ]

    def _mark(self, leaf: Leaf) -> str | None:
        """All that looking into a leaf depends on, besides the configuration; None where it is too long to keep."""
        passage = leaf.passage
        if len(passage.text) > _LONGEST_CLEAN:
            return None
        where = f"{leaf.where}{leaf.path[0] == 'arguments':d}{self.database:d}{self.movement}{passage.number:d}"
        return f"{where}{' '.join(passage.hints)}\n{passage.text}"

    def place(self, leaf: Leaf, passage: Passage, *, is_sql: bool) -> None:
        """Where things could go is asked of all strings of the arguments, whatever was seen before."""
        if leaf.where == "value" and leaf.path[0] == "arguments" and not passage.number:
            self.places.append(destinations.Place(passage.text, passage.hints, is_sql))

    def _disjoint(self, leaf: Leaf, spans: Iterable[Span]) -> tuple[Span, ...]:
        resolved = resolve(spans, self.taxonomy.credentials)
        return around(leaf.passage.text, resolved, self.taxonomy.types)

    def _across(self, found: Sequence[Found], group: range) -> Iterator[tuple[int, Span]]:
        texts = [found[index].leaf.passage.text for index in group]
        whole, hints = "".join(texts), found[group[0]].leaf.passage.hints
        for span in self.detector.detect(Passage(whole, hints, spoken=NOWHERE)):
            if not self._is_unmistakable(span, whole):
                continue
            at = 0
            for index, text in zip(group, texts, strict=True):
                start, end = max(span.start - at, 0), min(span.end - at, len(text))
                if start < end and end - start < span.end - span.start:
                    clear = whole[span.start : span.end]
                    yield index, Span(span.entity_type, start, end, span.score, f"{SPLIT}{span.recognizer}", clear)
                at += len(text)

    def _is_unmistakable(self, span: Span, whole: str) -> bool:
        if span.entity_type == "EMAIL_ADDRESS":
            return whole[span.start : span.end].rpartition(".")[2].isalpha()
        whole_text = span.start == 0 and span.end == len(whole) and span.recognizer.endswith("telling_name")
        return (span.entity_type in _UNMISTAKABLE or span.entity_type in self.taxonomy.credentials) and not whole_text


class _One:
    """One leaf being read."""

    def __init__(self, looker: Looker, leaf: Leaf) -> None:
        self._looker = looker
        self._leaf = leaf
        self._in_arguments = leaf.path[0] == "arguments"
        self.spans: list[Span] = []
        self.kinds: list[str] = []
        self.layers: list[Layer] = []
        self.closed: str | None = None
        self.unread = False

    def read(self, layer: Layer, passage: Passage, how: str, depth: int, *, own: bool) -> None:
        """A text, and what is inside it. `own`: not another spelling of one that was read already."""
        if self._looker.out_of_time():
            raise DetectorError("too_slow")
        # What a statement does and where things go is read as it stands: a database and a resolver fold nothing.
        statement = self._facts(passage) if own and self._in_arguments else None
        if not passage.number and (folded := folding.fold(layer)) is not layer:
            # What only the writer's own spelling shows counts too; names are looked for in one spelling.
            as_written = self._spans(replace(passage, spoken=NOWHERE), statement)
            for span in resolve(as_written, self._looker.taxonomy.credentials):
                self._add(layer, span, how)
            layer, passage = folded, replace(passage, text=folded.text)
            self.layers.append(layer)
            statement = self._looker.read_sql(passage.text) if statement is not None else None
        spans: Sequence[Span] = self._spans(passage, statement)
        if spans:
            self.kinds.extend(span.entity_type for span in spans if span.recognizer.startswith(OWNERS))
            spans = resolve(spans, self._looker.taxonomy.credentials)
            for span in spans:
                self._add(layer, span, how)
        if passage.number or len(passage.text) < unwrap.SHORTEST:
            return
        covered = [(s.start, s.end) for s in spans if s.entity_type in self._looker.taxonomy.credentials]
        if covered == [(0, len(passage.text))]:
            return
        for inner in unwrap.inside(layer, passage.hints, self._looker.room, covered):
            if isinstance(inner, Closed):
                self.closed = self.closed or inner.reason
            elif depth == unwrap.DEEPEST:
                self.closed = self.closed or "too_deep"
            else:
                self._descend(inner, how, depth)

    def _descend(self, inner: Inner, how: str, depth: int) -> None:
        self.layers.append(inner.layer)
        how = how or inner.how
        size = len(inner.layer.text)
        if inner.kind:
            self._add(inner.layer, Span(inner.kind, 0, size, 0.9, inner.told), how)
        elif size:
            spoken = NOWHERE if inner.known else None
            passage = Passage(inner.layer.text, inner.hints, number=inner.number, spoken=spoken)
            self.read(inner.layer, passage, how, depth + 1, own=inner.own)

    def _add(self, layer: Layer, span: Span, how: str) -> None:
        start, end = layer.ground(span.start, span.end)
        clear = layer.text[span.start : span.end]
        self.kinds.append(span.entity_type)
        recognizer = f"{how}/{span.recognizer}"[:128] if how else span.recognizer
        self.spans.append(
            Span(span.entity_type, start, end, span.score, recognizer, "" if layer.below is None else clear)
        )

    def _facts(self, passage: Passage) -> sql.SqlFacts | None:
        """What a text does, where it is SQL; and where it could send something."""
        looker, statement = self._looker, None
        is_key = self._leaf.where == "key"
        if not is_key and shape.is_sql(passage, database=looker.database):
            statement = looker.read_sql(passage.text)
            looker.statements.append(statement)
        else:
            looker.statements.extend(map(looker.read_sql, shape.sql_in_command(passage.text)))
        looker.place(self._leaf, passage, is_sql=statement is not None)
        return statement

    def _spans(self, passage: Passage, statement: sql.SqlFacts | None) -> list[Span]:
        """What shape, the name above, names beside values and columns in SQL tell, and what detectors find."""
        text = passage.text
        spans = list(self._told(passage, statement))
        if self._leaf.where == "value" and (kind := self._kind_of(passage.hints, text)):
            spans.append(Span(kind, 0, len(text), 0.8, "field"))
        if spans and not passage.known and any(span.end - span.start == len(text) for span in spans):
            passage = replace(passage, spoken=NOWHERE)
        elif statement is not None and statement.spoken is not None and not passage.known:
            told = {(span.start, span.end) for span in spans}
            spoken = tuple(one for one in statement.spoken if (one[0] + 1, one[1] - 1) not in told)
            passage = replace(passage, spoken=spoken)
        self.unread = self.unread or (not passage.known and scripts.unread(text))
        detected = self._looker.detector.detect(passage)
        return [*spans, *(one for one in detected if artefacts.is_moved(one, self._looker.movement))]

    def _told(self, passage: Passage, statement: sql.SqlFacts | None) -> Iterator[Span]:
        text = passage.text
        if not passage.number and len(text) > _SHORTEST_PAIR:
            for hints, pair in _named(pairs.find(text)):
                if kind := self._kind_of(hints, pair.value):
                    yield Span(kind, pair.start, pair.end, 0.8, "field/beside")
                elif self._may_be_number(hints, pair, text):
                    yield from self._of_number(hints, pair.value, pair.start)
            for find in (columns.find, inserts.find):
                for hints, pair in _named(find(text)):
                    yield from self._under(hints, pair.value, pair.start)
        told = statement.told if statement is not None else ()
        named = {names.words(one.column) for one in told}
        for one in told:
            hints = siblings.of_person(names.words(one.column), named)
            yield from self._under(hints, text[one.start : one.end], one.start)

    def _kind_of(self, hints: tuple[str, ...], value: str) -> str | None:
        """The type that a name says its value is of, where the value can be that."""
        kind = self._looker.taxonomy.field_type(hints)
        return kind if kind and self._looker.taxonomy.field_holds(kind, value) else None

    def _under(self, column: tuple[str, ...], value: str, start: int) -> Iterator[Span]:
        """A value under the name of its column: as under an object's key, where the name tells of what has a form."""
        if kind := self._kind_of(column, value):
            yield Span(kind, start, start + len(value), 0.8, "field/column")
            return
        if names.is_secret(column) or names.is_key(column):
            for span in credentials.find(Passage(value, column, number=value.isdigit(), spoken=NOWHERE)):
                yield replace(span, start=span.start + start, end=span.end + start)
        elif identifiers.tells(column):
            yield from self._of_number(column, value, start)

    def _may_be_number(self, hints: tuple[str, ...], pair: Pair, text: str) -> bool:
        """A short value as it stands, under a name that says that somebody's number stands there."""
        as_it_stands = pair.value == text[pair.start : pair.end]
        return as_it_stands and len(pair.value) <= _LONGEST_NUMBER and identifiers.tells(hints)

    def _of_number(self, name: tuple[str, ...], value: str, start: int) -> Iterator[Span]:
        """What a value is under a name that says that somebody's number stands there."""
        for span in self._looker.detector.detect(Passage(value, name, number=value.isdigit(), spoken=NOWHERE)):
            yield replace(span, start=span.start + start, end=span.end + start)


_SHORTEST_PAIR: Final = 5


def _named(found: Iterable[Pair]) -> Iterator[tuple[tuple[str, ...], Pair]]:
    """Values and what their names say, the other names in the text considered."""
    values = list(found)
    beside = {pair.hints for pair in values}
    for pair in values:
        yield siblings.of_person(pair.hints, beside), pair


def _neighbours(found: Sequence[Found]) -> Iterator[range]:
    """Runs of strings that stand beside each other in a list and in which nothing was found."""
    start = 0
    for index, one in enumerate(found):
        if not _may_continue(one):
            start = index + 1
        elif index > start and not _follows(found[index - 1].leaf, one.leaf):
            start = index
        following = found[index + 1] if index + 1 < len(found) else None
        ends = following is None or not (_may_continue(following) and _follows(one.leaf, following.leaf))
        if ends and 1 < index + 1 - start <= _MOST_NEIGHBOURS and start <= index:
            yield range(start, index + 1)


def _may_continue(one: Found) -> bool:
    """What was masked already goes on no more than what was found just now."""
    passage = one.leaf.passage
    if one.spans or passage.number or one.leaf.where == "key":
        return False
    return len(passage.text) <= _LONGEST_NEIGHBOUR and "‹" not in passage.text


def _follows(before: Leaf, after: Leaf) -> bool:
    *above_before, last = before.path
    *above_after, here = after.path
    return isinstance(last, int) and isinstance(here, int) and here == last + 1 and above_before == above_after
