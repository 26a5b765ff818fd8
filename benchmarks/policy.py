"""One policy decision at 60 rules, beside a bare call of the engine with the same policies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cedarpy import Entities, PolicySet, is_authorized

import services.policy
from benchmarks.driver import timed
from benchmarks.figures import Figure, percentile
from services.policy.adapters.folder import read_folder
from services.policy.decide import weigh
from services.policy.rulebook import compile_rulebook
from services.policy.sample import Sample

RULES = 60
PACK = Path(services.policy.__file__).parent / "pack"


def figures(*, times: int) -> Iterator[Figure]:
    """The shipped pack, padded to 60 rules that could match as well as any other."""
    files = dict(read_folder(PACK))
    shipped = len(compile_rulebook(files).rules)
    files["padding.cedar"] = "\n".join(_rule(number) for number in range(RULES - shipped)).encode()
    rulebook = compile_rulebook(files)
    sample = Sample.model_validate_json(
        '{"name": "db.query", "resource": "postgres://warehouse/customers", "arguments": {"sql": "SELECT 1"},'
        ' "facts": {"statement_kinds": ["select"], "statement_count": 1, "tables": ["customers"]}}'
    )
    classified = sample.classified()
    ours = timed(lambda: weigh(classified, rulebook, owner="dave", moment=sample.time), times=times)
    policies = PolicySet.from_str("permit (principal, action, resource);")
    entities = Entities.from_json_str("[]")
    request = {"principal": 'A::"a"', "action": 'Action::"b"', "resource": 'R::"c"', "context": {}}
    bare = timed(lambda: is_authorized(request, policies, entities), times=times)
    yield Figure(
        name=f"policy decision at {len(rulebook.rules)} rules, p50",
        ours=1e6 * percentile(ours, 50),
        reference=1e6 * percentile(bare, 50),
        unit="µs",
        target=None,
        bound="information",
        against="a bare call of the engine: one rule, no entities, no context",
    )
    yield Figure(
        name="policy decision, in itself",
        ours=1e6 * percentile(ours, 50),
        reference=None,
        unit="µs",
        target=100.0,
        bound="at most",
    )


def _rule(number: int) -> str:
    return (
        f'@id("padding/{number}")\n@reason("Padding.")\n'
        f'forbid (principal, action in Action::"privileged", resource) '
        f'when {{ context.labels.contains("padding_{number}") }};'
    )
