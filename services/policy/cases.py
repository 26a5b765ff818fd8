"""A pack's own tests: what is asked, and what the rules must say.

    - case: an aggregate read is allowed
      given: {name: db.query, resource: postgres://warehouse/customers, facts: {statement_kinds: [select]}}
      expect: {decision: allow, rules: [read/query]}

Rules: closed and strict, so that a misspelt field is an error and not a test of nothing; what `given` does not say is
harmless (see `sample`); the trust checks are not part of it, because they are no matter of policy.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from placet.base import RuleId, Strict
from placet.events import Verdict
from placet.requirement import spell
from services.chassis.strict_yaml import StrictLoader
from services.policy.decide import weigh
from services.policy.errors import PolicyError, Problem
from services.policy.model import Decision, Rulebook
from services.policy.sample import Sample

Form = TypeVar("Form", bound=Strict)


class Expected(Strict):
    """What the decision must be."""

    decision: Verdict
    rules: tuple[RuleId, ...] | None = None
    """Exactly these, in any order; None: whichever."""
    approvals: str | None = None
    """The expression, as it is spelt in the decision; None: whichever."""


class Case(Strict):
    """One test."""

    case: str
    given: Sample
    expect: Expected


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case; passed where nothing is wrong."""

    file: str
    case: str
    wrong: tuple[str, ...]


def read_cases(file: str, text: str) -> list[Case]:
    """The cases of a file; raise `PolicyError`."""
    parsed = read_yaml(file, text)
    if not isinstance(parsed, list) or not parsed:
        raise PolicyError([Problem("bad_test", file, "is not a list of cases")])
    return [_case(file, number, one) for number, one in enumerate(parsed, start=1)]


def read_yaml(file: str, text: str) -> Any:
    """YAML (and so JSON) without duplicate keys; raise `PolicyError`."""
    try:
        return yaml.load(text, Loader=StrictLoader)  # noqa: S506 - a SafeLoader that refuses duplicate keys
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = "" if line is None else f" at line {line + 1}"
        raise PolicyError([Problem("bad_yaml", file, f"is not YAML{place}")]) from None


def run_case(file: str, case: Case, rulebook: Rulebook) -> Result:
    """Hold a case against the rules."""
    given, expected = case.given, case.expect
    decision = weigh(given.classified(), rulebook, owner=given.owner, moment=given.time)
    wrong = []
    if decision.verdict is not expected.decision:
        wrong.append(f"expected {expected.decision}, decided {decision.verdict}")
    if expected.rules is not None and set(decision.rules) != set(expected.rules):
        wrong.append(f"expected rules {', '.join(expected.rules)}; decided by {', '.join(decision.rules)}")
    if expected.approvals is not None and _spelt(decision) != expected.approvals:
        wrong.append(f"expected approvals {expected.approvals}; required {_spelt(decision)}")
    return Result(file, case.case, tuple(wrong))


def described(file: str, given: Any) -> Sample:
    """A sample from what a person wrote; raise `PolicyError` that names the field."""
    return _validated(Sample, file, "", given)


def _case(file: str, number: int, given: Any) -> Case:
    return _validated(Case, file, f"case {number}", given)


def _validated(model: type[Form], file: str, place: str, given: Any) -> Form:
    try:
        return model.model_validate_json(as_json(given))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = " at ".join(filter(None, ["/".join(str(part) for part in first["loc"]), place]))
        raise PolicyError([Problem("bad_test", file, f"{where}: {first['msg']}")]) from None
    except TypeError:
        raise PolicyError([Problem("bad_test", file, f"{place or 'it'} holds what JSON cannot")]) from None


def _spelt(decision: Decision) -> str:
    return "none" if decision.requirement is None else spell(decision.requirement.approvals)


def as_json(given: Any) -> str:
    """What YAML gave, as JSON; raise TypeError where JSON has no such thing."""

    def moment(value: Any) -> str:
        if isinstance(value, datetime):
            return value.isoformat()
        raise TypeError(type(value).__name__)

    return json.dumps(given, default=moment)
