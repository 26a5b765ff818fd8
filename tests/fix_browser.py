"""Chromium for tests: `browser` (one per session) and `sign_in` (a page in which somebody is signed in).

Debian's own Chromium is used, or what PLACET_TEST_CHROMIUM names; nothing is downloaded. Where there is none, tests
are skipped with the reason; when CI is true they fail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, sync_playwright

from tests.desks import DeskUnderTest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-proxy-server",
]
SignIn = Callable[..., Page]


def chromium_path() -> str | None:
    """Where Chromium is, or None."""
    return os.environ.get("PLACET_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def launch(playwright: Playwright) -> Browser:
    path = chromium_path()
    assert path is not None
    return playwright.chromium.launch(executable_path=path, headless=True, args=ARGUMENTS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        reason = "no Chromium: apt-get install chromium, or name one in PLACET_TEST_CHROMIUM"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        made = launch(playwright)
        yield made
        made.close()


@pytest.fixture
def sign_in(browser: Browser, desk: DeskUnderTest) -> Iterator[SignIn]:
    """`sign_in("alice", width=375)`: a page at the inbox.

    What the browser logs as an error fails the test, unless it holds a text that the test tolerates.
    """
    contexts = []
    errors: list[str] = []

    def made(
        person: str, *, width: int = 1280, height: int = 860, tolerate: tuple[str, ...] = (), **options: Any
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.extend(_errors(said, desk.url, tolerate)))
        page_of(page, desk.url, person)
        return page

    yield made
    for context in contexts:
        context.close()
    assert errors == []


def _errors(said: ConsoleMessage, url: str, tolerate: tuple[str, ...]) -> list[str]:
    """The message, if it is an error, ours and not the identity provider's, and not tolerated."""
    ours = said.type == "error" and str(said.location["url"]).startswith(url)
    return [said.text] if ours and not any(text in said.text for text in tolerate) else []


def sign_in_at(browser: Any, url: str, person: str, *, width: int = 1280, height: int = 860, **options: Any) -> Page:
    """A page of its own in which somebody has signed in."""
    context = browser.new_context(viewport={"width": width, "height": height}, **options)
    page: Page = context.new_page()
    page.set_default_timeout(15_000)
    page_of(page, url, person)
    return page


def page_of(page: Page, url: str, person: str) -> None:
    """Sign in by hand, as a person does."""
    page.goto(f"{url}/")
    page.get_by_role("link", name="Sign in with your organisation").click()
    page.locator("input[name=sub]").first.fill(person)
    page.locator("button[type=submit], button:not([type])").first.click()
    page.wait_for_url(f"{url}/")
