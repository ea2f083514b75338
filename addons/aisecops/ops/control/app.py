"""The control plane's API: a thin door to the services (contract 8).

What is asked lies in the `*_calls` files, one for each kind of thing; who may ask, in `may.py`; the door before them
all, in `door.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from aisecops.ops.control.door import Calls, Door
from aisecops.ops.control.public_calls import PublicCalls


def control_app(door: Door, public: PublicCalls, groups: Sequence[Calls], pages: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application: `public` for everybody, every other call behind `door`, and the dashboard's `pages`."""
    calls = (door.route(call) for group in groups for call in group.calls())
    app = Starlette(routes=[*public.routes(), *calls, *pages], exception_handlers={HTTPException: _no_call})
    app.state.over = asyncio.Event()  # set when the server stops, so that streams without an end have one
    return app


async def _no_call(request: Request, failed: Exception) -> Response:
    """What is no call at all, as a problem too: of RFC 9457's own kind, since nobody refused anything."""
    known = failed if isinstance(failed, HTTPException) else HTTPException(HTTPStatus.NOT_FOUND)
    problem = {
        "type": "about:blank",
        "title": known.detail,
        "status": known.status_code,
        "detail": f"`{request.method} {request.url.path[:200]}` is no call; GET /openapi.json lists them",
    }
    headers = {**(known.headers or {}), "content-type": "application/problem+json"}
    if known.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # RFC 9110 10.2.1: every method of the path, not of the first call alone that has it
        routes = (one for one in request.app.routes if isinstance(one, Route))
        known_here = (one.methods or () for one in routes if one.path_regex.match(request.url.path))
        headers["Allow"] = ", ".join(sorted({method for methods in known_here for method in methods}))
    return Response(orjson.dumps(problem), status_code=known.status_code, headers=headers)
