"""How much a statement reads or touches.

Rules:
- A read, update or delete is unbounded when neither a WHERE that can be false nor a LIMIT stands over a table it
  touches. Reading only through subqueries that are bounded themselves is bounded.
- A read that returns nothing but counts, sums and averages returns no row of the table: it is not unbounded, even
  without WHERE. Grouping keeps that as long as no group is a person (an id, or a name of a person's field).
- `SELECT *`, `t.*`, `TABLE t` and a whole row used as a value (`to_jsonb(t)`) select all columns; `count(*)` does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

_AGGREGATES: Final = (
    exp.Count, exp.Sum, exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop,
)  # fmt: skip
_IDENTIFYING: Final = frozenset({
    "id", "uuid", "email", "mail", "name", "phone", "mobile", "ssn", "address", "street", "iban", "account", "card",
    "passport", "dob", "birthdate", "birthday", "surname", "firstname", "lastname", "login", "username", "user",
    "customer", "patient", "employee", "person",
})  # fmt: skip


def is_unbounded(statement: exp.Expr) -> bool:
    """Whether it reads, updates or deletes whole tables."""
    if isinstance(statement, exp.Copy):
        source = statement.this
        return isinstance(source, exp.Table) or is_unbounded(source.unnest() if source is not None else exp.Select())
    if isinstance(statement, exp.Insert | exp.Create):
        return statement.expression is not None and is_unbounded(statement.expression)
    changes = [node for node in statement.find_all(exp.Update, exp.Delete) if not _filters(node)]
    return bool(changes) or (isinstance(statement, exp.Query) and _reads_all(statement, frozenset()))


def only_aggregates(statement: exp.Expr) -> bool:
    """Whether what a read returns are counts, sums and averages, by groups that are no people."""
    if isinstance(statement, exp.Subquery):
        return only_aggregates(statement.this)
    if isinstance(statement, exp.SetOperation):
        return only_aggregates(statement.left) and only_aggregates(statement.right)
    if not isinstance(statement, exp.Select) or any(map(_is_star, statement.expressions)):
        return False
    values = [value.unalias() for value in statement.expressions]
    aggregates = [value for value in values if _is_aggregate(value)]
    rest = [value for value in values if not _is_aggregate(value) and not isinstance(value, exp.Literal)]
    if not aggregates or (rest and statement.args.get("group") is None):
        return False
    grouped = [column for value in [*rest, *_groups(statement)] for column in value.find_all(exp.Column)]
    plain = not any(value.find(exp.Query) or value.find(exp.Anonymous) for value in rest)
    return plain and not any(_identifies(column.name) for column in grouped)


def selects_everything(statement: exp.Expr, nodes: Sequence[exp.Expr]) -> bool:
    """Whether all columns of something are selected anywhere in it; `nodes` is all of the statement's tree."""
    if isinstance(statement, exp.Copy):
        source = statement.this
        if isinstance(source, exp.Table) or (isinstance(source, exp.Schema) and not source.expressions):
            return True
    lists = [node.expressions for node in nodes if isinstance(node, exp.Select | exp.Returning)]
    if any(_is_star(value) for values in lists for value in values):
        return True
    tables = {node.alias_or_name.lower() for node in nodes if isinstance(node, exp.Table)}
    columns = [node for node in nodes if isinstance(node, exp.Column)]
    return any(not column.table and column.name.lower() in tables for column in columns)


def _reads_all(query: exp.Expr, bounded: frozenset[str]) -> bool:
    """`bounded` are the CTEs known to be bounded."""
    clause = query.args.get("with_") or query.args.get("with")
    if isinstance(clause, exp.With):
        for cte in clause.expressions:
            if not isinstance(cte.this, exp.Query) or not _reads_all(cte.this, bounded):
                bounded |= {cte.alias.lower()}
    if _limits(query):
        return False
    if isinstance(query, exp.Subquery):
        return _reads_all(query.this, bounded)
    if isinstance(query, exp.SetOperation):
        return _reads_all(query.left, bounded) or _reads_all(query.right, bounded)
    if not isinstance(query, exp.Select) or _filters(query) or only_aggregates(query):
        return False
    return any(_source_reads_all(source, bounded) for source in _sources(query))


def _source_reads_all(source: exp.Expr, bounded: frozenset[str]) -> bool:
    if isinstance(source, exp.Table):
        named = isinstance(source.this, exp.Identifier)
        return named and not (source.args.get("db") is None and source.name.lower() in bounded)
    return isinstance(source, exp.Subquery) and _reads_all(source, bounded)


def _sources(select: exp.Select) -> list[exp.Expr]:
    found = [select.args.get("from_") or select.args.get("from"), *select.args.get("joins", [])]
    return [clause.this for clause in found if clause is not None]


def _filters(node: exp.Expr) -> bool:
    where = node.args.get("where")
    return where is not None and not _always_true(where.this)


def _limits(query: exp.Expr) -> bool:
    limit = query.args.get("limit")
    if limit is None:
        return False
    count = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.expression
    return isinstance(count, exp.Literal | exp.Placeholder | exp.Parameter)


def _always_true(condition: exp.Expr) -> bool:
    condition = condition.unnest()
    match condition:
        case exp.Boolean():
            return bool(condition.this)
        case exp.Or():
            return _always_true(condition.left) or _always_true(condition.right)
        case exp.And():
            return _always_true(condition.left) and _always_true(condition.right)
        case exp.Not():
            return isinstance(condition.this.unnest(), exp.Boolean) and not condition.this.unnest().this
    # Conditions over constants alone select nothing in particular: 1 = 1, 'a' LIKE '%'.
    return condition.find(exp.Column, exp.Query, exp.Placeholder, exp.Parameter) is None


def _is_star(value: exp.Expr) -> bool:
    return isinstance(value, exp.Star) or (isinstance(value, exp.Column) and isinstance(value.this, exp.Star))


def _is_aggregate(value: exp.Expr) -> bool:
    """An aggregate, or arithmetic, rounding and casts of aggregates and literals alone."""
    if isinstance(value, exp.Filter):
        return _is_aggregate(value.this)
    if isinstance(value, _AGGREGATES):
        return True
    if isinstance(value, exp.Binary | exp.Paren | exp.Cast | exp.Round | exp.Coalesce | exp.Nullif | exp.Neg):
        parts = [value.this, value.args.get("expression"), *value.expressions]
        known = [part for part in parts if isinstance(part, exp.Expr) and not isinstance(part, exp.Literal)]
        return bool(known) and all(_is_aggregate(part) for part in known)
    return False


def _groups(select: exp.Select) -> list[exp.Expr]:
    group = select.args.get("group")
    return list(group.expressions) if group is not None else []


def _identifies(column: str) -> bool:
    return not _IDENTIFYING.isdisjoint(column.lower().split("_"))
