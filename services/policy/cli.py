"""`placet policy check | explain | test`: the service's own code, at a prompt.

Rules: exit status 0 only where all is well; `--json` prints one object; nothing is sent anywhere.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from pydantic import ValidationError

from placet.events import ActionClassified, Verdict
from placet.requirement import spell
from services.policy.adapters.folder import read_folder
from services.policy.cases import as_json as to_json
from services.policy.cases import described, read_cases, read_yaml, run_case
from services.policy.errors import PolicyError, Problem
from services.policy.explain import Explanation, explain
from services.policy.model import Rulebook
from services.policy.rulebook import compile_rulebook
from services.policy.sample import Sample
from services.policy.settings import DEFAULT_PACK

_FOLDER = click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), default=DEFAULT_PACK, required=False
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")


@click.group()
def policy() -> None:
    """Check, explain and test policies.

    \b
    placet policy check services/policy/pack
    placet policy test services/policy/pack
    placet policy explain --file action.json
    """  # noqa: D301 - click reads the control character


@policy.command()
@_FOLDER
@_JSON
def check(folder: Path, *, as_json: bool) -> None:
    """Say whether the set in FOLDER would load, and every reason why not.

    \b
    Example: placet policy check my-policies
    """  # noqa: D301 - click reads the control character
    rulebook = _rulebook(folder, as_json=as_json)
    found = {
        "ok": True,
        "digest": rulebook.digest,
        "rules": sorted(rulebook.rules),
        "actions": sorted(rulebook.actions),
        "resources": sorted(rulebook.declared.places),
    }
    text = f"{len(rulebook.rules)} rules for {len(rulebook.actions)} actions, digest {rulebook.digest}"
    click.echo(json.dumps(found) if as_json else text)


@policy.command()
@_FOLDER
@_JSON
def test(folder: Path, *, as_json: bool) -> None:
    """Run FOLDER/tests/*.yaml against the set in FOLDER.

    \b
    Example: placet policy test my-policies
    """  # noqa: D301 - click reads the control character
    rulebook = _rulebook(folder, as_json=as_json)
    files = sorted((folder / "tests").glob("*.yaml"))
    if not files:
        _refuse([Problem("no_tests", "tests/*.yaml", "there are none")], as_json=as_json)
    try:
        cases = [(path.name, case) for path in files for case in read_cases(path.name, path.read_text())]
    except PolicyError as error:
        _refuse(error.problems, as_json=as_json)
    results = [run_case(file, case, rulebook) for file, case in cases]
    failed = [result for result in results if result.wrong]
    if as_json:
        failures = [{"file": one.file, "case": one.case, "wrong": one.wrong} for one in failed]
        click.echo(json.dumps({"ok": not failed, "passed": len(results) - len(failed), "failed": failures}))
    else:
        for one in failed:
            click.echo(f"{one.file}: {one.case}: {'; '.join(one.wrong)}")
        click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


@policy.command("explain")
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="An action as tests describe one (JSON or YAML), or an ActionClassified, alone or in its event.",
)
@click.option(
    "--policies",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=DEFAULT_PACK,
    help="The policy folder; the pack that Placet ships with unless given.",
)
@_JSON
def explain_command(path: Path, folder: Path, *, as_json: bool) -> None:
    """Say what the rules decide about an action, which of them match, and why.

    Who asks is taken as told: the trust checks need signatures, and `placet doctor` looks at those.

    \b
    Example: placet policy explain --file action.json
    where action.json is, for example,
      {"name": "db.query", "resource": "postgres://warehouse/customers",
       "facts": {"statement_kinds": ["drop"], "statement_count": 1}}
    """  # noqa: D301 - click reads the control character
    rulebook = _rulebook(folder, as_json=as_json)
    try:
        sample = _sample(path)
    except PolicyError as error:
        _refuse(error.problems, as_json=as_json)
    explanation = explain(sample.classified(), rulebook, owner=sample.owner, moment=sample.time)
    click.echo(json.dumps(_as_json(explanation)) if as_json else _as_text(explanation))


def _sample(path: Path) -> Sample:
    given: Any = read_yaml(path.name, path.read_text())
    data = given.get("data", given) if isinstance(given, dict) else None
    if isinstance(data, dict) and "commitment" in data:
        try:
            classified = ActionClassified.model_validate_json(to_json(data))
        except (ValidationError, TypeError):
            raise PolicyError([Problem("bad_event", path.name, "is not an ActionClassified")]) from None
        return Sample.of(classified, owner="somebody", time=_time(given.get("time")))
    if isinstance(given, dict):
        given.pop("id", None)  # of a line for `placet propose`
    return described(path.name, given)


def _time(given: Any) -> datetime:
    if isinstance(given, str):
        given = datetime.fromisoformat(given)
    return given.astimezone(UTC) if isinstance(given, datetime) else datetime.now(UTC)


def _rulebook(folder: Path, *, as_json: bool) -> Rulebook:
    try:
        return compile_rulebook(read_folder(folder))
    except PolicyError as error:
        _refuse(error.problems, as_json=as_json)


def _refuse(problems: tuple[Problem, ...] | list[Problem], *, as_json: bool) -> NoReturn:
    if as_json:
        told = [{"code": p.code, "file": p.file, "rule": p.rule, "sentence": p.sentence} for p in problems]
        click.echo(json.dumps({"ok": False, "problems": told}))
    else:
        for problem in problems:
            click.echo(str(problem), err=True)
    sys.exit(1)


def _as_json(explanation: Explanation) -> dict[str, Any]:
    decision = explanation.decision
    return {
        "decision": decision.verdict,
        "rules": decision.rules,
        "reasons": decision.reasons,
        "requirement": decision.requirement and decision.requirement.model_dump(mode="json"),
        "policy_digest": decision.policy_digest,
        "input_digest": decision.input_digest,
        "asked": {**explanation.question.request, "context": json.loads(explanation.question.context)},
        "matched": [
            {
                "rule": one.rule.id,
                "file": one.rule.file,
                "says": one.rule.verdict,
                "decided": one.decided,
                "failed": one.failed,
                "reason": one.rule.reason,
                "policy": one.text,
            }
            for one in explanation.rules
        ],
    }


def _as_text(explanation: Explanation) -> str:
    decision = explanation.decision
    lines = [f"{decision.verdict}: {', '.join(decision.rules)}", *(f"  {reason}" for reason in decision.reasons)]
    if decision.verdict is Verdict.REVIEW and decision.requirement is not None:
        needs = decision.requirement
        lines.append(f"  needs {spell(needs.approvals)} within {needs.timeout_seconds} s")
        lines += [f"  after {step.after_seconds} s tells {step.group}" for step in needs.escalations]
    question = explanation.question
    lines.append(f"asked about {question.action} on {question.resource} by {question.agent}")
    for one in explanation.rules:
        fate = "could not be evaluated" if one.failed else "decided" if one.decided else "overruled"
        lines += ["", f"{one.rule.id} ({one.rule.file}) says {one.rule.verdict}, {fate}:"]
        lines += [f"  {line}" for line in one.text.splitlines()]
    return "\n".join(lines)
