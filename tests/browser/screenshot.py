"""Takes the README's picture of the console anew: `python -m tests.browser.screenshot [folder]`.

The picture is docs/console.png; with a folder, that folder also gets the inbox, a phone and dark mode. It runs as a
test would, on a real desk with settle's judge behind it, but is not collected with the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from placet.events import Facts, Sensitivity, StatementKind
from placet.requirement import Requirement, parse
from tests.desks import DeskUnderTest, an_export, running
from tests.fix_browser import sign_in_at
from tests.settling import Bench

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs" / "console.png"
MAX_BYTES = 300_000
TWO = Requirement(approvals=parse("1 from dev-leads and 1 from security"), timeout_seconds=1_470)
LEAD = Requirement(approvals=parse("1 from dev-leads"), timeout_seconds=540)
ADMINS = Requirement(approvals=parse("2 from admins"), timeout_seconds=3_400)


def test_pictures(bench: Bench, tmp_path: Path, provider: str, browser: object) -> None:
    shutil.copy(ROOT / "infra" / "development" / "directory.json", tmp_path / "directory.json")
    with running(bench, tmp_path, provider) as desk:
        export = furnish(desk)
        page = sign_in_at(browser, desk.url, "alice", height=900)
        page.goto(f"{desk.url}/reviews/{export}")
        expect(page.locator(".seats .taken")).to_be_visible()
        ready(page)
        PICTURE.parent.mkdir(exist_ok=True)
        page.screenshot(path=PICTURE)
        assert PICTURE.stat().st_size <= MAX_BYTES
        if folder := os.environ.get("PLACET_PICTURES"):
            more(desk, browser, page, export, Path(folder))


def furnish(desk: DeskUnderTest) -> str:
    """A morning's reviews; returns the one in the picture."""
    export = desk.held(TWO, rules=("export/customer-records", "export/outside"), **an_export())
    kinds = (StatementKind.GRANT,)
    desk.held(
        LEAD,
        name="db.grant",
        resource="postgres://warehouse/orders",
        arguments={"sql": "GRANT SELECT ON orders TO contractor"},
        agent="other-agent",
        masked={
            "facts": Facts(statement_kinds=kinds, tables=("orders",), statement_count=1, argument_bytes=64),
            "labels": ("privilege",),
            "sensitivity": Sensitivity.CONFIDENTIAL,
        },
    )
    desk.held(ADMINS, name="infra.scale", resource="k8s://production/checkout", arguments={"replicas": 40})
    desk.bench.vote(export, "bob", reason="Contract PA-2231 is in force; the bucket is theirs.")
    return export.action_id


def more(desk: DeskUnderTest, browser: object, page: Page, export: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / "review-whole.png", full_page=True)
    page.keyboard.press("r")
    page.screenshot(path=folder / "reject.png")
    page.goto(desk.url)
    ready(page)
    page.screenshot(path=folder / "inbox.png")
    dark = sign_in_at(browser, desk.url, "erin", color_scheme="dark")
    dark.goto(f"{desk.url}/reviews/{export}")
    ready(dark)
    dark.screenshot(path=folder / "review-dark.png")
    phone = sign_in_at(browser, desk.url, "carol", width=375, height=812)
    phone.screenshot(path=folder / "phone-inbox.png")
    phone.goto(f"{desk.url}/reviews/{export}")
    ready(phone)
    phone.screenshot(path=folder / "phone.png")
    page.goto(f"{desk.url}/reviews/{export}")
    page.keyboard.press("a")
    page.screenshot(path=folder / "approve.png")
    page.keyboard.press("Enter")
    expect(page.locator("#standing .state")).to_be_visible()
    page.screenshot(path=folder / "approved.png")
    page.goto(f"{desk.url}/history")
    ready(page)
    page.screenshot(path=folder / "history.png")


def ready(page: Page) -> None:
    """Fonts are there and the stream is open."""
    page.evaluate("document.fonts.ready")
    expect(page.locator("#connection")).to_be_empty()


if __name__ == "__main__":
    if sys.argv[1:]:
        os.environ["PLACET_PICTURES"] = sys.argv[1]
    command = [sys.executable, "-m", "pytest", __file__, "-q", "-p", "no:logging"]
    sys.exit(subprocess.run(command, check=False, cwd=ROOT).returncode)
