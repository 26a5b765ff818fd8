"""Secrets are compared in constant time: `==` and `!=` tell by their duration how much of a guess was right.

Whatever a name calls a secret is held to that, in the library and in the services. What is named so and is none stands
in the list below with the reason; an entry that nothing needs any more is an error too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORDS = frozenset({
    *("token", "secret", "csrf", "nonce", "state", "password", "signature", "mac", "verifier", "fingerprint", "cookie"),
    *("tokens", "secrets", "nonces", "passwords", "signatures"),
})  # fmt: skip
ALLOWED = {
    "placet/audit/rules.py: decision.token == ending.granted.grant.verdict": "two signed messages, both on the record",
    "placet/kafka_client.py: name == SIGNATURE_HEADER": "a header's name",
    "placet/kafka_client.py: len(signatures) == 1": "how many headers there are",
    "services/approver/desk/console.py: heading.state == 'approved'": "the state of a review",
    "services/approver/desk/model.py: self.state == OPEN": "the state of a review",
    "services/chassis/records.py: name == SIGNATURE_HEADER": "a header's name",
    "services/chassis/records.py: len(signatures) == 1": "how many headers there are",
}
"""`file: comparison` → why nobody learns anything from how long it takes."""


def compared(source: str) -> Iterator[str]:
    """Each comparison by == or != in which a secret's name, or a call or attribute of that name, is a whole side."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            sides = (node.left, *node.comparators)
            if any(words(side) & WORDS for side in sides):
                yield ast.unparse(node)


def words(side: ast.expr) -> set[str]:
    """The words of every name, attribute and text in an expression."""
    found: set[str] = set()
    for node in ast.walk(side):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.Constant(value=str(name)):
                found |= set(name.lower().replace("-", "_").split("_"))
            case _:
                pass
    return found


def test_no_secret_is_compared_by_equality() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {comparison}"
        for package in ("placet", "services")
        for path in sorted((ROOT / package).rglob("*.py"))
        for comparison in compared(path.read_text())
    }
    assert found - set(ALLOWED) == set()
    assert set(ALLOWED) - found == set()


@pytest.mark.parametrize(
    "source",
    [
        "given == state",
        "given != self.csrf_token",
        "claims.get('nonce') != x",
        "x == session.secret()",
        "headers['x-csrf-token'] == x",
    ],
)
def test_a_comparison_is_seen(source: str) -> None:
    assert list(compared(source))


def test_what_is_none_is_not() -> None:
    assert not list(compared("compare_digest(token, given); status == 'restated'; token is None; token in ('a',)"))
