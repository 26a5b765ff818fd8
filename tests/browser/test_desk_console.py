"""The console as people use it, in a real browser, with settle's own judge behind it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Dialog, Page, expect

from placet.requirement import Requirement, parse
from tests.desks import DeskUnderTest, an_export, close_by_clock, finding
from tests.fix_browser import SignIn
from tests.settling import STEP_UP

TWO = Requirement(approvals=parse("1 from dev-leads and 1 from security"), timeout_seconds=1500)

LOST_STREAM = "[object Event]"
"""What htmx logs when a stream of events ends."""

HOSTILE = "<img src=x onerror=alert(1)>\u202etxt.exe\u202c\u200b```</pre><script>alert(2)</script>{{7*7}}\x1b[31m"


def waiting(page: Page) -> Any:
    return page.locator("#waiting-title")


def test_a_person_signs_in_sees_an_empty_inbox_and_signs_out(desk: DeskUnderTest, sign_in: SignIn) -> None:
    page = sign_in("alice")
    expect(waiting(page)).to_have_text("Nothing waits for you")
    page.locator(".me summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.goto(f"{desk.url}/")
    expect(page.get_by_role("link", name="Sign in with your organisation")).to_be_visible()


def test_the_inbox_updates_by_itself(desk: DeskUnderTest, sign_in: SignIn) -> None:
    page = sign_in("alice")
    expect(waiting(page)).to_have_text("Nothing waits for you")
    first = desk.held(**an_export())
    expect(waiting(page)).to_have_text("1 waiting for you")
    expect(page).to_have_title("(1) Inbox · Placet")
    expect(page.locator("#heard")).to_have_text("1 review waits for you")
    desk.held(name="db.grant")
    expect(waiting(page)).to_have_text("2 waiting for you")
    desk.bench.vote(first, "carol", "reject", reason="no")
    expect(waiting(page)).to_have_text("1 waiting for you")


def test_what_is_most_urgent_comes_first_and_what_is_not_mine_stands_apart(
    desk: DeskUnderTest, sign_in: SignIn
) -> None:
    desk.held(Requirement(approvals=parse("1 from dev-leads"), timeout_seconds=3000), name="later.one")
    desk.held(Requirement(approvals=parse("1 from dev-leads"), timeout_seconds=60), name="urgent.one")
    desk.held(Requirement(approvals=parse("1 from admins"), timeout_seconds=60), name="not.mine")
    page = sign_in("alice")
    lines = page.locator("section").filter(has=waiting(page)).locator(".line")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("urgent.one")
    expect(page.locator(".others .line")).to_contain_text("not.mine")


def test_a_review_is_approved_by_keyboard_alone(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held(**an_export())
    page = sign_in("alice")
    page.keyboard.press("j")
    expect(page.locator(f"#item-{held.action_id}")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/reviews/{held.action_id}")
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(" ".join((held.digest[0:4], held.digest[4:8], held.digest[8:12])))
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Settled: approved.")
    expect(page.locator("#standing .state")).to_have_text("approved")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text("data.export")
    assert desk.bench.outcome(held) == ("approved", "approved")
    (vote,) = desk.votes(held.action_id)
    assert (vote["channel"], vote["authentication"], vote["reviewer"]) == ("console", "session", "alice")


def test_a_review_is_rejected_with_a_reason(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held()
    page = sign_in("alice")
    page.goto(f"{desk.url}/reviews/{held.action_id}")
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("r")
    page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Pick a reason or write one.")).to_be_visible()
    page.get_by_label("Wrong destination.").check()
    page.get_by_label("In your words").fill("Ask carol@example.com for the bucket.")
    page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    expect(page.locator("#standing .state")).to_have_text("rejected")
    (vote,) = desk.votes(held.action_id)
    assert vote["reason"] == "Wrong destination. Ask ‹EMAIL_ADDRESS› for the bucket."


def test_somebody_elses_vote_appears_while_i_look(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held(TWO, **an_export())
    page = sign_in("alice")
    page.goto(f"{desk.url}/reviews/{held.action_id}")
    expect(page.get_by_role("heading", name="Needs 1 from dev-leads and 1 from security")).to_be_visible()
    desk.bench.vote(held, "bob", reason="Contract checked.")
    expect(page.get_by_role("heading", name="Needs 1 from dev-leads")).to_be_visible()
    expect(page.locator(".seats .taken")).to_contain_text("Bob")
    expect(page.locator(".steps")).to_contain_text("Contract checked.")


def test_a_late_click_is_told_who_decided_and_when(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held()
    page = sign_in("alice", tolerate=(LOST_STREAM, "ERR_FAILED", "409 (Conflict)"))
    # As if this page had lost its stream: it still offers to approve what somebody else settled.
    page.route("**/api/v1/events**", lambda route: route.abort())
    page.goto(f"{desk.url}/reviews/{held.action_id}")
    desk.bench.vote(held, "erin")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("already settled")
    expect(page.locator(".toast")).to_contain_text("Approved by erin at")
    expect(page.locator("#standing .state")).to_have_text("approved")


def test_an_approval_with_a_passkey_goes_by_the_provider_and_comes_back(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held(STEP_UP)
    page = sign_in("alice")
    page.goto(f"{desk.url}/reviews/{held.action_id}")
    page.get_by_role("button", name="Approve with passkey").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note for the record").fill("Contract PA-2231.")
    dialog.get_by_role("button", name="Go on with passkey").click()
    page.wait_for_url(f"{desk.settings.oidc_issuer}/**")
    page.locator("input[name=sub]").first.fill("alice")
    page.locator("button[type=submit], button:not([type])").first.click()
    page.wait_for_url(f"{desk.url}/reviews/{held.action_id}?cast=*")
    expect(page.locator(".toast")).to_contain_text("Settled: approved.")
    expect(page.locator("#standing .state")).to_have_text("approved")
    expect(page.locator(".steps")).to_contain_text("in the console, with a passkey")
    expect(page.locator(".steps")).to_contain_text("Contract PA-2231.")
    assert desk.bench.outcome(held) == ("approved", "approved")


def test_the_owner_finds_no_button_but_the_reason(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held()
    page = sign_in("dave")
    expect(waiting(page)).to_have_text("Nothing waits for you")
    page.goto(f"{desk.url}/reviews/{held.action_id}")
    expect(page.locator("#standing .note")).to_contain_text("You answer for the agent nightly-export")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    page.keyboard.press("a")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_no_page_scrolls_sideways(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held(TWO, **an_export())
    wide = desk.held(
        name="a" * 64 + "." + "b" * 60,
        resource="postgres://" + "w" * 200 + "/" + "t" * 200,
        arguments={
            "k" * 300: "v" * 300,
            "sql": "SELECT " + "x" * 3000,
            "rows": [{"c" * 80: "d" * 200} for _ in range(40)],
        },
        purpose="p" * 900,
    )
    close_by_clock(desk.bench, desk.held())
    page = sign_in("alice")
    for width in (1280, 375, 360):
        page.set_viewport_size({"width": width, "height": 812})
        for path in ("/", "/open", "/history", f"/reviews/{held.action_id}", f"/reviews/{wide.action_id}"):
            page.goto(f"{desk.url}{path}")
            measured = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            assert measured[0] <= measured[1], (width, path)


def test_hostile_text_is_inert_and_legible(desk: DeskUnderTest, sign_in: SignIn) -> None:
    alerts: list[str] = []
    held = desk.held(
        arguments={HOSTILE: HOSTILE, "list": [{"cell": HOSTILE}], "sql": HOSTILE},
        purpose=HOSTILE,
        preview=[{HOSTILE: HOSTILE}],
        masked={"reasons": (HOSTILE,)},
    )
    page = sign_in("alice")

    def seen(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", seen)
    page.goto(f"{desk.url}/reviews/{held.action_id}")
    assert alerts == []
    assert page.locator("article img, article script").count() == 0
    shown = page.locator(".said .val").inner_text()
    assert shown.startswith("<img src=x onerror=alert(1)>U+202Etxt.exeU+202CU+200B```</pre><script>")
    assert "{{7*7}}U+001B[31m" in shown
    assert "\u202e" not in page.content()
    assert page.locator(".why li").inner_text().startswith("<img src=x onerror=alert(1)>⟨U+202E⟩txt.exe")


def test_long_values_fold_and_unfold_whole(desk: DeskUnderTest, sign_in: SignIn) -> None:
    body = "".join(f"line {number} of the message, all of it. " for number in range(2500))
    rows = [{"id": number, "name": f"row-{number}"} for number in range(60)]
    held = desk.held(arguments={"body": body}, preview=rows)
    page = sign_in("alice")
    page.goto(f"{desk.url}/reviews/{held.action_id}")
    summary = page.get_by_text(f"Show all {len(body):,} characters")
    expect(page.get_by_text("line 2499 of the message")).to_be_hidden()
    summary.click()
    expect(page.get_by_text("line 2499 of the message")).to_be_visible()
    assert page.locator("details.long[open] > .val").inner_text() == body
    expect(page.get_by_text("row-59")).to_be_hidden()
    page.get_by_role("button", name="Show 35 more records").click()
    expect(page.get_by_text("row-59")).to_be_visible()


def test_only_what_was_masked_looks_masked(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held(
        arguments={"to": "‹EMAIL_ADDRESS_1›", "note": "see ‹EMAIL_ADDRESS_1›"},
        masked={
            "findings": (finding("EMAIL_ADDRESS", "/arguments/to"),),
            "forms": {"‹EMAIL_ADDRESS_1›": "at example.org"},
        },
    )
    page = sign_in("alice")
    page.goto(f"{desk.url}/reviews/{held.action_id}")
    expect(page.locator(".mask")).to_have_text(["email address 1 at example.org"])
    expect(page.locator(".mask b")).to_be_visible()
    expect(page.locator(".fake")).to_have_text(["‹EMAIL_ADDRESS_1›"])


def test_history_keeps_what_was_decided(desk: DeskUnderTest, sign_in: SignIn) -> None:
    expired, rejected = desk.held(name="first.one"), desk.held(name="second.one")
    close_by_clock(desk.bench, expired)
    desk.bench.vote(rejected, "erin", "reject", reason="Not like this.")
    page = sign_in("alice")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".item .state")).to_have_text(["rejected", "expired"])
    page.locator(".item a").first.click()
    expect(page.locator("#standing")).to_contain_text("Not like this.")
    expect(page.locator(".pairs, .code").first).to_be_visible()


def test_a_page_says_when_it_lost_the_desk_and_catches_up(desk: DeskUnderTest, sign_in: SignIn) -> None:
    page = sign_in("alice", tolerate=(LOST_STREAM,))
    expect(waiting(page)).to_have_text("Nothing waits for you")
    desk.server._live.stop()
    desk.held()
    expect(waiting(page)).to_have_text("1 waiting for you")
    expect(page.locator("#connection")).to_be_empty()


def test_every_page_can_be_read_by_those_who_do_not_see_it(desk: DeskUnderTest, sign_in: SignIn) -> None:
    held = desk.held(**an_export())
    page = sign_in("alice")
    for path in ("/", "/history", f"/reviews/{held.action_id}"):
        page.goto(f"{desk.url}{path}")
        assert page.locator("main").count() == page.locator("h1").count() == page.locator("nav").count() == 1
        assert page.locator("html").get_attribute("lang") == "en"
        unnamed = page.locator("button, a, input:not([type=hidden]), textarea").evaluate_all(
            "all => all.filter(e => !(e.innerText || e.ariaLabel || e.labels?.length || e.textContent.trim()))"
            ".map(e => e.outerHTML)"
        )
        assert unnamed == []
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
