"""Builds the desk from its settings: the only place that makes adapters."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import time

import httpx
from fastapi import FastAPI

from services.approver.adapters.people import FileOfPeople
from services.approver.desk.adapters.provider import Client, Provider
from services.approver.desk.adapters.reviews import PostgresReviews
from services.approver.desk.app import application
from services.approver.desk.desk import Desk
from services.approver.desk.identity import Identity
from services.approver.desk.live import JUDGED, REVIEWS, Live
from services.approver.desk.people import Directory
from services.approver.desk.sessions import Sessions, load_secrets
from services.approver.desk.settings import DeskSettings
from services.approver.desk.step_up import StepUp
from services.approver.desk.voting import Voting
from services.chassis.database import Listener, engine
from services.chassis.health import Health

SCHEMA = "approver"


def build(settings: DeskSettings) -> tuple[FastAPI, Live]:
    """The application, and its fan-out, which must be stopped before the server waits for its streams.

    Raises `SettingsError`.
    """
    settings.check()
    client = Client(
        issuer=settings.oidc_issuer,
        id=settings.oidc_client_id,
        secret=settings.client_secret(),
        audience=settings.oidc_audience,
        scopes=settings.oidc_scopes,
        redirect_uri=f"{settings.public_url}/sign-in/callback",
        insecure=settings.development,
    )
    http = httpx.AsyncClient()
    live = Live()
    directory = Directory(FileOfPeople(settings.directory_file))
    sessions = Sessions(
        load_secrets(settings.session_secret_file),
        idle_seconds=settings.session_idle_seconds,
        seconds=settings.session_seconds,
    )
    database = engine(settings.database_dsn_file, name=settings.service, pool_size=10, schema=SCHEMA)
    reviews = PostgresReviews(database)
    identity = Identity(
        provider=Provider(client, http),
        sessions=sessions,
        directory=directory,
        origin=settings.origin,
        secure=settings.secure,
        clock=time,
    )
    voting = Voting(reviews, live, settings.vote_wait_seconds)
    desk = Desk(
        settings=settings,
        reviews=reviews,
        live=live,
        voting=voting,
        directory=directory,
        identity=identity,
        step_up=StepUp(identity, voting, settings.oidc_step_up_acr_values),
        clock=time,
    )
    listener = Listener(settings.database_dsn_file, (JUDGED, REVIEWS), live.notified)

    @asynccontextmanager
    async def started() -> AsyncIterator[None]:
        live.attach(asyncio.get_running_loop())
        listener.start()
        try:
            yield
        finally:
            listener.close()
            await http.aclose()
            database.dispose()

    health = Health()
    health.ready("postgres", listener.retry.ready)
    return application(desk, health, started=started), live
