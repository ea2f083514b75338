"""The door of the API: who asks, whether they may, and one answer for whatever goes wrong behind it.

Every call proves who asks, is decided, and answers with JSON or an RFC 9457 problem. Silence denies: a call that is
not in `MAY` is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aisecops.model.errors import Fault, WireError
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control.answering import problem
from aisecops.ops.control.may import MAY, refused
from aisecops.ops.control.who import Asker, Doorkeeper

Handler = Callable[[Request, Asker], Awaitable[Response]]
Proof = Callable[[Request], Awaitable[Asker | Refuse]]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API. `name` is its name in `MAY`; one that ends in a dot is followed by the path's `act`.

    `proof` says who asks where that is not told by `Authorization`. `query` are the names that its query may have.
    """

    method: str
    path: str
    name: str
    handler: Handler
    proof: Proof | None = None
    query: tuple[str, ...] = ()


class Calls(Protocol):
    """Calls that belong together."""

    def calls(self) -> Sequence[Call]:
        """All of them."""
        ...


class Door:
    """What stands before every call."""

    def __init__(self, keeper: Doorkeeper) -> None:
        self._keeper = keeper

    def route(self, call: Call) -> Route:
        """`call` behind the door."""
        return Route(call.path, self._asked(call, call.proof or self._asker), methods=[call.method])

    def _asked(self, call: Call, proof: Proof) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                asker = await proof(request)
                if isinstance(asker, Refuse):
                    return _unauthenticated(asker)
                named = f"{call.name}{request.path_params['act']}" if call.name.endswith(".") else call.name
                no_act = call.name != named and named not in MAY  # a 404
                no = None if no_act else refused(named, asker.role) or _unasked(call, request)
                return await call.handler(request, asker) if no is None else problem(no)
            except WireError as error:
                return problem(Refuse(code=error.code, detail=error.detail))
            except Fault as fault:
                return problem(Refuse(code=fault.code, detail=str(fault)))
            except Exception:  # noqa: BLE001 - the outermost guard of this door: a fault is a refusal, without its words
                return problem(Refuse(code=Code.INTERNAL, detail="the control plane failed and refused"))

        return endpoint

    async def _asker(self, request: Request) -> Asker | Refuse:
        shown = request.headers.getlist("authorization")
        if len(shown) > 1:
            return Refuse(code=Code.IDENTITY_REQUIRED, detail="credentials were sent twice")
        path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
        target = f"{path}?{query}" if query else path
        return await self._keeper.who(shown[0] if shown else None, method=request.method, target=target)


def _unasked(call: Call, request: Request) -> Refuse | None:
    """A query that the call does not know: passed over, it would be answered as if it had been understood."""
    names = [name for name, _ in request.query_params.multi_items()]
    wrong = [name for at, name in enumerate(names) if name not in call.query or name in names[:at]]
    if not wrong:
        return None
    known = f"; it has {', '.join(f'`{name}`' for name in call.query)}, once" if call.query else " and has none"
    detail = f"the query of {call.method} {call.path} knows no `{wrong[0][:100]}`{known}"
    return Refuse(code=Code.UNREADABLE, detail=detail)


def _unauthenticated(refuse: Refuse) -> Response:
    # 407 is a proxy's word; here nobody is proxied.
    response = problem(refuse, 401)
    response.headers["www-authenticate"] = 'Basic realm="aisecops", Bearer'
    return response
