"""The executor: the one process that holds the warehouse's privileged credential.

It runs what comes with a valid grant, with the values that were assented to, once. Its own settings are
`WAREHOUSE_DSN_FILE` (the credential) and `WAREHOUSE_BUCKETS` (a folder that stands for the partner's buckets); the
rest are PLACET_… variables. It listens on `WAREHOUSE_PORT` of the loopback and answers `POST /run` with a ticket.
"""

from __future__ import annotations

import csv
import hashlib
import os
from pathlib import Path

import psycopg
import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from psycopg import sql

from examples.nightly_export import tracing
from placet.errors import PlacetError
from placet.executor import Executor, Result
from placet.outcomes import Ticket

DSN = Path(os.environ["WAREHOUSE_DSN_FILE"]).read_text()
BUCKETS = Path(os.environ["WAREHOUSE_BUCKETS"])

executor = Executor.from_env()
app = FastAPI(openapi_url=None)


@executor.action("db.query")
def query(sql: str) -> Result:
    """Run a statement in a read-only transaction."""
    with psycopg.connect(DSN) as connection:
        connection.read_only = True
        rows = connection.execute(sql.encode()).fetchall()
    return Result([list(row) for row in rows], counts={"rows": len(rows)})


@executor.action("db.write")
@executor.action("privilege.grant")
def execute(sql: str) -> Result:
    """Run a statement that changes something."""
    with psycopg.connect(DSN) as connection:
        changed = connection.execute(sql.encode())
    return Result(None, counts={"rows": max(0, changed.rowcount)})


@executor.action("export.customers")
def export(table: str, columns: list[str], destination: str) -> Result:
    """Write columns of a table as CSV into a bucket."""
    target = BUCKETS / destination.removeprefix("s3://")
    if not target.resolve().is_relative_to(BUCKETS.resolve()):
        raise ValueError("the destination lies outside the buckets")
    statement = sql.SQL("SELECT {} FROM {} ORDER BY 1").format(
        sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
    )
    with psycopg.connect(DSN) as connection:
        connection.read_only = True
        rows = connection.execute(statement).fetchall()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    content = target.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return Result({"file": destination}, counts={"rows": len(rows), "bytes": len(content)}, hashes={"file": digest})


@app.get("/healthz")
def healthz() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}


@app.post("/run")
async def run(request: Request) -> JSONResponse:
    """Redeem a ticket. Answers with the execution report's status and code, and the result if it ran."""
    try:
        ticket = Ticket.from_json(await request.body())
    except PlacetError as error:
        return JSONResponse({"status": "refused", "code": "bad_ticket", "sentence": str(error)}, status_code=400)
    execution = await run_in_threadpool(executor.attempt, ticket)
    if (report := execution.report) is None:
        return JSONResponse({"status": "refused", "code": "unreadable_ticket"}, status_code=400)
    return JSONResponse({"status": report.status, "code": report.code, "result": execution.result})


if __name__ == "__main__":
    tracing.start(executor.executor)
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["WAREHOUSE_PORT"]), log_level="warning")
