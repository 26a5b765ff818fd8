"""What a card says: everything, once, in the order of a good decision."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.events import Authentication, Facts, StatementKind, Uninspected
from services.approver.desk import documents, pages
from services.approver.desk.card import card, headline
from services.approver.desk.clock import left, stamp, urgency
from services.approver.desk.model import Review, Reviewer, Step
from services.approver.desk.people import Directory
from services.approver.desk.text import Kind
from services.approver.desk.timeline import timeline
from services.approver.desk.values import Code, Masks, Rows, Table, Text, blocks, words
from services.approver.desk.voting import Caller
from tests.desks import finding
from tests.factories import NOW, World
from tests.unit.test_desk_app import FakePeople
from tests.unit.test_desk_standing import HEADING

CALLER = Caller(Reviewer("alice", "Alice", frozenset({"dev-leads"})), Authentication.SESSION, "console")
SENTENCE = "nightly-export wants to run db.query on postgres://warehouse/customers"
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4),
    max_leaves=12,
)


def classified(arguments: dict[str, Any], **changes: Any) -> Any:
    return World().classified(World().proposed(arguments=arguments), **changes)


def review(arguments: dict[str, Any], **changes: Any) -> Review:
    return Review(HEADING, "why", classified(arguments, **changes), ("a/rule",), ("Because.",), (), ())


def plain(text: Text) -> str:
    """What is in a text, by its segments."""
    if text.kind == "empty":
        return ""
    return "".join(
        chr(int(part.text.replace("U+", "0x"), 0))
        if part.kind is Kind.CODE_POINT
        else "\n"
        if part.kind is Kind.BREAK
        else part.text
        for part in text.segments
    )


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict) and value:
        return [leaf for name, member in value.items() for leaf in (name, *leaves(member))]
    if isinstance(value, list) and value:
        return [leaf for member in value for leaf in leaves(member)]
    return [value if isinstance(value, str) else json.dumps(value)]


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=4))
@settings(max_examples=60)
def test_every_key_and_value_of_the_arguments_is_on_the_card(arguments: dict[str, Any]) -> None:
    shown: list[str] = []
    for block in blocks(arguments, "/arguments", Masks(classified({}))):
        match block:
            case Code():
                shown += [*map(plain, block.title), plain(block.value)]
            case Rows():
                for row in (*block.rows, *block.more):
                    shown += [*map(plain, row.path), plain(row.value)]
            case Table():
                shown += map(plain, (*block.title, *block.columns))
                shown += [plain(cell) for row in (*block.rows, *block.more) for cell in row if cell is not None]
    for leaf in leaves(arguments) if arguments else []:
        assert leaf in shown


class Seen(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def page(of: Review) -> Seen:
    seen = Seen()
    content = pages.review(of, CALLER, Directory(FakePeople()))
    seen.feed(pages.render("review.html", caller=CALLER, csrf="0", **content))
    return seen


QUIET = page(review({"a": [{"b": "c"}], "sql": "SELECT 1", "long": "x" * 999, "d": None, "e": "\u202e\n", "f": ""}))


@given(st.text(alphabet="<>\"'&=/ \n\u202e\u200bonclickhx-getsrim{}%`", max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_text_adds_an_element_or_an_attribute_to_a_page(text: str) -> None:
    hostile = replace(
        review(
            {text or "k": text, "list": [{"c": text}], "sql": text, "long": text * 30}, preview=[{text or "k": text}]
        ),
        purpose=text,
        reasons=(text,),
        steps=(Step(0, "voted", {"actor": "alice", "vote": "reject", "counted": True, "reason": text}, NOW),),
    )
    seen = page(hostile)
    extra = {
        "figure",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "details",
        "summary",
        "mark",
        "button",
        "code",
        "pre",
    }
    assert seen.tags <= QUIET.tags | extra | {"b", "span", "time"}
    assert seen.attributes <= QUIET.attributes | {"title", "scope", "role", "hidden", "tabindex"}
    assert "\u202e" not in seen.text


def test_a_mask_is_believed_at_its_place_and_below() -> None:
    masks = Masks(
        classified(
            {},
            findings=(
                finding("PERSON", "/arguments/a"),
                finding("EMAIL_ADDRESS", "/arguments/‹EMAIL_ADDRESS_1›", in_key=True),
            ),
            incomplete=(Uninspected(pointer="/arguments/big", reason="too_large"),),
        )
    )
    assert masks.value("/arguments/a") == {"PERSON"}
    assert masks.value("/arguments/ab") == set()
    assert masks.value("/arguments/big/deep/0") == {"NOT_INSPECTED"}
    assert masks.key("/arguments/‹EMAIL_ADDRESS_1›") == {"EMAIL_ADDRESS", "KEY"}
    assert masks.key("/arguments/big/‹NOT_INSPECTED_1›") == {"NOT_INSPECTED"}
    assert masks.key("/arguments/a") == masks.key("/arguments/‹KEY_1›") == set()
    (found,) = blocks({"‹EMAIL_ADDRESS_1›": "x"}, "/arguments", masks)
    assert isinstance(found, Rows)
    assert found.rows[0].path[0].segments[0].kind is Kind.MASK


def test_what_is_told_of_a_masked_value_is_on_the_page_and_in_the_api() -> None:
    mail, forms = "‹EMAIL_ADDRESS_1›", {"‹EMAIL_ADDRESS_1›": "at example.org"}
    pointers = ("/purpose", "/arguments/to", "/arguments/sql", "/arguments/rows/0/to", "/preview/0/to")
    of = review(
        {"to": mail, "sql": f"SELECT '{mail}'", "rows": [{"to": mail}], mail: "x"},
        preview=[{"to": mail}],
        findings=(
            *(finding("EMAIL_ADDRESS", pointer) for pointer in pointers),
            finding("EMAIL_ADDRESS", f"/arguments/{mail}", in_key=True),
        ),
        forms=forms,
    )
    of = replace(of, purpose=f"for {mail}")
    assert page(of).text.count("email address 1 at example.org") == 6
    assert documents.review(of, CALLER, Directory(FakePeople()))["forms"] == forms


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (Facts(), f"{SENTENCE}."),
        (
            Facts(statement_kinds=(StatementKind.DROP, StatementKind.DELETE), tables=("a", "b", "c")),
            f"{SENTENCE}: DROP and DELETE on a, b and c.",
        ),
        (
            Facts(destination_domains=("example.net",), external_destination=True),
            f"{SENTENCE}: data goes outside, to example.net.",
        ),
        (
            Facts(
                destination_hosts=("s3://bucket", "api.example.net"),
                destination_domains=("example.net", "other.example"),
            ),
            f"{SENTENCE}: data goes to s3://bucket, api.example.net and other.example.",
        ),
        (
            Facts(tables=("a\u202eb\n",), statement_kinds=(StatementKind.SELECT,)),
            f"{SENTENCE}: SELECT on a⟨U+202E⟩b↵.",
        ),
    ],
)
def test_the_headline_is_one_sentence(facts: Facts, sentence: str) -> None:
    assert str(headline(replace(HEADING, facts=facts))) == sentence


def test_alarming_facts_stand_out() -> None:
    facts = Facts(
        destination_hosts=("evil.example",),
        external_destination=True,
        writes_in_query=True,
        unbounded=True,
        selects_all_columns=True,
        statement_kinds=(StatementKind.UPDATE,),
        statement_count=2,
    )
    found = {fact.name: (fact.value, fact.tone) for fact in card(review({}, facts=facts)).facts}
    assert found["Outside destination"] == ("evil.example", "alarm")
    assert found["Hidden change"][1] == "alarm"
    assert found["Rows"][1] == found["Columns"][1] == "warn"
    assert found["SQL"][0] == "UPDATE (2 statements)"
    outside = card(review({}, facts=Facts(external_destination=True))).facts[0]
    assert (outside.name, outside.value, outside.tone) == ("Destination", "outside", "alarm")


def test_sql_gets_weight_and_loses_nothing() -> None:
    sql = "select * FROM t; /* hidden */ dRoP\tTABLE t -- drop"
    assert "".join(part for _, part in words(sql)) == sql
    assert [part for kind, part in words(sql) if kind == "change"] == ["dRoP", "drop"]


@pytest.mark.parametrize(
    ("seconds", "words_", "how"),
    [
        (-5, "no time", "over"),
        (0, "no time", "over"),
        (59, "59 s", "soon"),
        (61, "1 min 01 s", "soon"),
        (599, "9 min 59 s", "near"),
        (3_600, "1 h 00 min", "calm"),
        (200_000, "2 d 7 h", "calm"),
    ],
)
def test_time_left_reads_well(seconds: int, words_: str, how: str) -> None:
    until = NOW + timedelta(seconds=seconds)
    assert (left(until, NOW), urgency(until, NOW)) == (words_, how)


def test_a_moment_has_one_spelling() -> None:
    assert stamp(NOW) == "1 Jun 2026, 12:00:00 UTC"


def test_the_timeline_says_who_did_what_and_how() -> None:
    by_alice = {"actor": "alice", "channel": "api", "authentication": "token", "vote": "approve"}
    steps = [
        Step(0, "opened", {"eligible": [{"person": "alice"}]}, NOW),
        Step(1, "voted", {**by_alice, "counted": False, "reason": "x\u202ey"}, NOW),
        Step(2, "voted", {**by_alice, "counted": True}, NOW),
        Step(3, "escalated", {"reason": "Not settled after 5 s: oncall is told."}, NOW),
        Step(4, "closed", {"outcome": "expired"}, NOW),
        Step(5, "something_new", {}, NOW),
    ]
    items = timeline(steps, str.title)
    assert [item.title for item in items] == [
        "Held for review; 1 person may decide",
        "Alice tried to approve; it does not count",
        "Alice approved",
        "Escalated",
        "Closed: expired",
        "something_new",
    ]
    assert items[1].how == "through the API, with a token"
    assert [part.text for part in items[1].words] == ["x", "U+202E", "y"]
