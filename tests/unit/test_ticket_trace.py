"""A ticket's trace context is text that anybody may have written: it has its one form, or it counts as none."""

from __future__ import annotations

import json

import pytest

from placet.errors import DecodeError
from placet.limits import MAX_EVENT_BYTES
from placet.outcomes import Ticket
from placet.tracing import context_of, valid
from tests.fix_executor import Workbench

GOOD = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BENT = (
    GOOD[:-1],
    GOOD + "0",
    GOOD + "\n",
    " " + GOOD,
    GOOD.upper(),
    "01" + GOOD[2:],
    GOOD.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32),
    GOOD.replace("b7ad6b7169203331", "0" * 16),
    GOOD.replace("0a", "٠a", 1),
    "drop table",
    "",
)


def written(ticket: Ticket, trace: object) -> str:
    return json.dumps({**json.loads(ticket.to_json()), "trace": trace})


def test_one_form_is_kept(workbench: Workbench) -> None:
    ticket = workbench.ticket()
    assert Ticket.from_json(written(ticket, GOOD)).trace == GOOD
    assert json.loads(Ticket.from_json(written(ticket, GOOD)).to_json())["trace"] == GOOD


@pytest.mark.parametrize("bent", [*BENT, GOOD * 1_000], ids=lambda bent: repr(bent[:60]))
def test_anything_else_is_none_and_the_ticket_is_as_good(workbench: Workbench, bent: str) -> None:
    assert valid(bent) == ""
    assert context_of(bent) is None
    ticket = Ticket.from_json(written(workbench.ticket(), bent))
    assert ticket.trace == ""
    assert workbench.executor.execute(ticket).succeeded


@pytest.mark.parametrize("wrong", [7, None, ["x"], {"traceparent": GOOD}])
def test_what_is_no_text_is_no_ticket(workbench: Workbench, wrong: object) -> None:
    with pytest.raises(DecodeError, match="bad_ticket"):
        Ticket.from_json(written(workbench.ticket(), wrong))


def test_a_ticket_without_one_is_a_ticket(workbench: Workbench) -> None:
    older = json.loads(workbench.ticket().to_json())
    del older["trace"]
    assert Ticket.from_json(json.dumps(older)).trace == ""


def test_it_counts_to_the_tickets_size(workbench: Workbench) -> None:
    with pytest.raises(DecodeError, match="larger than any ticket"):
        Ticket.from_json(written(workbench.ticket(), "x" * 2 * MAX_EVENT_BYTES))


def test_a_ticket_is_the_same_ticket_under_any_trace_and_does_not_show_it(workbench: Workbench) -> None:
    ticket = workbench.ticket()
    traced = Ticket.from_json(written(ticket, GOOD))
    assert traced == Ticket.from_json(written(ticket, ""))
    assert GOOD not in repr(traced)
