"""Annotations in, a rule out; several reviews in, one requirement out.

Rules:
- `@id` and `@reason` on every policy. A `permit` with `@review` needs `@approvals` and `@timeout`, and may have
  `@escalate`, `@channels`, `@stepup`, `@rejections`. Anything else is a mistake, and a mistake does not load.
- A timeout is no longer than proposals are kept: what is approved must still be there to be checked and run.
- Several reviews are one: expressions joined by AND, the shortest timeout, the fewest rejections, the strongest
  authentication, all channels, all escalations. The same expression twice is the same demand, not twice the people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from cedarpy import pst
from pydantic import TypeAdapter, ValidationError

from placet.base import RuleId
from placet.catalogue import CATALOGUE, Topic
from placet.errors import DecodeError
from placet.limits import MAX_DEADLINE_SECONDS, MAX_EXPRESSION_QUORUMS
from placet.requirement import AllOf, Escalation, Expression, Requirement, parse, quorums
from services.policy.errors import Problem
from services.policy.model import Review, Rule

Item = TypeVar("Item")

MAX_TEXT_CHARACTERS: Final = 500
MAX_TIMEOUT_SECONDS: Final = min(CATALOGUE[Topic.PROPOSED].retention_days * 24 * 3600, MAX_DEADLINE_SECONDS)
RESERVED: Final = ("trust/", "guard/", "no_policy")
"""Ids that say that Placet itself decided."""

_DEMANDS: Final = frozenset({"approvals", "timeout", "escalate", "channels", "stepup", "rejections"})
_KNOWN: Final = frozenset({"id", "reason", "review"}) | _DEMANDS
_DURATION: Final = re.compile(r"([1-9][0-9]{0,6})(s|m|h|d)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}
_ESCALATION: Final = re.compile(r"after (\S+) to (\S+)")
_RULE_ID: Final = TypeAdapter(RuleId)


def read_rule(file: str, policy: pst.Template) -> Rule | list[Problem]:
    """The rule a parsed policy states, or everything that is wrong with its annotations."""
    said = policy.annotations
    problems: list[Problem] = []

    def wrong(code: str, sentence: str) -> None:
        problems.append(Problem(code, file, sentence, said.get("id", "")))

    for name in ("id", "reason"):
        if not said.get(name, "").strip():
            wrong("missing_annotation", f"every policy has an @{name}")
    problems += [Problem("bad_id", file, sentence, said["id"]) for sentence in _wrong_id(said.get("id", ""))]
    for name in sorted(set(said) - _KNOWN):
        wrong("unknown_annotation", f"@{name} means nothing here; known are {', '.join(sorted(_KNOWN))}")
    for name in ("reason", "review"):
        if len(said.get(name, "")) > MAX_TEXT_CHARACTERS:
            wrong("too_long", f"@{name} has more than {MAX_TEXT_CHARACTERS} characters")
    review: Review | None = None
    if "review" not in said:
        for name in sorted(_DEMANDS & set(said)):
            wrong("without_review", f"@{name} has a meaning only beside @review")
    elif policy.effect == "forbid":
        wrong("review_of_forbid", "a forbid denies; only a permit can be reviewed")
    else:
        try:
            review = Review(question=said["review"].strip(), requirement=_requirement(said))
        except DecodeError as error:
            wrong(error.code, error.sentence)
    if problems:
        return problems
    return Rule(said["id"], file, policy.effect, said["reason"].strip(), review, policy)


def combined(requirements: Sequence[Requirement]) -> Requirement:
    """One requirement that satisfies all of them; raise `DecodeError` (`too_many_quorums`) where it would be larger
    than an expression may be.
    """
    expressions: list[Expression] = list(dict.fromkeys(demand.approvals for demand in requirements))
    if sum(quorums(expression) for expression in expressions) > MAX_EXPRESSION_QUORUMS:
        raise DecodeError("too_many_quorums", f"the reviews together have more than {MAX_EXPRESSION_QUORUMS} quorums")
    return Requirement(
        approvals=expressions[0] if len(expressions) == 1 else AllOf(of=tuple(expressions)),
        timeout_seconds=min(demand.timeout_seconds for demand in requirements),
        escalations=tuple(
            sorted(_union(demand.escalations for demand in requirements), key=lambda e: (e.after_seconds, e.group))
        ),
        channels=tuple(sorted(_union(demand.channels for demand in requirements))),
        step_up=next((demand.step_up for demand in requirements if demand.step_up is not None), None),
        rejections=min(demand.rejections for demand in requirements),
    )


def _requirement(said: Mapping[str, str]) -> Requirement:
    for name in ("approvals", "timeout"):
        if name not in said:
            raise DecodeError("missing_annotation", f"a @review needs @{name}")
    timeout = _duration(said["timeout"])
    if timeout > MAX_TIMEOUT_SECONDS:
        raise DecodeError(
            "timeout_too_long", f"proposals are kept for {MAX_TIMEOUT_SECONDS} seconds, a review no longer"
        )
    escalations = tuple(_escalation(part) for part in _parts(said.get("escalate")))
    if any(step.after_seconds >= timeout for step in escalations):
        raise DecodeError("late_escalation", "an escalation comes before the timeout")
    try:
        return Requirement(
            approvals=parse(said["approvals"]),
            timeout_seconds=timeout,
            escalations=escalations,
            channels=tuple(_parts(said.get("channels"))),
            step_up=said.get("stepup"),  # type: ignore[arg-type]  # checked by the model
            rejections=_count(said.get("rejections", "1")),
        )
    except ValidationError as error:
        field = error.errors(include_url=False, include_input=False)[0]["loc"][0]
        raise DecodeError("bad_annotation", f"@{_ANNOTATION.get(str(field), field)} is not of its form") from None


_ANNOTATION: Final = {"step_up": "stepup"}


def _wrong_id(given: str) -> list[str]:
    try:
        _RULE_ID.validate_python(given)
    except ValidationError:
        return ["an @id is lower-case letters, digits and . _ / -, at most 128"] if given.strip() else []
    return ["ids that begin like this are Placet's own"] if given.startswith(RESERVED) else []


def _duration(text: str) -> int:
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise DecodeError("bad_duration", "a duration is a number and s, m, h or d: 15m")
    return int(found[1]) * _SECONDS[found[2]]


def _escalation(text: str) -> Escalation:
    found = _ESCALATION.fullmatch(text)
    if found is None:
        raise DecodeError("bad_escalation", "@escalate is written `after 5m to GROUP`, several separated by commas")
    try:
        return Escalation(after_seconds=_duration(found[1]), group=found[2])
    except ValidationError:
        raise DecodeError("bad_escalation", "@escalate names no group") from None


def _parts(text: str | None) -> list[str]:
    return [] if text is None else [part.strip() for part in text.split(",")]


def _count(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise DecodeError("bad_annotation", "@rejections is a number")
    return int(text)


def _union(groups: Iterable[tuple[Item, ...]]) -> set[Item]:
    return {item for group in groups for item in group}
