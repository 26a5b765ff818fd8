"""What routes ask for: the desk they belong to, and who is asking."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from services.approver.desk.desk import Desk
from services.approver.desk.voting import Caller


def desk_of(request: Request) -> Desk:
    """The desk of this application."""
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(desk_of)]


async def caller_of_console(request: Request, desk: TheDesk) -> Caller:
    """The person of a session; raise `Problem`."""
    return await desk.identity.caller(request, "console")


async def caller_of_api(request: Request, desk: TheDesk) -> Caller:
    """The person of a bearer token or a session; raise `Problem`."""
    return await desk.identity.caller(request, "api")


AtConsole = Annotated[Caller, Depends(caller_of_console)]
AtApi = Annotated[Caller, Depends(caller_of_api)]
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="The action's id.")]
After = Annotated[str | None, Query(max_length=300, description="`next` of the page before.")]
