"""Why a decision is what it is: every rule that matches, those that were overruled too.

The service asks the engine once; here each rule of the action is asked alone as well, which is slow and says more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from placet.events import ActionClassified
from services.policy.decide import TOO_COSTLY, judge, weigh
from services.policy.model import Decision, Rule, Rulebook
from services.policy.needs import NOTHING
from services.policy.question import Question, ask
from services.policy.rulebook import policies_of


@dataclass(frozen=True, slots=True)
class Weighed:
    """A rule that matches, or could not be evaluated."""

    rule: Rule
    decided: bool
    failed: bool
    text: str
    """The policy as Cedar spells it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and what was asked for it."""

    decision: Decision
    question: Question
    rules: tuple[Weighed, ...]


def explain(classified: ActionClassified, rulebook: Rulebook, *, owner: str, moment: datetime) -> Explanation:
    """The decision about an action, with every rule that speaks to it."""
    decision = weigh(classified, rulebook, owner=owner, moment=moment)
    costly = TOO_COSTLY in decision.rules
    question = ask(classified, owner=owner, rulebook=rulebook, moment=moment, needs=NOTHING if costly else None)
    found = []
    for rule in () if costly else rulebook.rules.values():
        alone = policies_of([rule])
        judgement = judge(question, rulebook, alone)
        if judgement.matched or judgement.failed:
            found.append(
                Weighed(rule, decided=rule.id in decision.rules, failed=bool(judgement.failed), text=str(alone).strip())
            )
    order = {"deny": 0, "review": 1, "allow": 2}
    return Explanation(decision, question, tuple(sorted(found, key=lambda w: (order[w.rule.verdict], w.rule.id))))
