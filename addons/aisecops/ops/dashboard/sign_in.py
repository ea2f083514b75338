"""Logging in by way of the OpenID provider that the rules name.

What is kept of a sign-in under way is bound to the browser by a cookie of its own, and serves once. That cookie is
SameSite=Lax, since the browser comes back from elsewhere; the login's is Strict, so the way on is a page and no
redirect: a browser sends a strict cookie only where it was led from a page of ours.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aisecops.gateway.ports import Clock
from aisecops.model.errors import Fault
from aisecops.model.outcome import Refuse
from aisecops.ops.control.oidc import Begun, SignedIn, SignIn
from aisecops.ops.control.who import Asker
from aisecops.ops.dashboard.gate import HEADERS, NOT_KEPT
from aisecops.ops.dashboard.login import Login, OtherWay, inside

BEGIN, BACK = "/login/oidc", "/login/oidc/back"
COOKIE = "aisecops_sign_in"
WITHIN_MS = 10 * 60 * 1000
MOST_BEGUN = 1000


class ProviderProof:
    """Somebody whom the provider has vouched for; who that is, and in what role, the rules in force say every time."""

    def __init__(self, sign_in: SignIn, signed_in: SignedIn) -> None:
        self._sign_in = sign_in
        self._signed_in = signed_in

    async def asker(self) -> Asker | Refuse:
        return self._sign_in.whose(self._signed_in)


class ProviderLogin:
    """The two places of a sign-in: where it begins, and where the browser comes back to."""

    def __init__(
        self,
        login: Login,
        sign_in: SignIn,
        *,
        clock: Clock,
        control_url: str,
        new_secret: Callable[[], str],
    ) -> None:
        self._login = login
        self._sign_in = sign_in
        self._clock = clock
        self._control_url = control_url.rstrip("/")
        self._new_secret = new_secret
        self._begun: dict[str, tuple[Begun, str, int]] = {}
        login.offer(self._offered)

    def routes(self) -> list[Route]:
        """Both places."""
        return [Route(BEGIN, self.begin, methods=["GET"]), Route(BACK, self.back, methods=["GET"])]

    def _offered(self) -> tuple[OtherWay, ...]:
        return (OtherWay("Single sign-on", BEGIN),) if self._sign_in.offered else ()

    async def begin(self, request: Request) -> Response:
        try:
            begun = await self._sign_in.begin(f"{self._control_url}{BACK}")
        except Fault as fault:
            return self._login.refused(request, f"Nobody can sign in now: {fault}.", status=503)
        if isinstance(begun, Refuse):
            return self._login.refused(request, f"{begun.detail}.", status=403)
        handle, now_ms = self._new_secret(), self._clock.now_ms()
        self._begun = {name: one for name, one in self._begun.items() if now_ms - one[2] < WITHIN_MS}
        while len(self._begun) >= MOST_BEGUN:
            del self._begun[next(iter(self._begun))]
        self._begun[handle] = (begun, inside(request.query_params.get("to", "/")), now_ms)
        response = RedirectResponse(begun.url, status_code=303, headers={**HEADERS, **NOT_KEPT})
        secure = request.url.scheme == "https"
        response.set_cookie(
            COOKIE, handle, max_age=WITHIN_MS // 1000, httponly=True, samesite="lax", secure=secure, path=BEGIN
        )
        return response

    async def back(self, request: Request) -> Response:
        begun, to, began_ms = self._begun.pop(request.cookies.get(COOKIE, ""), (None, "/", 0))
        if begun is None or self._clock.now_ms() - began_ms >= WITHIN_MS:
            return self._login.refused(request, "No sign-in is under way in this browser. Begin again.", status=403)
        said = request.query_params
        try:
            found = await self._sign_in.finish(
                begun, state=said.get("state", ""), code=said.get("code", ""), iss=said.get("iss")
            )
        except Fault as fault:
            return self._login.refused(request, f"Nobody can sign in now: {fault}.", status=503)
        if isinstance(found, Refuse):
            return self._login.refused(request, f"{found.detail}.", status=403)
        response = self._login.begun(request, ProviderProof(self._sign_in, found), to=to, led_here=True)
        response.delete_cookie(COOKIE, path=BEGIN)
        return response
