"""Logging in and out, and the files that pages load.

Other ways to log in are links on the page: whoever offers one begins a visit with a proof of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aisecops.model.errors import Fault, WireError
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control.answering import problem
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.dashboard.gate import COOKIE, HEADERS, SECURE_COOKIE, Gate, comes_from_here, cookie_of, form_of
from aisecops.ops.dashboard.page import Page, Visitor
from aisecops.ops.dashboard.rendering import TYPES
from aisecops.ops.dashboard.visits import LASTS_MS, Failures, Proof, SecretProof, Visits

WRONG = "That secret opens nothing here."
ELSEWHERE = "The form did not come from this page. Load it again."
A_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class OtherWay:
    """A button on the page of the login."""

    title: str
    path: str


class Login:
    """The routes that need no login."""

    def __init__(self, gate: Gate, keeper: Doorkeeper, visits: Visits, failures: Failures) -> None:
        self._gate = gate
        self._keeper = keeper
        self._visits = visits
        self._failures = failures
        self._others: list[Callable[[], Sequence[OtherWay]]] = []

    def offer(self, others: Callable[[], Sequence[OtherWay]]) -> None:
        """Show these ways to log in too, as they are when the page is asked for."""
        self._others.append(others)

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            Route("/login", self.page, methods=["GET"]),
            Route("/login", self.log_in, methods=["POST"]),
            Route("/logout", self.log_out, methods=["POST"]),
            Route("/static/{name}", self.file, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        return self._shown(request, "")

    async def log_in(self, request: Request) -> Response:
        try:
            form = await form_of(request)
            if not comes_from_here(request):
                return self._shown(request, ELSEWHERE, status=403)
            source = request.client.host if request.client else ""
            if wait_s := self._failures.wait_s(source):
                words = f"Too many wrong secrets. Try again in {wait_s} s."
                response = self._shown(request, words, status=429)
                response.headers["retry-after"] = str(wait_s)
                return response
            proof = SecretProof(self._keeper, form.get("secret", "").strip())
            asker = await proof.asker()
        except WireError as error:
            return problem(Refuse(code=error.code, detail=error.detail))
        except Fault as fault:
            return self._shown(request, f"Nobody can log in now: {fault}.", status=503)
        if isinstance(asker, Refuse) or not asker.sees_all:
            self._failures.failed(source)
            return self._shown(request, WRONG, status=403)
        return self.begun(request, proof, to=form.get("to", ""))

    def refused(self, request: Request, fault: str, *, status: int) -> Response:
        """The page of the login, with what went wrong."""
        return self._shown(request, fault, status=status)

    def begun(self, request: Request, proof: Proof, *, to: str, led_here: bool = False) -> Response:
        """The answer that logs a browser in: whoever has a proof of another kind makes it with this too.

        `led_here`: another site led the browser here, so the way on is a page of ours.
        """
        self._visits.end(cookie_of(request))
        cookie = self._visits.begin(proof)
        if led_here:
            page = Page("welcome.html", "Welcome", {}, {"to": inside(to)})
            response = self._gate.answered(request, None, page)
        else:
            response = RedirectResponse(inside(to), status_code=303, headers=HEADERS)
        secure = request.url.scheme == "https"
        response.set_cookie(
            SECURE_COOKIE if secure else COOKIE,
            cookie,
            max_age=LASTS_MS // 1000,
            httponly=True,
            samesite="strict",
            secure=secure,
        )
        return response

    async def log_out(self, request: Request) -> Response:
        visit = self._visits.find(cookie_of(request))
        form = await form_of(request)
        if visit is not None and not (comes_from_here(request) and visit.is_from(form.get("csrf", ""))):
            return problem(Refuse(code=Code.POLICY_DENIED, detail="the form was not made for this login"))
        self._visits.end(cookie_of(request))
        response = RedirectResponse("/login", status_code=303, headers=HEADERS)
        response.delete_cookie(COOKIE)
        return response

    async def file(self, request: Request) -> Response:
        name = request.path_params["name"]
        data = self._gate.static.get(name)
        suffix = f".{name.rpartition('.')[2]}"
        if data is None or suffix not in TYPES:
            return Response(status_code=404, headers=HEADERS)
        named = request.query_params.get("v") or suffix == ".woff2"  # a name with a digest, or a font, never changes
        kept = f"public, max-age={A_YEAR_S}, immutable" if named else "no-cache"
        return Response(data, media_type=TYPES[suffix], headers={**HEADERS, "cache-control": kept})

    def _shown(self, request: Request, fault: str, *, status: int = 200) -> Response:
        to = inside(request.query_params.get("to", "/"))
        drawn = {"others": [other for offered in self._others for other in offered()], "to": to}
        nobody: Visitor | None = None
        return self._gate.answered(request, nobody, Page("login.html", "Log in", {"fault": fault}, drawn, status))


def inside(path: str) -> str:
    """`path` if it leads to a page of ours, or the first page: nobody is sent elsewhere after a login."""
    ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if ours else "/"
