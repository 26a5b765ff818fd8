"""Files in, a rulebook out, or every problem at once.

Rules: a set loads whole or not at all.
- It has `schema.cedarschema`, `entities.json` and at least one policy in `*.cedar`; templates are refused, because a
  template permits and forbids nothing.
- Every file parses, every policy validates against the schema, every annotation is understood, every id is unique.
- The schema declares `Action::"undeclared"` and takes exactly what this service asks: every declared action is asked
  about, with and without what is optional, before the set may load.
- Every declared resource lies in an environment. Agents in entities.json say their teams, nothing else: who owns an
  agent, the trust file says.
- The digest is over the exact bytes of these files, by name. A pack's tests decide nothing and are not part of it.

An action's policies are found once, by the action that each policy's scope names, and the engine evaluates those
alone: a scope cannot fail to evaluate and a policy outside its scope never matches, so nothing is lost but time. What
those policies cannot look at is not asked either (see `needs`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Final

from cedarpy import Decision as Answer
from cedarpy import Entities, PolicySet, Schema, is_authorized, pst, validate_policies

from placet.base import Sha256
from placet.canonical import canonical_bytes, sha256_hex
from services.policy.cost import weight
from services.policy.entities import read_entities
from services.policy.errors import PolicyError, Problem
from services.policy.model import UNDECLARED, Applying, Declared, Rule, Rulebook
from services.policy.needs import EVERYTHING, needs_of, strays
from services.policy.question import ask
from services.policy.reviews import read_rule
from services.policy.sample import PROBES

SCHEMA: Final = "schema.cedarschema"
ENTITIES: Final = "entities.json"
POLICIES: Final = ".cedar"
MAX_FILE_BYTES: Final = 1_000_000


def decides(name: str) -> bool:
    """Whether a file of the policy folder is part of the set."""
    return name in {SCHEMA, ENTITIES} or (name.endswith(POLICIES) and not name.startswith("."))


def policy_digest(files: Mapping[str, bytes]) -> Sha256:
    """SHA-256 over the canonical form of {file name: SHA-256 of its bytes}."""
    return sha256_hex(canonical_bytes({name: sha256_hex(content) for name, content in files.items()}))


def compile_rulebook(files: Mapping[str, bytes]) -> Rulebook:
    """The rulebook that the files of a policy folder make; raise `PolicyError` with every problem found."""
    texts = _texts(files)
    try:
        schema = Schema.from_str(texts[SCHEMA])
    except ValueError as error:
        raise PolicyError([Problem("bad_schema", SCHEMA, str(error))]) from None
    declared = read_entities(ENTITIES, files[ENTITIES], texts[SCHEMA])
    problems: list[Problem] = []
    rules: dict[str, Rule] = {}
    for name in sorted(name for name in texts if name.endswith(POLICIES)):
        for found in _rules(name, texts[name], schema):
            if isinstance(found, Problem):
                problems.append(found)
            elif found.id in rules:
                problems.append(Problem("same_id", name, f"{rules[found.id].file} has a rule of this id", found.id))
            else:
                rules[found.id] = found
    if not rules and not problems:
        problems.append(Problem("no_rules", "*.cedar", "an empty set decides nothing"))
    if problems:
        raise PolicyError(problems)
    rulebook = _bind(policy_digest(files), rules, declared)
    if unfit := list(_unfit(rulebook, schema)):
        raise PolicyError(unfit)
    return rulebook


def policies_of(rules: Iterable[Rule]) -> PolicySet:
    """The engine's form of some rules; each policy is named by its rule's id."""
    named = {rule.id: dataclasses.replace(rule.policy, id=rule.id) for rule in rules}
    return PolicySet.from_pst(pst.PolicySet(templates={}, static_policies=named, template_links=()))


def _texts(files: Mapping[str, bytes]) -> dict[str, str]:
    problems = [Problem("no_file", name, "is missing") for name in (SCHEMA, ENTITIES) if name not in files]
    texts: dict[str, str] = {}
    for name, content in files.items():
        if len(content) > MAX_FILE_BYTES:
            problems.append(Problem("too_large", name, f"has more than {MAX_FILE_BYTES} bytes"))
            continue
        try:
            texts[name] = content.decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append(Problem("not_utf8", name, f"byte {error.start} is not UTF-8"))
    if problems:
        raise PolicyError(problems)
    return texts


def _rules(file: str, text: str, schema: Schema) -> Iterable[Rule | Problem]:
    try:
        parsed = PolicySet.from_str(text).to_pst()
        verdict = validate_policies(text, schema)
    except ValueError as error:
        yield Problem("bad_cedar", file, str(error))
        return
    for template in parsed.templates:
        yield Problem("template", file, f"{template} is a template, which permits and forbids nothing")
    for wrong in verdict.errors:
        policy = parsed.static_policies.get(wrong.policy_id)
        yield Problem("invalid", file, wrong.error, policy.annotations.get("id", "") if policy else "")
    if not verdict.validation_passed and not verdict.errors:
        yield Problem("invalid", file, "does not validate")
    for policy in parsed.static_policies.values():
        for uid in strays(policy.clauses):
            sentence = f"looks into {uid}, which the engine may not be given; compare with it, or use its name"
            yield Problem("literal_entity", file, sentence, policy.annotations.get("id", ""))
        found = read_rule(file, policy)
        yield from (found,) if isinstance(found, Rule) else found


def _bind(digest: Sha256, rules: Mapping[str, Rule], declared: Declared) -> Rulebook:
    sets: dict[tuple[str, ...], PolicySet] = {}
    actions: dict[str, Applying] = {}
    for action, chain in declared.actions.items():
        names = {entity["uid"]["id"] for entity in chain}
        applying = tuple(sorted(rule.id for rule in rules.values() if _covers(rule.policy.action, names)))
        if applying not in sets:
            sets[applying] = policies_of(rules[rule_id] for rule_id in applying)
        policies = [rules[rule_id].policy for rule_id in applying]
        actions[action] = Applying(
            policies=sets[applying],
            entities=Entities.from_json_str(json.dumps(chain)),
            needs=needs_of(policies),
            weight=weight(policies),
        )
    return Rulebook(digest=digest, rules=dict(rules), actions=actions, declared=declared)


def _covers(scope: pst.ActionConstraint, names: set[str]) -> bool:
    match scope:
        case pst.ScopeAny():
            return True
        case pst.ActionEq(entity=entity):
            return entity.id in names
        case pst.ActionIn(entities=entities):
            return any(entity.id in names for entity in entities)


def _unfit(rulebook: Rulebook, schema: Schema) -> Iterable[Problem]:
    """What the schema does not take of what the service asks."""
    if UNDECLARED not in rulebook.actions:
        yield Problem("no_undeclared", SCHEMA, f'declares no action "{UNDECLARED}", which stands for all others')
    for action, applying in rulebook.actions.items():
        for probe in PROBES:
            sample = probe.model_copy(update={"name": action})
            question = ask(
                sample.classified(), owner=sample.owner, rulebook=rulebook, moment=sample.time, needs=EVERYTHING
            )
            try:
                entities = Entities.from_json_str(question.entities, schema)
                answer = is_authorized(question.request, applying.policies, entities, schema)
                why = answer.diagnostics.errors[0] if answer.decision is Answer.NoDecision else ""
            except ValueError as refused:
                why = str(refused)
            if why:
                sentence = f'action "{action}" does not take what this service asks: {why}'
                yield Problem("schema_mismatch", SCHEMA, sentence)
                break
