"""Signing in at the company's provider with a browser: out to it, and back from it.

Knows the way there and back. What somebody who is back may see is for whoever keeps visits: they are given a proof.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from aisecops.gateway.ports import Clock
from aisecops.model.errors import Fault
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control.answering import problem
from aisecops.ops.control.oidc import Begun, SignedIn, SignIn
from aisecops.ops.control.who import Asker

OUT, BACK = "/login/oidc", "/login/back"
LASTS_MS = 600_000
MOST_BEGUN = 1000
COOKIE = "aisecops_sign_in"


class SignedInProof:
    """What a visit rests on that began with a sign-in: asked again each time, by the rules as they are then."""

    def __init__(self, sign_in: SignIn, signed_in: SignedIn) -> None:
        self._sign_in = sign_in
        self._signed_in = signed_in

    async def asker(self) -> Asker | Refuse:
        """Whose visit it is now."""
        return self._sign_in.whose(self._signed_in)


Visit = Callable[[Request, SignedInProof, str], Response]
"""Begins a visit and leads to a page of ours; its answer sets the visit's cookie."""


class SignInPages:
    """The two routes of a sign-in. `control_url` is where browsers reach us, as the provider knows it."""

    def __init__(
        self, sign_in: SignIn, clock: Clock, *, control_url: str, new_secret: Callable[[], str], visit: Visit
    ) -> None:
        self._sign_in = sign_in
        self._clock = clock
        self._control_url = control_url
        self._new_secret = new_secret
        self._visit = visit
        self._begun: dict[str, tuple[int, Begun, str]] = {}

    def routes(self) -> list[Route]:
        """Both."""
        return [Route(OUT, self.out, methods=["GET"]), Route(BACK, self.back, methods=["GET"])]

    async def out(self, request: Request) -> Response:
        try:
            begun = await self._sign_in.begin(f"{self._control_url}{BACK}")
        except Fault as fault:
            return problem(Refuse(code=fault.code, detail=str(fault)))
        if isinstance(begun, Refuse):
            return problem(begun, 404)
        response = RedirectResponse(begun.url, status_code=303, headers={"cache-control": "no-store"})
        response.set_cookie(
            COOKIE,
            self._kept(begun, request.query_params.get("to", "/")),
            max_age=LASTS_MS // 1000,
            path=BACK,
            httponly=True,
            samesite="lax",  # the provider's page leads back here
            secure=self._control_url.startswith("https://"),
        )
        return response

    async def back(self, request: Request) -> Response:
        """The browser is back: its own sign-in, once, while it lasts."""
        at_ms, begun, to = self._begun.pop(request.cookies.get(COOKIE, ""), (0, None, "/"))
        said = request.query_params
        if begun is None or self._clock.now_ms() - at_ms > LASTS_MS or not ("code" in said and "state" in said):
            return _not_signed_in("nobody began to sign in with this browser, or the provider said no; begin again")
        try:
            found = await self._sign_in.finish(begun, state=said["state"], code=said["code"], iss=said.get("iss"))
        except Fault as fault:
            return problem(Refuse(code=fault.code, detail=str(fault)))
        if isinstance(found, Refuse):
            return _not_signed_in(found.detail)
        return _from_here(self._visit(request, SignedInProof(self._sign_in, found), to))

    def _kept(self, begun: Begun, to: str) -> str:
        """What the cookie says, by which this sign-in is found again."""
        now_ms = self._clock.now_ms()
        self._begun = {name: kept for name, kept in self._begun.items() if now_ms - kept[0] <= LASTS_MS}
        while len(self._begun) >= MOST_BEGUN:
            del self._begun[next(iter(self._begun))]
        name = self._new_secret()
        self._begun[name] = (now_ms, begun, to)
        return name


def _from_here(visit: Response) -> Response:
    """`visit` as a page that goes on by itself.

    A browser that comes from elsewhere does not show a strict cookie on where it is redirected to; from here it does.
    """
    to = escape(visit.headers.get("location", "/"), quote=True)
    page = HTMLResponse(f'<!doctype html><meta http-equiv="refresh" content="0; url={to}"><a href="{to}">Go on</a>')
    page.headers["cache-control"] = "no-store"
    page.headers["referrer-policy"] = "no-referrer"
    for cookie in visit.headers.getlist("set-cookie"):
        page.headers.append("set-cookie", cookie)
    page.delete_cookie(COOKIE, path=BACK)
    return page


def _not_signed_in(detail: str) -> Response:
    response = problem(Refuse(code=Code.IDENTITY_REQUIRED, detail=detail), 403)
    response.delete_cookie(COOKIE, path=BACK)
    return response
