"""The commands' way to the read API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import httpx

ENDPOINTS = Path(".placet/endpoints.json")


def base_url(given: str | None) -> str:
    """The API's address: as given, or that of the system that runs here; raise click.ClickException."""
    if given is not None:
        return given.rstrip("/")
    try:
        return str(json.loads(ENDPOINTS.read_bytes())["ledger"])
    except (OSError, ValueError, KeyError):
        raise click.ClickException(
            f"where is the ledger? Give --url or PLACET_LEDGER_URL ({ENDPOINTS} does not say)."
        ) from None


class Client:
    """Reads; every failure is a sentence and exit status 1."""

    def __init__(self, url: str | None, token_file: Path | None) -> None:
        headers = {}
        if token_file is not None:
            try:
                headers["Authorization"] = f"Bearer {token_file.read_text().strip()}"
            except OSError as error:
                raise click.ClickException(f"{token_file}: {error.strerror}") from None
        self._url = base_url(url)
        self._headers = headers

    def get(self, path: str, **query: Any) -> Any:
        """The JSON answer."""
        given = {name: value for name, value in query.items() if value is not None}
        with _told():
            response = httpx.get(self._url + path, params=given, headers=self._headers, timeout=30, trust_env=False)
            _raise(response)
            return response.json()

    def lines(self, path: str) -> Iterator[bytes]:
        """A streamed answer, in pieces as they come."""
        streamed = httpx.stream("GET", self._url + path, headers=self._headers, timeout=120, trust_env=False)
        with _told(), streamed as response:
            if response.is_error:
                response.read()
            _raise(response)
            yield from response.iter_raw()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise click.ClickException(f"the ledger does not answer ({type(error).__name__})") from None


def _raise(response: httpx.Response) -> None:
    if response.is_error:
        try:
            sentence = response.json()["sentence"]
        except (ValueError, KeyError):
            sentence = "no reason given"
        raise click.ClickException(f"{response.status_code}: {sentence}")
