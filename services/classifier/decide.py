"""What an action means to whoever must decide about it: findings, labels, sensitivity, facts, and the action masked.

Rules:
- Every string, key and number of arguments, purpose and preview is looked into or named as not looked into. What was
  not looked into is masked whole, and the result says `incomplete`.
- The same action gives the same result. Neither the clock nor the network is asked; who looks (a detector), when time
  is up and what a fingerprint is are arguments.
- Nothing detected is readable in the result. Where that cannot be had the whole action counts as not inspected; where
  a credential stands in a part that everybody reads (name, resource, session) there is no result at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from placet.canonical import canonical_bytes
from placet.events import Facts, Sensitivity, Uninspected
from placet.limits import MAX_FINDINGS
from services.classifier.analysis import (
    artefacts,
    credentials,
    destinations,
    masking,
    placeholders,
    repeats,
    shape,
    sql,
    walk,
)
from services.classifier.analysis.looking import Looker, Marks, no_marks
from services.classifier.analysis.spans import MODEL_TYPES, Found
from services.classifier.analysis.taxonomy import DataCatalogue, Meaning, Taxonomy, combine
from services.classifier.analysis.unwrapping import unwrap
from services.classifier.errors import UnmaskableError
from services.classifier.model import Classification, Passage, Path, Skipped, Span, Subject
from services.classifier.ports import Detector

_MAX_PLACES: Final = 200
"""Places not inspected in one event. A member of the action with more of them, or of findings, is masked whole."""
_MAX_TABLES: Final = 256
_HIDDEN: Final = f"‹{placeholders.NOT_INSPECTED}›"
_UNKNOWN: Final = Meaning(labels=(), sensitivity=Sensitivity.RESTRICTED)
"""A type that a detector reports and the taxonomy does not know."""
_UNREAD: Final = "UNREAD_LANGUAGE"
"""What the taxonomy says of text in which the name model could find nobody."""
_DECODED: Final = 2
"""So many times the characters of an action are looked into in decoded texts."""
_RECORD_LISTS: Final = ("rows", "records", "items", "data", "results", "hits", "values")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner of the installation decided."""

    taxonomy: Taxonomy
    catalogue: DataCatalogue
    limits: walk.Limits = field(default_factory=walk.Limits)


@dataclass(frozen=True, slots=True)
class Means:
    """What deciding uses. `mark` is a keyed hash: (domain, content) → 64 hexadecimal digits."""

    detector: Detector
    read_sql: Callable[[str], sql.SqlFacts]
    mark: Callable[[str, bytes], str]
    out_of_time: Callable[[], bool] = lambda: False
    clean: Marks = field(default_factory=no_marks)
    """Leaves of earlier actions in which nothing was found."""


def classify(subject: Subject, rules: Rules, means: Means) -> Classification:
    """The classification of an action; raise `UnmaskableError` where a credential cannot be masked away."""
    _check_open_parts(subject, rules.taxonomy)
    looked = _look(subject, rules, means)
    kinds = looked.kinds
    if looked.unread and _UNREAD in rules.taxonomy.types:
        kinds.append(_UNREAD)
    found, skipped = _bounded(looked)
    values = repeats.values([*looked.found, *looked.closed], rules.taxonomy.credentials)
    masked = masking.mask(
        subject,
        found,
        skipped,
        values,
        credentials=rules.taxonomy.credentials,
        fingerprint=lambda kind, value: _fingerprint(means, kind, value),
    )
    if masked is None:
        return uninspected(subject, rules.taxonomy, means, "error")
    facts = _facts(subject, looked, rules, values)
    meanings = [rules.taxonomy.types.get(kind, _UNKNOWN) for kind in dict.fromkeys(kinds)]
    if not looked.only_aggregates:
        meanings += rules.catalogue.of_resource(subject.resource)
        meanings += rules.catalogue.of_tables(table for one in looked.statements for table in one.tables)
    labels, sensitivity = combine(rules.taxonomy.default, meanings)
    return Classification(
        arguments=masked.arguments,
        purpose=masked.purpose,
        preview=masked.preview,
        findings=masked.findings,
        labels=labels,
        # What nobody looked at may be anything.
        sensitivity=Sensitivity.RESTRICTED if masked.incomplete else sensitivity,
        facts=facts,
        incomplete=masked.incomplete,
        likeness=likeness(subject, means.mark),
        forms=masked.forms,
    )


def uninspected(subject: Subject, taxonomy: Taxonomy, means: Means, reason: str) -> Classification:
    """Nothing was looked into: everything that could hold a value is replaced whole."""
    return unseen(subject, reason, likeness=likeness(subject, means.mark), default=taxonomy.default)


def unseen(subject: Subject, reason: str, *, likeness: str, default: Sensitivity) -> Classification:
    """As `uninspected`, for whoever has the likeness already."""
    places = [name for name in masking.MEMBERS if getattr(subject, name)]
    whole = {name: placeholders.of(placeholders.NOT_INSPECTED, number) for number, name in enumerate(places, start=1)}
    return Classification(
        arguments={whole["arguments"]: whole["arguments"]} if "arguments" in whole else {},
        purpose=whole.get("purpose", ""),
        preview=whole.get("preview", subject.preview),
        findings=(),
        labels=(),
        sensitivity=max(default, Sensitivity.RESTRICTED, key=tuple(Sensitivity).index),
        facts=Facts(
            statement_kinds=(), argument_bytes=len(canonical_bytes(subject.arguments)), external_destination=True
        ),
        incomplete=tuple(Uninspected(pointer=f"/{name}", reason=reason) for name in places)
        or (Uninspected(pointer="/arguments", reason=reason),),
        likeness=likeness,
    )


@dataclass(slots=True)
class _Looked:
    found: list[Found]
    closed: list[Found]
    """Leaves that are masked whole: what was found in them is still a value, and still of its type."""
    skipped: list[Skipped]
    statements: list[sql.SqlFacts]
    places: list[destinations.Place]
    kinds: list[str]
    strings: int
    unread: bool = False
    """Somewhere stands text that the name model does not read, and of which nothing else tells what it is."""

    @property
    def only_aggregates(self) -> bool:
        return bool(self.statements) and all(one.only_aggregates for one in self.statements)


def _look(subject: Subject, rules: Rules, means: Means) -> _Looked:
    room = unwrap.Room(_DECODED * rules.limits.max_total_characters, rules.limits.max_text_characters)
    database = shape.is_database(subject.resource, subject.name)
    looker = Looker(
        rules.taxonomy,
        means.detector,
        means.read_sql,
        means.out_of_time,
        database=database,
        room=room,
        clean=means.clean,
        moves=artefacts.moves(subject.name),
    )
    looked = _Looked([], [], [], looker.statements, looker.places, [], sum(1 for _ in _strings(subject)))
    for one in walk.leaves(subject, rules.limits):
        if isinstance(one, Skipped):
            looked.skipped.append(one)
            continue
        seen = looker.look(one)
        looked.kinds.extend(seen.kinds)
        looked.unread = looked.unread or seen.unread
        if seen.closed is None:
            looked.found.append(seen.found)
        else:
            looked.closed.append(seen.found)
            looked.skipped.append(Skipped(one.path, seen.closed, one.where))
    across = looker.look_across(looked.found)
    looked.kinds.extend(span.entity_type for one in across for span in one.spans)
    return replace(looked, found=across)


def _bounded(looked: _Looked) -> tuple[list[Found], list[Skipped]]:
    """No more findings and places than an event carries: a member with more is masked whole."""
    crowded: set[str | int] = set()
    count = 0
    for one in looked.found:
        count += len(one.spans)
        if one.spans and count > MAX_FINDINGS:
            crowded.add(one.leaf.path[0])
    if len(looked.skipped) > _MAX_PLACES:
        crowded.update(skip.path[0] for skip in looked.skipped[_MAX_PLACES:])
    if not crowded:
        return looked.found, looked.skipped
    found = [one for one in looked.found if one.leaf.path[0] not in crowded]
    skipped = [skip for skip in looked.skipped if skip.path[0] not in crowded]
    whole: list[Path] = [(name,) for name in masking.MEMBERS if name in crowded]
    return found, [*skipped, *(Skipped(path, "too_many") for path in whole)]


def _facts(subject: Subject, looked: _Looked, rules: Rules, values: Mapping[str, Span]) -> Facts:
    statements = looked.statements
    reach = destinations.find(looked.places, rules.catalogue.is_internal)
    folded = {value.lower() for value, span in values.items() if span.entity_type not in MODEL_TYPES}

    def clean(texts: Iterable[str]) -> tuple[str, ...]:
        """A detected value in a name (`"jane@example.org"` as a table) is as secret there as anywhere."""
        return tuple(dict.fromkeys(_HIDDEN if any(value in t for value in [*values, *folded]) else t for t in texts))

    return Facts(
        destination_hosts=clean(reach.hosts),
        destination_domains=clean(reach.domains),
        external_destination=reach.external,
        statement_kinds=tuple(dict.fromkeys(kind for one in statements for kind in one.kinds)),
        statement_count=sum(one.count for one in statements),
        writes_in_query=any(one.writes_in_query for one in statements),
        unbounded=any(one.unbounded for one in statements),
        selects_all_columns=any(one.selects_all_columns for one in statements),
        tables=clean(dict.fromkeys(table for one in statements for table in one.tables))[:_MAX_TABLES],
        string_count=looked.strings,
        argument_bytes=len(canonical_bytes(subject.arguments)),
        preview_records=_records(subject.preview),
    )


def _check_open_parts(subject: Subject, taxonomy: Taxonomy) -> None:
    for text in (subject.name, subject.resource, subject.session or ""):
        for span in credentials.find(Passage(text)):
            if span.entity_type in taxonomy.credentials:
                raise UnmaskableError


def _records(preview: Any) -> int:
    match preview:
        case None:
            return 0
        case list() | tuple():
            return len(preview)
        case Mapping():
            lists = [preview[name] for name in _RECORD_LISTS if isinstance(preview.get(name), list | tuple)]
            return max(map(len, lists), default=1)
        case _:
            return 1


def _strings(value: object) -> Iterable[str]:
    match value:
        case Subject():
            yield from _strings(value.arguments)
        case str():
            yield value
        case Mapping():
            for item in value.values():
                yield from _strings(item)
        case list() | tuple():
            for item in value:
                yield from _strings(item)


def _fingerprint(means: Means, kind: str, value: str) -> str:
    return means.mark("finding", f"{kind}\n{value}".encode())[:32]


def likeness(subject: Subject, mark: Callable[[str, bytes], str]) -> str:
    """A keyed hash of agent, name, resource and arguments: equal for a repeat, telling nothing else."""
    same = {
        "agent": subject.agent,
        "name": subject.name,
        "resource": subject.resource,
        "arguments": dict(subject.arguments),
    }
    return mark("likeness", canonical_bytes(same))
