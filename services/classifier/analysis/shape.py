"""What a text looks like, so that expensive looking happens only where it can find something.

Rules:
- SQL: by the name above it, or because it starts as only SQL does. Prose that starts with `Update the …` is prose.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

from services.classifier.analysis import names
from services.classifier.model import Passage

_DATABASES: Final = frozenset({
    "postgres", "postgresql", "mysql", "mariadb", "sqlite", "mssql", "sqlserver", "oracle", "redshift", "snowflake",
    "bigquery", "clickhouse", "cockroachdb", "duckdb", "trino", "presto", "databricks", "jdbc", "athena", "db2", "hive",
})  # fmt: skip
_DATABASE_ACTIONS: Final = frozenset({"db", "sql", "database", "warehouse", "postgres", "mysql"})

_LONGEST_COMMAND: Final = 20_000
_CLIENT: Final = re.compile(
    r"\b(?:psql|mysql|mariadb|sqlite3?|sqlcmd|snowsql|bq|clickhouse(?:-client)?|duckdb|cockroach|beeline)\b"
)
_QUOTED: Final = re.compile(r"'([^']*)|\"([^\"]*)")
_COMMENT: Final = re.compile(r"/\*|\*/|--[^\n\r]*")
_VERB: Final = re.compile(
    r"(?i)(?:select|with|insert|update|delete|merge|drop|create|alter|truncate|grant|revoke|copy|do|execute|explain|call|"
    r"vacuum|reindex|set|reset|begin|commit|rollback|lock|table|values|prepare|declare|refresh|comment|security|reassign|"
    r"import|cluster|listen|notify|show|replace|use|exec|attach|detach|pragma|load)\b"
)
_OBJECT: Final = (
    r"(?:table|database|schema|(?:materialized\s+)?view|index|role|user|group|function|procedure|extension|sequence|type|"
    r"trigger|policy|tablespace|server|publication|subscription|default\s+privileges|system|owned)"
)
_STATEMENT: Final = re.compile(
    r"(?is)(?:select\b.{0,4000}?\bfrom\b\s*[\w\"(]|select\s+[\w.\"]+\s*\(|select\s+(?:\*|\d|')|"
    r"with\s+(?:recursive\s+)?[\w\"]+\s*(?:\([^)]{0,500}\)\s*)?as\s*(?:not\s+)?(?:materialized\s*)?\(|"
    r"insert\s+into\s+[\w.\"]+|replace\s+into\s+[\w.\"]+|update\s+(?:only\s+)?[\w.\"]+(?:\s+(?:as\s+)?\w+)?\s+set\s+[\w.\"(]+.{0,500}?=|"
    r"delete\s+from\s+(?:only\s+)?[\w.\"]+(?:\s+(?:as\s+)?\w+)?\s*(?:;|\Z|where\b|using\b|returning\b)|merge\s+into\s+[\w.\"]+|"
    r"drop\s+"
    + _OBJECT
    + r"\s+(?:if\s+exists\s+)?[\w.\"]+|truncate\s+(?:table\s+)?(?:only\s+)?[\w.\"]+\s*(?:[,;]|\Z|cascade|restart|"
    r"continue)|"
    r"truncate\s+table\b|alter\s+" + _OBJECT + r"\s+[\w\"]+|"
    r"create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+|unlogged\s+|unique\s+|global\s+|local\s+|recursive\s+)*"
    + _OBJECT
    + r"\s+[\w.\"]+|grant\s+[\w\s,()]{1,300}\son\s.{1,500}?\sto\s|revoke\s+[\w\s,()]{1,300}\son\s.{1,500}?\sfrom\s|"
    r"copy\s+(?:[\w.\"]+\s*(?:\([^)]{0,2000}\))?|\(.{1,4000}?\))\s*(?:from|to)\s|do\s+(?:language\s+\w+\s+)?(?:\$|'|e')|"
    r"explain\s+(?:\([^)]{0,200}\)|analyze|verbose|select|with|insert|update|delete)|(?:call|execute)\s+[\w.\"]+\s*\(|"
    r"vacuum\s*(?:;|\Z|full|analyze|\()|set\s+(?:session|local|role)\b|table\s+[\w.\"]+\s*(?:;|\Z)|"
    r"reassign\s+owned|refresh\s+materialized|security\s+label|lock\s+table|begin\s*;|begin\s+(?:work|transaction))"
)
_CHAINED: Final = re.compile(
    r"(?i);\s*(?:drop|delete|insert|update|alter|truncate|grant|revoke|create|copy|do|call|execute|select|merge|with|set)\b"
)


def is_database(resource: str, name: str) -> bool:
    """Whether an action goes to a database, by its resource's scheme or the first word of its name."""
    return resource.split("://", 1)[0].split("+", 1)[0] in _DATABASES or name.split(".", 1)[0] in _DATABASE_ACTIONS


def is_sql(passage: Passage, *, database: bool) -> bool:
    """Whether a string is to be judged as SQL."""
    if passage.number:
        return False
    if names.is_sql(passage.hints) or (database and names.may_be_sql(passage.hints)):
        return True
    text = passage.text
    if "/*" in text or "--" in text:
        text = _without_comments(text)
    text = text.lstrip(" \t\r\n\f\v(;")
    if _VERB.match(text) is not None:
        return _STATEMENT.match(text) is not None
    return database and _CHAINED.search(passage.text) is not None


def sql_in_command(text: str) -> list[str]:
    """The arguments of a shell command that runs a database client: `psql -c 'DROP TABLE x'`."""
    if len(text) > _LONGEST_COMMAND or _CLIENT.search(text) is None:
        return []
    try:
        parts = shlex.split(text, comments=False)
    except ValueError:  # a quote is left open
        parts = [match[1] or match[2] or "" for match in _QUOTED.finditer(text)]
    return [part for part in parts if is_sql(Passage(part), database=True)]


def _without_comments(text: str) -> str:
    """PostgreSQL's comments nest. Quotes are not respected: this only decides whether the parser has a look."""
    kept, depth, position = [], 0, 0
    for match in _COMMENT.finditer(text):
        if depth == 0:
            kept.append(text[position : match.start()])
        if match[0] == "/*":
            depth += 1
        elif match[0] == "*/":
            depth = max(0, depth - 1)
        position = match.end()
    return " ".join([*kept, text[position:] if depth == 0 else ""])
