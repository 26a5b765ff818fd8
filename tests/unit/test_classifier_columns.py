"""Columns: the name over a value tells what it is, however the table is drawn; what looks like a table only is none."""

from __future__ import annotations

import time
from typing import Any

import pytest

from services.classifier.analysis import headed
from services.classifier.analysis.unwrapping import columns, inserts
from tests.classifier_parts import bench, classify

PHONE, BORN, CODE, SECRET = "PHONE_NUMBER", "DATE_OF_BIRTH", "CARD_SECURITY_CODE", "SECRET"


def found(value: Any) -> set[tuple[str, str]]:
    result = classify(bench(), arguments={"text": value} if isinstance(value, str) else value)
    kinds = {finding.entity_type for finding in result.findings}
    return {(kind, "") for kind in kinds}


def named(text: str) -> set[tuple[str, str]]:
    return {(" ".join(pair.hints), text[pair.start : pair.end]) for pair in columns.find(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,phone,dob\n1,612345678,19850312\n", {("phone", "612345678"), ("dob", "19850312")}),
        ("id,phone,dob\r\n1,612345678,19850312\r\n", {("phone", "612345678"), ("dob", "19850312")}),
        ('id,"phone"\n1,"612345678"\n2,"612 345, 679"', {("phone", "612345678"), ("phone", "612 345, 679")}),
        ('note,phone\n"say ""hi"", now",612345678', {("note", 'say ""hi"", now'), ("phone", "612345678")}),
        ("id;phone\n1;612345678", {("phone", "612345678")}),
        ("id\tphone\n1\t612345678\n2\t612345679", {("phone", "612345678"), ("phone", "612345679")}),
        (" id | phone\n----+-------\n  1 | 612345678\n(1 row)\n", {("phone", "612345678")}),
        ("+----+-----------+\n| id | phone     |\n+----+-----------+\n|  1 | 612345678 |", {("phone", "612345678")}),
        ("| ID | **Phone** |\n|:---|---:|\n| 1 | 612345678 |", {("phone", "612345678")}),
        ("| Field | Value |\n|---|---|\n| Phone | 612345678 |", {("phone", "612345678")}),
        ("-[ RECORD 1 ]-----\nphone | 612345678\ncvv   | 123", {("phone", "612345678"), ("cvv", "123")}),
        ("ID   PHONE        DOB\n1    612345678    19850312", {("phone", "612345678"), ("dob", "19850312")}),
        (
            "ID   PHONE        CITY   DOB\n1    612345678           19850312",
            {("phone", "612345678"), ("dob", "19850312")},
        ),
        (
            "ID PHONE     DOB\n-- --------- --------\n 1 612345678 19850312",
            {("phone", "612345678"), ("dob", "19850312")},
        ),
        ("as of today:\nid,phone\n1,612345678\n\nid,dob\n1,19850312", {("phone", "612345678"), ("dob", "19850312")}),
        ("姓名,手机\n王伟,13912345678", {("姓名", "王伟"), ("手机", "13912345678")}),
    ],
)
def test_a_value_is_under_the_name_of_its_column(text: str, expected: set[tuple[str, str]]) -> None:
    assert expected <= named(text)
    assert {hint for hint, _ in named(text)} <= {hint for hint, _ in expected} | {"id", "city"}


@pytest.mark.parametrize(
    "text",
    [
        "select first_name, last_name\nfrom users, orders\nwhere true",
        "first_name,last_name\nphone,email\n",  # names of names
        "phone,\n612345678,",  # an empty name is none
        "1,phone\n2,612345678",
        "id,phone\n1,2,612345678\n",  # another number of cells
        "Dear all, see below\nwe moved, as said",
        "phone  is\nnot  here",
        "id,phone",
        "-----\n-----",
        "a|b",
        "id,phone\n" + "9," + "9" * 5_000,
    ],
)
def test_what_only_looks_like_a_table_names_nothing(text: str) -> None:
    assert not {pair for pair in named(text) if pair[0] != "id"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INSERT INTO c (pan, cvv) VALUES ('4111', '123'), ('42', 456);", [("pan", "4111"), ("cvv", "123"),
                                                                             ("pan", "42"), ("cvv", "456")]),
        ('insert into "s"."c" ("pan", `cvv`)\nvalues (NULL, 123)', [("cvv", "123")]),
        ("INSERT IGNORE INTO c (a, cvv) VALUES (f(1, 2), 123)", [("cvv", "123")]),
        ("INSERT INTO c (a, cvv) VALUES ('it''s; (x', 123)", [("a", "it''s; (x"), ("cvv", "123")]),
        ("REPLACE INTO c (cvv, b) VALUES ('123', now())", [("cvv", "123")]),
        ("COPY public.u (id, phone) FROM stdin;\n1\t612345678\n2\t\\N\n\\.\n3\t9", [("id", "1"), ("phone", "612345678"),
                                                                                      ("id", "2")]),
        ("INSERT INTO c (cvv) SELECT 123", []),
        ("INSERT INTO c VALUES ('123')", []),
        ("insert into the box (one, two) values that matter", []),
    ],
)  # fmt: skip
def test_listed_rows_are_named_by_their_columns(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(" ".join(pair.hints), text[pair.start : pair.end]) for pair in inserts.find(text)] == expected


ROWS = [
    {"columns": ["id", "phone", "cvv"], "rows": [[1, "612345678", 123]]},
    {"fields": [{"name": "phone"}, {"name": "cvv"}], "data": [["612345678", 123]]},
    {"header": ["phone", "cvv"], "values": ["612345678", "123"]},
    {"table": [["phone", "cvv"], ["612345678", 123], ["612345679", 456]]},
]


@pytest.mark.parametrize("value", ROWS)
def test_rows_as_lists_are_named_by_their_header(value: dict[str, Any]) -> None:
    assert found(value) >= {(PHONE, ""), (CODE, "")}


@pytest.mark.parametrize(
    "text",
    [
        '{"columns": ["id", "phone", "cvv"], "rows": [[1, "612345678", 123]]}',
        '[["phone", "cvv"], ["612345678", 123], ["612345679", 456]]',
        'result: [["phone","cvv"],["612345678",123],["61234',
    ],
)
def test_rows_in_a_text_are_named_as_well(text: str) -> None:
    assert found(text) >= {(PHONE, ""), (CODE, "")}


@pytest.mark.parametrize(
    "value",
    [
        {"keys": [["first_name", "last_name"], ["phone", "email"]]},
        {"columns": ["first_name", "last_name"], "rows": 7},
        {"columns": ["first_name", "last_name"], "order": ["asc", "desc"]},
        {"columns": ["id", "phone"], "rows": [[612345678, 1], [612345679, 2]]},
        {"groups": [["first_name"], ["last_name", "phone"]]},
        '{"unique": [["first_name", "last_name"], ["phone", "email"]]}',
        {"pairs": [["phone", "cvv", "x"], ["612345678", 123]]},
    ],
)
def test_lists_of_names_and_other_lists_name_nothing(value: Any) -> None:
    assert found(value) == set()


def test_a_header_is_names_each_once() -> None:
    assert headed.of(["id", "phone"]) == (("id",), ("phone",))
    assert headed.of(["id", "id"]) == headed.of(["id"]) == headed.of(["id", 7]) == headed.of(["9", "id"]) == ()


def test_a_secret_in_a_column_is_judged_as_under_a_key() -> None:
    text = "host,db_password\nweb,hunter2\nweb2,${DB_PASSWORD}\n"
    masked = classify(bench(), arguments={"text": text}).arguments["text"]
    assert masked == "host,db_password\nweb,‹SECRET_1›\nweb2,‹EXAMPLE_CREDENTIAL_1›\n"


@pytest.mark.parametrize(
    "piece",
    ["a,b\n", "a,1\n", ",", "a  b\n", "|", "|a", "--\n", "-- --\n", '"', 'a,"', "a\tb\n1\t2\n", "-[ RECORD 1 ]\n",
     "a | b\n",
     "insert into a (b", "insert into a (b) values (", "insert into a (b) values ('", "insert into a (b) values (1),(",
     "copy a (b) from stdin\n", "(", "'", " ", "a, "],
)  # fmt: skip
def test_near_tables_take_time_in_their_size(piece: str) -> None:
    small, large = (_seconds((piece * size)[:size]) for size in (10_000, 100_000))
    assert large < max(30 * small, 0.5)


def _seconds(text: str) -> float:
    begun = time.thread_time()
    for find in (columns.find, inserts.find):
        assert len(list(find(text))) <= len(text)  # no value is told twice
    return time.thread_time() - begun
