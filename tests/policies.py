"""Sets of policies for tests: the shipped pack, and small ones that say only what a test is about."""

from __future__ import annotations

from collections.abc import Mapping

from services.policy.adapters.folder import read_folder
from services.policy.model import Rulebook
from services.policy.rulebook import compile_rulebook
from services.policy.settings import DEFAULT_PACK

SHIPPED: Mapping[str, bytes] = read_folder(DEFAULT_PACK)

REVIEW = '@review("Look.") @approvals("1 from security") @timeout("15m")'


def files(policies: str, **changes: bytes | None) -> dict[str, bytes]:
    """The shipped schema and entities with other policies; `changes` by name with `_` for `.`, None removes."""
    found: dict[str, bytes | None] = {
        "schema.cedarschema": SHIPPED["schema.cedarschema"],
        "entities.json": SHIPPED["entities.json"],
        "rules.cedar": policies.encode(),
        **{name.replace("_", "."): content for name, content in changes.items()},
    }
    return {name: content for name, content in found.items() if content is not None}


def rulebook(policies: str) -> Rulebook:
    return compile_rulebook(files(policies))


def shipped() -> Rulebook:
    return compile_rulebook(SHIPPED)
