"""The decision: allow, deny or review, with the rules and reasons that made it.

Rules, in this order:
1. Without a rulebook everything is denied (`no_policy`).
2. Who asks must be who signed, known, enabled, entitled to the name it uses, and in time (`trust/…`): else deny.
3. What would take the engine too long is not asked (`guard/too_costly`): slowness is a denial.
4. Cedar is asked. A rule that cannot be evaluated, or any answer that is not understood: deny (`guard/…`). Cedar skips
   a rule that fails, so a skipped forbid would otherwise be no forbid.
5. Strictest wins: a forbid denies; a permit with a review asks people; a permit allows; no match denies.
6. What was not looked into completely, and what was edited by a reviewer, is never allowed: reviewed, or denied.

Time is an argument; nothing here reads a clock, a file or a socket.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final

from cedarpy import Decision as Answer
from cedarpy import PolicySet, is_authorized

from placet.canonical import canonical_bytes, sha256_hex
from placet.errors import DecodeError
from placet.events import ActionClassified, Verdict
from placet.limits import MAX_RULES, MAX_SENTENCE_CHARACTERS
from services.policy.cost import affordable
from services.policy.errors import QuestionTooLargeError
from services.policy.model import UNDECLARED, Decision, Judgement, Rule, Rulebook
from services.policy.question import Question, ask
from services.policy.reviews import combined
from services.policy.standing import Standing, objection_to

NO_POLICY_DIGEST: Final = sha256_hex(canonical_bytes({}))
"""The digest of no files at all."""
NOT_ASKED: Final = sha256_hex(canonical_bytes(None))
"""The input digest where the engine was asked nothing."""
TOO_COSTLY: Final = "guard/too_costly"

OWN_RULES: Final[Mapping[str, str]] = MappingProxyType({
    "no_policy": "No set of policies is loaded, so nothing is allowed.",
    "trust/commitment_invalid": "The agent's commitment does not verify.",
    "trust/commitment_mismatch": "The action differs from what the agent committed to.",
    "trust/unknown_agent": "The trust file does not know this agent.",
    "trust/agent_disabled": "The agent is disabled.",
    "trust/unlisted_on_behalf_of": "The agent may not act on behalf of the person it names.",
    "trust/deadline_passed": "The deadline has passed.",
    "trust/deadline_too_far": "The deadline lies further ahead than any may.",
    "guard/evaluation_error": "A rule could not be evaluated.",
    "guard/nothing_matched": "No rule permits this action.",
    "guard/incomplete": "A part of the action was not inspected, and no rule asks for a review of that.",
    "guard/edited": "A reviewer edited the action, and no rule asks for a review of that.",
    TOO_COSTLY: "Deciding by these rules would take too long for an action of this size.",
    "guard/requirement_too_large": "The reviews that match are too many to be one.",
})  # fmt: skip
"""Rules that are Placet's own: a deny without a rule of the rulebook names one of these."""


def decide(
    classified: ActionClassified, standing: Standing, rulebook: Rulebook | None, *, now: datetime, moment: datetime
) -> Decision:
    """Decide about a classified action.

    `now` is the time deadlines are held against; `moment` is the time rules see, taken from the signed event so that
    the same message is decided in the same way again.
    """
    if rulebook is None:
        return _deny("no_policy", policy=NO_POLICY_DIGEST)
    objection = objection_to(classified, standing, now)
    if objection is not None or standing.agent is None:
        return _deny(objection or "trust/unknown_agent", policy=rulebook.digest)
    return weigh(classified, rulebook, owner=standing.agent.owner, moment=moment)


def weigh(classified: ActionClassified, rulebook: Rulebook, *, owner: str, moment: datetime) -> Decision:
    """What the rules say, once it is settled who asks: rules 3 to 6."""
    try:
        question = ask(classified, owner=owner, rulebook=rulebook, moment=moment)
    except QuestionTooLargeError:
        return _deny(TOO_COSTLY, policy=rulebook.digest)
    if not affordable(rulebook.actions[question.action].weight, question.size):
        return _deny(TOO_COSTLY, policy=rulebook.digest, asked=question.digest)
    return conclude(
        judge(question, rulebook),
        question,
        rulebook,
        missing=missing_lines(classified, question, rulebook),
        incomplete=bool(classified.incomplete),
        edited=classified.edit_of is not None,
    )


def judge(question: Question, rulebook: Rulebook, policies: PolicySet | None = None) -> Judgement:
    """Ask the engine; `policies` are those of the action unless others are given."""
    try:
        applying = rulebook.actions[question.action]
        entities = applying.entities.with_added_json_str(question.entities)
        answer = is_authorized(question.request, policies or applying.policies, entities)
    except Exception:  # noqa: BLE001 - whatever the engine raises, the answer is that it could not be asked
        return Judgement(failed=("engine",))
    errors, reasons = answer.diagnostics.errors, answer.diagnostics.reasons
    if errors or answer.decision is Answer.NoDecision:
        return Judgement(failed=tuple(_failed_rule(error) for error in errors) or ("engine",))
    matched = tuple(rulebook.rules[reason] for reason in sorted(reasons) if reason in rulebook.rules)
    effect = "permit" if answer.decision is Answer.Allow else "forbid"
    if len(matched) != len(reasons) or any(rule.effect != effect for rule in matched):
        return Judgement(failed=("engine",))
    return Judgement(matched=matched)


def conclude(
    judgement: Judgement,
    question: Question,
    rulebook: Rulebook,
    *,
    missing: Sequence[str],
    incomplete: bool,
    edited: bool,
) -> Decision:
    """What follows from the engine's answer; `missing` are the lines a pack would need to know the action."""

    def denied(rule: str, *more: str) -> Decision:
        return _deny(rule, *more, policy=rulebook.digest, asked=question.digest, missing=missing)

    if judgement.failed:
        return denied("guard/evaluation_error", *judgement.failed)
    strictest = _strictest(judgement.matched)
    if not strictest:
        return denied("guard/nothing_matched")
    verdict, requirement = strictest[0].verdict, None
    reasons = [rule.reason for rule in strictest]
    if verdict is Verdict.ALLOW and incomplete:
        return denied("guard/incomplete")
    if verdict is Verdict.ALLOW and edited:
        return denied("guard/edited")
    if verdict is Verdict.REVIEW:
        reviews = [rule.review for rule in strictest if rule.review is not None]
        reasons += [review.question for review in reviews if review.question]
        try:
            requirement = combined([review.requirement for review in reviews])
        except DecodeError:
            return denied("guard/requirement_too_large")
    return Decision(
        verdict=verdict,
        rules=tuple(rule.id for rule in strictest)[:MAX_RULES],
        reasons=_sentences([*reasons, *missing]),
        requirement=requirement,
        policy_digest=rulebook.digest,
        input_digest=question.digest,
    )


def missing_lines(classified: ActionClassified, question: Question, rulebook: Rulebook) -> tuple[str, ...]:
    """What to add to the policy folder so that it knows the action and its resource."""
    name, resource = classified.action.name, classified.action.resource
    lines = []
    if question.action == UNDECLARED:
        group = name.split(".")[0]
        group = group if group in rulebook.declared.groups else "privileged"
        lines.append(
            f"No file declares {name}. To declare it, add to schema.cedarschema:"
            f' action "{name}" in ["{group}"] appliesTo {{ principal: Agent, resource: Resource, context: Context }};'
            f' and a policy for it: permit (principal, action == Action::"{name}", resource) when {{ … }};'
        )
    if not question.placed:
        scheme, _, path = resource.partition("://")
        lines.append(
            f"No file places {scheme}://{path.split('/')[0]}. To place it, add to entities.json:"
            f' {{"uid": {{"type": "Resource", "id": "{scheme}://{path.split("/")[0]}"}}, "attrs": {{}},'
            ' "parents": [{"type": "Environment", "id": "NAME"}]}'
        )
    return tuple(lines)


def _strictest(matched: Sequence[Rule]) -> list[Rule]:
    for verdict in (Verdict.DENY, Verdict.REVIEW, Verdict.ALLOW):
        rules = [rule for rule in matched if rule.verdict is verdict]
        if rules:
            return rules
    return []


def _deny(rule: str, *failed: str, policy: str, asked: str = NOT_ASKED, missing: Sequence[str] = ()) -> Decision:
    return Decision(
        verdict=Verdict.DENY,
        rules=(rule, *dict.fromkeys(name for name in failed if name != "engine"))[:MAX_RULES],
        reasons=_sentences([OWN_RULES[rule], *missing]),
        requirement=None,
        policy_digest=policy,
        input_digest=asked,
    )


def _failed_rule(error: str) -> str:
    """The id of the rule an engine's error names; the rest of its text may quote values."""
    found = _IN_RULE.match(error)
    return found[1] if found else "engine"


_IN_RULE: Final = re.compile(r"error while evaluating policy `([a-z0-9][a-z0-9._/-]{0,127})`")


def _sentences(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(text[:MAX_SENTENCE_CHARACTERS] for text in dict.fromkeys(texts))[:MAX_RULES]
