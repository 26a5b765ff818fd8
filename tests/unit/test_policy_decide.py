"""The decision: fail closed, strictest wins, and allow only through a named permit."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from cedarpy import PolicySet
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.events import ActionClassified, Facts, Sensitivity, StatementKind, Uninspected, Verdict
from placet.grants import commitment_of
from placet.limits import MAX_DEADLINE_SECONDS, MAX_EVENT_BYTES
from placet.requirement import spell
from placet.trust import Agent
from services.policy.cost import MAX_TAGS, affordable
from services.policy.decide import NO_POLICY_DIGEST, NOT_ASKED, OWN_RULES, TOO_COSTLY, decide, judge, weigh
from services.policy.explain import explain
from services.policy.model import Decision, Rulebook
from services.policy.needs import EVERYTHING
from services.policy.question import ask
from services.policy.rulebook import policies_of
from services.policy.sample import Sample
from services.policy.standing import Standing
from tests.factories import NOW, new_action_id
from tests.policies import REVIEW, rulebook, shipped

PACK = shipped()
AGENT = Agent(owner="dave", on_behalf_of=("frank",), keys=())
UNSEEN = (Uninspected(pointer="/arguments/a", reason="too_large"),)


def classified(**given: Any) -> ActionClassified:
    sample = Sample(**{"name": "db.query", "resource": "postgres://warehouse/customers", "time": NOW, **given})
    return sample.classified()


def decided(book: Rulebook | None, action: ActionClassified | None = None, **standing: Any) -> Decision:
    action = action or classified()
    good = {"commitment": commitment_of(action), "agent": AGENT}
    return decide(action, Standing(**{**good, **standing}), book, now=NOW, moment=NOW)


ALLOW = '@id("yes") @reason("Fine.") permit (principal, action, resource);'


def test_a_permit_allows() -> None:
    decision = decided(rulebook(ALLOW))
    assert (decision.verdict, decision.rules, decision.reasons) == (Verdict.ALLOW, ("yes",), ("Fine.",))
    assert decision.requirement is None


def test_without_a_rulebook_everything_is_denied() -> None:
    decision = decided(None)
    assert (decision.verdict, decision.rules) == (Verdict.DENY, ("no_policy",))
    assert (decision.policy_digest, decision.input_digest) == (NO_POLICY_DIGEST, NOT_ASKED)


def changed(**changes: Any) -> ActionClassified:
    return classified().model_copy(update=changes)


SOUND = commitment_of(classified())


@pytest.mark.parametrize(
    ("rule", "action", "standing"),
    [
        ("trust/commitment_invalid", classified(), {"commitment": None}),
        ("trust/commitment_mismatch", changed(agent="other-agent"), {"commitment": SOUND}),
        ("trust/commitment_mismatch", changed(action_id=new_action_id()), {"commitment": SOUND}),
        ("trust/commitment_mismatch", changed(on_behalf_of="frank"), {"commitment": SOUND}),
        ("trust/commitment_mismatch", classified(name="db.write"), {"commitment": SOUND}),
        ("trust/commitment_mismatch", classified(resource="postgres://warehouse/a"), {"commitment": SOUND}),
        ("trust/commitment_mismatch", changed(deadline=NOW + timedelta(minutes=1)), {"commitment": SOUND}),
        ("trust/commitment_mismatch", changed(edit_of=new_action_id()), {"commitment": SOUND}),
        ("trust/commitment_mismatch", changed(digest="f" * 64), {"commitment": SOUND}),
        ("trust/unknown_agent", classified(), {"agent": None}),
        ("trust/agent_disabled", classified(), {"agent": AGENT.model_copy(update={"disabled": True})}),
        ("trust/unlisted_on_behalf_of", classified(on_behalf_of="alice"), {}),
        ("trust/deadline_passed", changed(deadline=NOW), {}),
        ("trust/deadline_passed", changed(deadline=NOW - timedelta(days=1)), {}),
        ("trust/deadline_too_far", changed(deadline=NOW + timedelta(seconds=MAX_DEADLINE_SECONDS + 1)), {}),
    ],
)
def test_who_asks_is_settled_before_any_policy_is_asked(
    rule: str, action: ActionClassified, standing: dict[str, Any]
) -> None:
    decision = decided(rulebook(ALLOW), action, **standing)
    assert (decision.verdict, decision.rules, decision.input_digest) == (Verdict.DENY, (rule,), NOT_ASKED)


@pytest.mark.parametrize(
    "action",
    [
        classified(on_behalf_of="frank"),
        changed(deadline=NOW + timedelta(seconds=1)),
        changed(deadline=NOW + timedelta(seconds=MAX_DEADLINE_SECONDS)),
    ],
)
def test_who_asks_rightly_is_heard(action: ActionClassified) -> None:
    assert decided(rulebook(ALLOW), action).verdict is Verdict.ALLOW


FORBID = '@id("no") @reason("Never.") forbid (principal, action, resource);'
ASK = f'@id("ask") @reason("Perhaps.") {REVIEW} permit (principal, action, resource);'
ASK_ALSO = (
    '@id("ask-also") @reason("Perhaps not.") @review("Why?") @approvals("1 from data-owners") @timeout("1m")'
    " permit (principal, action, resource);"
)
NOT_MATCHING = '@id("other") @reason("x") permit (principal, action == Action::"db.write", resource);'


@pytest.mark.parametrize(
    ("policies", "verdict", "rules"),
    [
        (ALLOW + FORBID, Verdict.DENY, ("no",)),
        (ASK + FORBID, Verdict.DENY, ("no",)),
        (ALLOW + ASK, Verdict.REVIEW, ("ask",)),
        (ALLOW + ASK + FORBID, Verdict.DENY, ("no",)),
        (ASK + ASK_ALSO, Verdict.REVIEW, ("ask", "ask-also")),
        (ALLOW + NOT_MATCHING, Verdict.ALLOW, ("yes",)),
        (NOT_MATCHING, Verdict.DENY, ("guard/nothing_matched",)),
    ],
)
def test_strictest_wins(policies: str, verdict: Verdict, rules: tuple[str, ...]) -> None:
    decision = decided(rulebook(policies))
    assert (decision.verdict, decision.rules) == (verdict, rules)
    assert (decision.requirement is None) == (verdict is not Verdict.REVIEW)


def test_reviews_are_combined_and_their_questions_told() -> None:
    decision = decided(rulebook(ALLOW + ASK + ASK_ALSO))
    assert decision.requirement is not None
    assert spell(decision.requirement.approvals) == "1 from security and 1 from data-owners"
    assert decision.requirement.timeout_seconds == 60
    assert decision.reasons == ("Perhaps.", "Perhaps not.", "Look.", "Why?")


def test_more_reviews_than_a_requirement_holds_are_denied() -> None:
    many = "".join(
        f'@id("r{i}") @reason("x") @review("x") @approvals("1 from g{i}") @timeout("1m")'
        " permit (principal, action, resource);"
        for i in range(17)
    )
    assert decided(rulebook(many)).rules == ("guard/requirement_too_large",)


LOOKS = (
    '@id("looks") @reason("x") forbid (principal, action, resource) when {{ context.arguments.hasTag("/text") && {} }};'
)
SLOW = LOOKS.format(f'context.arguments.getTag("/text") like "*{"a" * 1_000}b*"')
QUICK = LOOKS.format('context.arguments.getTag("/text") == "b"')


@pytest.mark.parametrize(
    ("policies", "arguments", "rules"),
    [
        (ALLOW + SLOW, {"text": "a" * 10_000}, ("yes",)),
        (ALLOW + SLOW, {"text": "a" * 100_000}, ("guard/too_costly",)),
        (ALLOW, {"text": "a" * 100_000}, ("yes",)),
        (ALLOW + QUICK, {"rows": ["a"] * MAX_TAGS}, ("yes",)),
        (ALLOW + QUICK, {"rows": ["a"] * (MAX_TAGS + 1)}, ("guard/too_costly",)),
        (ALLOW + QUICK, {"k" * 10_000: ["a"] * 101}, ("guard/too_costly",)),
    ],
    ids=["small", "long pattern, long text", "nobody looks", "many values", "too many values", "long pointers"],
)
def test_what_would_take_the_engine_too_long_is_denied(
    policies: str, arguments: dict[str, Any], rules: tuple[str, ...]
) -> None:
    book, action = rulebook(policies), classified(arguments=arguments)
    decision = decided(book, action)
    assert decision.rules == rules
    assert decision.verdict is (Verdict.DENY if rules == (TOO_COSTLY,) else Verdict.ALLOW)
    explained = explain(action, book, owner="dave", moment=NOW)
    assert explained.decision.rules == rules
    assert bool(explained.rules) == (decision.verdict is Verdict.ALLOW)


def test_the_shipped_pack_answers_the_largest_action() -> None:
    heaviest = max(applying.weight for applying in PACK.actions.values())
    assert affordable(heaviest, MAX_EVENT_BYTES)
    assert not affordable(heaviest, 2 * MAX_EVENT_BYTES)


def test_what_was_not_inspected_is_never_allowed() -> None:
    action = classified(incomplete=UNSEEN)
    assert decided(rulebook(ALLOW), action).rules == ("guard/incomplete",)
    assert decided(rulebook(ALLOW + ASK), action).verdict is Verdict.REVIEW
    assert decided(rulebook(ALLOW + ASK + FORBID), action).verdict is Verdict.DENY


def test_what_a_reviewer_edited_is_never_allowed_unseen() -> None:
    action = classified(edit_of=new_action_id())
    assert decided(rulebook(ALLOW), action).rules == ("guard/edited",)
    assert decided(rulebook(ALLOW + ASK), action).verdict is Verdict.REVIEW


OVERFLOWS = "when { context.facts.string_count * 9223372036854775807 > 5 }"
TWO_STRINGS = classified(facts=Facts(string_count=2))


def test_a_forbid_that_cannot_be_evaluated_is_not_skipped() -> None:
    book = rulebook(ALLOW + f'@id("broken") @reason("x") forbid (principal, action, resource) {OVERFLOWS};')
    assert decided(book).verdict is Verdict.ALLOW, "it can be evaluated for no strings"
    decision = decided(book, TWO_STRINGS)
    assert (decision.verdict, decision.rules) == (Verdict.DENY, ("guard/evaluation_error", "broken"))
    assert "9223372036854775807" not in " ".join(decision.reasons)


def test_a_permit_that_cannot_be_evaluated_denies_beside_one_that_matches() -> None:
    book = rulebook(ALLOW + f'@id("broken") @reason("x") permit (principal, action, resource) {OVERFLOWS};')
    assert decided(book, TWO_STRINGS).rules == ("guard/evaluation_error", "broken")


def test_an_engine_that_answers_nonsense_denies() -> None:
    book = rulebook(ALLOW)
    question = ask(classified(), owner="dave", rulebook=book, moment=NOW)
    foreign = PolicySet.from_str('@id("foreign") permit (principal, action, resource);')
    assert judge(question, book, foreign).failed == ("engine",)
    assert judge(dataclasses.replace(question, entities="[broken"), book).failed == ("engine",)
    assert judge(dataclasses.replace(question, context='{"labels": null}'), book).failed == ("engine",)
    assert judge(dataclasses.replace(question, action="not.there"), book).failed == ("engine",)


def test_the_lines_that_are_missing_are_told() -> None:
    decision = decided(rulebook(ALLOW), classified(name="export.payroll", resource="pg://elsewhere/payroll/june"))
    told = " ".join(decision.reasons)
    assert 'action "export.payroll" in ["export"] appliesTo' in told
    assert '{"uid": {"type": "Resource", "id": "pg://elsewhere"}' in told
    assert not any("No file" in reason for reason in decided(rulebook(ALLOW)).reasons)


def test_the_longest_names_make_no_longer_reason_than_an_event_carries() -> None:
    action = classified(name="a" * 128, resource=f"s3://{'b' * 506}")
    decision = decided(rulebook(FORBID), action)
    assert all(len(reason) <= 1_000 for reason in decision.reasons)


# Properties.

labels = st.sampled_from(["pii", "credential", "financial", "embedding", "confidential", "other"])
samples = st.builds(
    Sample,
    name=st.sampled_from(sorted(PACK.actions)) | st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,5})?", fullmatch=True),
    resource=st.sampled_from(
        [
            "postgres://warehouse/customers",
            "s3://reports/a",
            "s3://partner-bucket/a",
            "slack://workspace/a",
            "mail://outside/a",
            "x://nowhere",
        ]
    ),
    arguments=st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.integers(-5, 5) | st.none(), max_size=2),
    labels=st.lists(labels, max_size=2).map(tuple),
    sensitivity=st.sampled_from(Sensitivity),
    incomplete=st.sampled_from([(), (), UNSEEN]),
    edit_of=st.sampled_from([None, None, new_action_id()]),
    facts=st.builds(
        Facts,
        external_destination=st.booleans(),
        statement_kinds=st.lists(st.sampled_from(StatementKind), max_size=2).map(tuple),
        statement_count=st.integers(0, 2),
        writes_in_query=st.booleans(),
        unbounded=st.booleans(),
        selects_all_columns=st.booleans(),
        string_count=st.integers(0, 2),
    ),
    time=st.just(NOW),
)
standings: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    good=st.booleans(),
    agent=st.sampled_from([AGENT, AGENT, AGENT, None, AGENT.model_copy(update={"disabled": True})]),
)


@given(samples, standings, st.booleans())
@settings(max_examples=400)
def test_nothing_is_allowed_except_through_a_named_permit(sample: Sample, standing: Any, loaded: bool) -> None:
    action = sample.classified()
    book = PACK if loaded else None
    decision = decided(
        book, action, commitment=commitment_of(action) if standing["good"] else None, agent=standing["agent"]
    )
    named = [PACK.rules[rule] for rule in decision.rules if rule in PACK.rules]
    assert decision.rules
    assert decision.reasons
    assert set(decision.rules) <= set(PACK.rules) | set(OWN_RULES)
    if decision.verdict is Verdict.DENY:
        assert decision.requirement is None
        return
    assert loaded
    assert standing["good"]
    assert standing["agent"] == AGENT
    assert len(named) == len(decision.rules)
    assert all(rule.verdict is decision.verdict for rule in named)
    assert (decision.requirement is not None) == (decision.verdict is Verdict.REVIEW)
    if decision.verdict is Verdict.ALLOW:
        assert not sample.incomplete
        assert sample.edit_of is None


@dataclasses.dataclass(frozen=True)
class Piece:
    """A rule whose answer a test can work out by itself."""

    effect: str
    review: bool
    action: str
    condition: str

    def text(self, number: int) -> str:
        review = REVIEW if self.review and self.effect == "permit" else ""
        conditions = {
            "always": "true",
            "never": "false",
            "pii": 'context.labels.contains("pii")',
            "two": "context.facts.string_count > 1",
            "overflow": "context.facts.string_count * 9223372036854775807 >= 0",
        }
        scope = {"any": "action", "read": 'action in Action::"read"', "db.query": 'action == Action::"db.query"'}
        head = f'@id("p{number}") @reason("x") {review} {self.effect}'
        return f"{head} (principal, {scope[self.action]}, resource) when {{ {conditions[self.condition]} }};"

    def answer(self, sample: Sample) -> Verdict | str | None:
        reads = {"any": True, "read": sample.name in {"db.query", "storage.read"}}
        if not reads.get(self.action, sample.name == self.action):
            return None
        strings = sample.facts.string_count
        if self.condition == "overflow" and strings > 1:
            return "error"
        holds = {"always": True, "never": False, "pii": "pii" in sample.labels, "two": strings > 1, "overflow": True}
        if not holds[self.condition]:
            return None
        return Verdict.DENY if self.effect == "forbid" else Verdict.REVIEW if self.review else Verdict.ALLOW


pieces = st.builds(
    Piece,
    effect=st.sampled_from(["permit", "permit", "forbid"]),
    review=st.booleans(),
    action=st.sampled_from(["any", "read", "db.query"]),
    condition=st.sampled_from(["always", "never", "pii", "two", "overflow"]),
)


@given(st.lists(pieces, min_size=1, max_size=5), st.lists(samples, min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_the_decision_is_the_strictest_of_what_the_rules_say(rules: list[Piece], actions: list[Sample]) -> None:
    book = rulebook("".join(piece.text(number) for number, piece in enumerate(rules)))
    for sample in actions:
        answers = {piece.answer(sample) for piece in rules} - {None}
        unsure = bool(sample.incomplete) or sample.edit_of is not None
        if "error" in answers or Verdict.DENY in answers or not answers:
            expected = Verdict.DENY
        elif Verdict.REVIEW in answers:
            expected = Verdict.REVIEW
        else:
            expected = Verdict.DENY if unsure else Verdict.ALLOW
        assert weigh(sample.classified(), book, owner="dave", moment=NOW).verdict is expected


@given(samples)
@settings(max_examples=200)
def test_leaving_out_what_no_rule_looks_at_changes_no_answer(sample: Sample) -> None:
    action = sample.classified()
    short = ask(action, owner="dave", rulebook=PACK, moment=NOW)
    whole = ask(action, owner="dave", rulebook=PACK, moment=NOW, needs=EVERYTHING)
    everything = policies_of(PACK.rules.values())
    assert judge(short, PACK) == judge(whole, PACK) == judge(whole, PACK, everything)
