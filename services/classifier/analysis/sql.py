"""What SQL does: parsed, never matched, so that comments, case and white space do not matter.

Rules:
- Every statement counts. What cannot be parsed is UNPARSED, which policy treats as the worst.
- A statement that reads on its face and changes data inside is `writes_in_query`: a data-changing CTE, SELECT INTO,
  COPY … PROGRAM, and every function not known to only read.
- Where our parser and PostgreSQL might see different things (a carriage return ends a comment there; exotic white
  space is part of a name there), the text is made the same or is UNPARSED.
- No value of the statement leaves this module: facts hold kinds, names and offsets.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from placet.events import StatementKind
from services.classifier.analysis import sql_reads

# It logs the statements that it does not fully support, with their literals.
logging.getLogger("sqlglot").disabled = True

MAX_CHARACTERS: Final = 20_000
_MAX_NESTING: Final = 60
_TELLING_DIGITS: Final = 4

_KINDS: Final = (
    (exp.Insert, StatementKind.INSERT),
    (exp.Update, StatementKind.UPDATE),
    (exp.Delete, StatementKind.DELETE),
    (exp.Merge, StatementKind.MERGE),
    (exp.Create, StatementKind.CREATE),
    (exp.Alter, StatementKind.ALTER),
    (exp.Drop, StatementKind.DROP),
    (exp.TruncateTable, StatementKind.TRUNCATE),
    (exp.Grant, StatementKind.GRANT),
    (exp.Revoke, StatementKind.REVOKE),
    (exp.Copy, StatementKind.COPY),
    ((exp.Select, exp.SetOperation, exp.Values, exp.Subquery), StatementKind.SELECT),
)
_COMMANDS: Final = {
    kind.value: kind
    for kind in StatementKind
    if kind not in {StatementKind.OTHER, StatementKind.UNPARSED, StatementKind.SELECT}
}
_STRINGS: Final = frozenset({
    TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.BYTE_STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING,
    TokenType.UNICODE_STRING,
})  # fmt: skip
_POSTGRES: Final = Dialect.get_or_raise("postgres")

_CHANGES: Final = (exp.Insert, exp.Update, exp.Delete, exp.Merge)
_WRITING_NODES: Final = (exp.NextValueFor,)

_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_EXOTIC: Final = re.compile(
    r"[\x00-\x08\x0b\x0e-\x1f\x7f\x85\xa0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]"
)


@dataclass(frozen=True, slots=True)
class Told:
    """A literal that stands against a column: `email = '…'`. Offsets of the text between the quotes."""

    column: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SqlFacts:
    """What one text of SQL does."""

    kinds: tuple[StatementKind, ...] = ()
    """Of every statement, and of what is inside it, each once, in order."""
    count: int = 0
    writes_in_query: bool = False
    unbounded: bool = False
    selects_all_columns: bool = False
    tables: tuple[str, ...] = ()
    """Lower case unless quoted, with the schema where the statement says it."""
    only_aggregates: bool = False
    """Every statement reads, and what it returns are counts, sums and averages."""
    told: tuple[Told, ...] = ()
    spoken: tuple[tuple[int, int], ...] | None = None
    """Where language can stand: literals, names with a blank in them, comments. None: anywhere."""


UNPARSED: Final = SqlFacts(kinds=(StatementKind.UNPARSED,), count=1)


def inspect(text: str, reading_functions: frozenset[str]) -> SqlFacts:
    """The facts of a text of SQL. Never raises."""
    if len(text) > MAX_CHARACTERS or _too_nested(text) or _EXOTIC.search(_QUOTED.sub("", text)):
        return UNPARSED
    try:
        text = text.replace("\r", "\n")
        tokens = _POSTGRES.tokenize(text)
        parsed = _POSTGRES.parser().parse(tokens, text)
        statements = [one for one in parsed if one is not None and not isinstance(one, exp.Semicolon)]
        return replace(_facts(text, statements, reading_functions), spoken=tuple(_spoken(text, tokens)))
    except (SqlglotError, RecursionError, ValueError, AttributeError, TypeError, KeyError, IndexError):
        return UNPARSED


def _facts(text: str, statements: list[exp.Expr], reading_functions: frozenset[str]) -> SqlFacts:
    kinds: list[StatementKind] = []
    writes = unbounded = everything = False
    tables: list[str] = []
    told: list[Told] = []
    aggregates = bool(statements)
    for statement in statements:
        kind, nodes = kind_of(statement), list(statement.walk())
        inside = [kind_of(node) for node in nodes if isinstance(node, _CHANGES) and node is not statement]
        into = [node for node in nodes if isinstance(node, exp.Into)]
        kinds += [kind, *inside, *([StatementKind.CREATE] if into else [])]
        writes |= bool(inside or into) or _runs_program(statement)
        writes |= any(_may_write(node, reading_functions) for node in nodes)
        unbounded |= sql_reads.is_unbounded(statement)
        everything |= sql_reads.selects_everything(statement, nodes)
        aggregates &= kind is StatementKind.SELECT and sql_reads.only_aggregates(statement)
        tables += _tables(nodes)
        told += _told(text, nodes)
    return SqlFacts(
        kinds=tuple(dict.fromkeys(kinds)),
        count=len(statements),
        writes_in_query=writes,
        unbounded=unbounded,
        selects_all_columns=everything,
        tables=tuple(dict.fromkeys(tables)),
        only_aggregates=aggregates and not writes,
        told=tuple(told),
    )


def kind_of(statement: exp.Expr) -> StatementKind:
    """What a statement does on its face."""
    if isinstance(statement, exp.Command):
        return _COMMANDS.get(str(statement.this).lower(), StatementKind.OTHER)
    if isinstance(statement, exp.Update) and not statement.expressions:
        return StatementKind.UNPARSED  # accepted by the parser, not by PostgreSQL
    return next((kind for types, kind in _KINDS if isinstance(statement, types)), StatementKind.OTHER)


def _runs_program(statement: exp.Expr) -> bool:
    if not isinstance(statement, exp.Copy):
        return False
    return any(isinstance(file, exp.Identifier) and file.name.lower() == "program" for file in statement.args["files"])


def _may_write(node: exp.Expr, reading_functions: frozenset[str]) -> bool:
    if isinstance(node, _WRITING_NODES):
        return True
    if not isinstance(node, exp.Anonymous):
        return False
    name = node.this.name if isinstance(node.this, exp.Identifier) else str(node.this)
    qualifier = node.parent.this.name if isinstance(node.parent, exp.Dot) and node.parent.expression is node else ""
    return qualifier.lower() not in {"", "pg_catalog"} or name.lower() not in reading_functions


def _tables(nodes: Iterable[exp.Expr]) -> Iterator[str]:
    for table in nodes:
        if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier) or _is_cte(table):
            continue
        parts = [part for part in (table.args.get("db"), table.this) if isinstance(part, exp.Identifier)]
        yield ".".join(part.name if part.quoted else part.name.lower() for part in parts)[:256]


def _is_cte(table: exp.Table) -> bool:
    """Whether the name is that of a WITH around it; inside a CTE of its own name it is the real table."""
    if table.args.get("db") is not None:
        return False
    node: exp.Expr | None = table
    while node is not None:
        clause = node.args.get("with_") or node.args.get("with")
        if isinstance(clause, exp.With):
            for cte in clause.expressions:
                if cte.alias.lower() == table.name.lower():
                    return bool(clause.args.get("recursive")) or not _within(table, cte)
        node = node.parent
    return False


def _within(node: exp.Expr, ancestor: exp.Expr) -> bool:
    here: exp.Expr | None = node
    while here is not None and here is not ancestor:
        here = here.parent
    return here is ancestor


def _spoken(text: str, tokens: Iterable[Token]) -> Iterator[tuple[int, int]]:
    """Literals, and what stands between two tokens: comments."""
    at = 0
    for token in tokens:
        start, end = token.start, token.end + 1
        if text[at:start].strip():
            yield at, start
        if token.token_type in _STRINGS or (token.token_type is TokenType.IDENTIFIER and " " in text[start:end]):
            yield start, end
        at = end
    if text[at:].strip():
        yield at, len(text)


def _told(text: str, nodes: Iterable[exp.Expr]) -> Iterator[Told]:
    for column, literal in _pairs(nodes):
        if literal.isdigit():  # a number: wherever it stands by itself
            alone = re.finditer(rf"(?<![\w.]){literal}(?![\w.])", text)
            yield from (Told(column, *match.span()) for match in alone)
            continue
        quoted = "'" + literal.replace("'", "''") + "'"
        start = text.find(quoted)
        while start >= 0:
            yield Told(column, start + 1, start + len(quoted) - 1)
            start = text.find(quoted, start + len(quoted))


def _tells(literal: exp.Literal) -> bool:
    """A string, or a number long enough to be somebody's."""
    return bool(literal.name) and (
        literal.is_string or (literal.name.isdigit() and len(literal.name) >= _TELLING_DIGITS)
    )


def _pairs(nodes: Iterable[exp.Expr]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, exp.EQ | exp.NEQ | exp.Like | exp.ILike | exp.In):
            parts = [node.this, node.args.get("expression"), *node.expressions]
            columns = [part for part in parts if isinstance(part, exp.Column)]
            literals = [part for part in parts if isinstance(part, exp.Literal) and _tells(part)]
            yield from ((columns[0].name, literal.name) for literal in literals if columns)


def _too_nested(text: str) -> bool:
    depth = 0
    for char in text:
        if char in "([":
            depth += 1
            if depth > _MAX_NESTING:
                return True
        elif char in ")]":
            depth -= 1
    return text.lower().count("case") > _MAX_NESTING
