"""What a text looks like, so that expensive looking happens only where it can find something.

Rules:
- Language: a line with two free words, one with a capital that could begin a name, or a sentence without any. The name
  model runs on nothing else.
- SQL: by the name above it, or because it starts as only SQL does. Prose that starts with `Update the …` is prose.
"""

from __future__ import annotations

import re
import shlex
from typing import Final

from services.classifier.analysis import names
from services.classifier.analysis.language.words import NOBODY
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
_LETTER: Final = re.compile(r"[^\W\d_]")
_GAP: Final = 80
"""So few characters between two parts cost less to read than to ask twice."""
_PIECE: Final = re.compile(r"[^\n]{1,480}(?:(?=\n)|\Z|(?<=\s)|(?<=[,;>}]))|[^\n]{1,480}")
"""A line, or as much of a long one as fits, up to where something ends."""
_SENTENCE: Final = 5
"""As many words in a row as a line without capitals must have to be asked about."""
_BETWEEN: Final = 2
"""Characters between two words of a sentence: a comma and a blank."""
_FREE_WORD: Final = re.compile(
    r"(?<![\w@/\\$#~^&%.-])(?<!\w\+)[^\W\d_]+(?:['’-][^\W\d_]+)*(?![\w@/\\(\[$=]|[.:'’+-]\w)"
)
"""A word that stands free: no part of a path, a call, an address of mail or an assignment."""


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


def language(passage: Passage) -> list[tuple[int, int]]:
    """The parts of a text that read like language and hold a word that could be somebody's, in order.

    A part is made of whole lines: those with such a word, and the lines beside them. Code, logs and data have few. A
    line that is longer than a paragraph is looked at piece by piece.
    """
    text = passage.text
    if passage.number or len(text) < 3 or not _LETTER.search(text):  # noqa: PLR2004
        return []
    alone = "name" in passage.hints
    prose = not is_sql(passage, database=True)
    pieces = [match.span() for match in _PIECE.finditer(text)]
    has = [_could_name_somebody(text, *piece, alone=alone, prose=prose) for piece in pieces]
    parts: list[tuple[int, int]] = []
    for at, (start, end) in enumerate(pieces):
        beside = (at > 0 and has[at - 1] and _near(text, pieces[at - 1], pieces[at])) or (
            at + 1 < len(pieces) and has[at + 1] and _near(text, pieces[at], pieces[at + 1])
        )
        if not has[at] and not beside:
            continue
        if parts and start - parts[-1][1] <= _GAP:
            parts[-1] = (parts[-1][0], end)
        else:
            parts.append((start, end))
    return parts


def _near(text: str, first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether two pieces are lines, one below the other."""
    return first[1] + 1 == second[0] and text[first[1]] == "\n"


def _could_name_somebody(text: str, start: int, end: int, *, alone: bool, prose: bool) -> bool:
    """Whether a line has two words, one of them with a capital that no sentence, product or constant explains.

    In `prose` a line without such a word will do, where it is a sentence: people write without capitals.
    """
    candidate = False
    upper = text.isupper()
    run = unknown = before = 0
    for number, match in enumerate(_FREE_WORD.finditer(text, start, end), start=1):
        word = match[0]
        if match.start() - before > _BETWEEN or '"' in text[before : match.start()]:
            run = unknown = 0
        run, before = run + 1, match.end()
        if word.lower() not in NOBODY and len(word) > 1:
            unknown += 1
            candidate = candidate or (word[0].isupper() and (upper or not word.isupper()))
        if (candidate and (number > 1 or alone)) or (prose and run >= _SENTENCE and unknown > 1):
            return True
    return candidate and alone


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
