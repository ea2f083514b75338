"""What stands before every page: who looks, whether they may, whether a form is theirs, and how it is answered.

1. Static files and the page of the login are for everybody.
2. A page needs a login, or a bearer secret in a program's request, and the right to the call it shows (`may.py`).
3. A form needs a login too, comes from our own pages, and carries the token of its login.
4. Whatever goes wrong behind is a page that says so, without the fault's own words.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aisecops.gateway.ports import Clock
from aisecops.model.errors import Fault, WireError
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.ops.control.answering import as_json, problem
from aisecops.ops.control.may import refused
from aisecops.ops.control.who import Doorkeeper
from aisecops.ops.dashboard.page import Page, PageAt, Shown, Visitor
from aisecops.ops.dashboard.rendering import static_files, templates
from aisecops.ops.dashboard.visits import Visits

_log = logging.getLogger(__name__)

COOKIE, SECURE_COOKIE = "aisecops_login", "__Host-aisecops_login"
THEME = "aisecops_theme"
MAX_FORM_BYTES = 64 * 1024
MAX_FIELDS = 20

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # none at all would make browsers send forms without their origin
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
NOT_KEPT = {"cache-control": "no-store"}

Endpoint = Callable[[Request], Awaitable[Response]]


class Gate:
    """The way to all pages."""

    def __init__(
        self, keeper: Doorkeeper, visits: Visits, clock: Clock, beside: Callable[[], Awaitable[Mapping[str, Any]]]
    ) -> None:
        """`beside` tells what every page shows beside its own facts, such as how many steps wait."""
        self._keeper = keeper
        self._visits = visits
        self._clock = clock
        self._beside = beside
        self.static = static_files()
        self._templates = templates(self.static)

    def endpoint(self, page: PageAt) -> Endpoint:
        """`page` behind the gate."""

        async def answer(request: Request) -> Response:
            visitor: Visitor | None = None
            try:
                found = await self._visitor(request, form=page.form)
                if isinstance(found, Response):
                    return found
                visitor = found
                no = refused(page.call, visitor.asker.role)
                shown: Shown = no if no is not None else await page.handler(request, visitor)
                beside = {} if isinstance(shown, Response) or wants_json(request) else await self._beside()
                return self.answered(request, visitor, shown, beside)
            except WireError as error:
                shown = Refuse(code=error.code, detail=error.detail)
            except Fault as fault:
                shown = Refuse(code=fault.code, detail=str(fault))
            except Exception:  # noqa: BLE001 - the outermost guard: a fault is a page, without the fault's own words
                _log.exception("the page `%s` failed", page.path)
                shown = Refuse(code=Code.INTERNAL, detail="the control plane failed and refused")
            return self.answered(request, visitor, shown)

        return answer

    def answered(
        self, request: Request, visitor: Visitor | None, shown: Shown, beside: Mapping[str, Any] | None = None
    ) -> Response:
        """`shown` as the page or the JSON that was asked for."""
        if isinstance(shown, Response):
            response = shown
        elif wants_json(request):
            response = problem(shown) if isinstance(shown, Refuse) else as_json(shown.facts, status=shown.status)
        else:
            page = _refused_page(shown) if isinstance(shown, Refuse) else shown
            response = self._html(request, visitor, page, beside or {})
        response.headers.update({**HEADERS, **NOT_KEPT})
        return response

    def _html(self, request: Request, visitor: Visitor | None, page: Page, beside: Mapping[str, Any]) -> Response:
        theme = request.cookies.get(THEME)
        text = self._templates.get_template(page.template).render(
            {
                "waiting": 0,
                **beside,
                **page.drawn,
                "facts": page.facts,
                "title": page.title,
                "visitor": visitor,
                "path": request.url.path,
                "query": request.url.query,
                "theme": theme if theme in {"light", "dark"} else "",
                "now_s": self._clock.now_ms() / 1000,
            }
        )
        return Response(text, status_code=page.status, media_type="text/html")

    async def _visitor(self, request: Request, *, form: bool) -> Visitor | Response:
        """Whoever asks, or the answer to nobody."""
        shown = request.headers.get("authorization")
        if shown is not None and not form:
            asker = await self._keeper.who(shown, method=request.method, target=request.url.path)
            if isinstance(asker, Refuse) or not asker.sees_all:
                return self._unknown(request)
            return Visitor(asker)
        visit = self._visits.find(cookie_of(request))
        if visit is None:
            return self._unknown(request)
        asker = await visit.proof.asker()
        if isinstance(asker, Refuse) or not asker.sees_all:
            self._visits.end(cookie_of(request))
            return self._unknown(request)
        if form and not (comes_from_here(request) and visit.is_from((await form_of(request)).get("csrf", ""))):
            no = Refuse(code=Code.POLICY_DENIED, detail="the form was not made for this login; load the page again")
            return self.answered(request, Visitor(asker, visit.csrf), no)
        return Visitor(asker, visit.csrf)

    def _unknown(self, request: Request) -> Response:
        if wants_json(request) or request.method != "GET":
            no = Refuse(code=Code.IDENTITY_REQUIRED, detail="log in, or send a bearer secret")
            response = problem(no, 401)
            response.headers["www-authenticate"] = "Bearer"
        else:
            there = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            response = RedirectResponse(f"/login?to={quote(there, safe='/')}", status_code=303)
        response.headers.update({**HEADERS, **NOT_KEPT})
        return response


def wants_json(request: Request) -> bool:
    """True for a page's JSON twin: named `.json`, or asked for as JSON before anything else."""
    if request.url.path.endswith(".json"):
        return True
    first = request.headers.get("accept", "").partition(",")[0].partition(";")[0].strip().lower()
    return first == "application/json"


def cookie_of(request: Request) -> str:
    """What the browser says it is logged in as."""
    return request.cookies.get(SECURE_COOKIE if request.url.scheme == "https" else COOKIE, "")


def comes_from_here(request: Request) -> bool:
    """True unless the browser says that another site made it ask."""
    site = request.headers.get("sec-fetch-site")
    if site not in {None, "same-origin"}:
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")


async def form_of(request: Request) -> Mapping[str, str]:
    """The fields of a form; empty for what is none. Read once, and bounded. Raises `WireError` when it is too long."""
    known: Mapping[str, str] | None = getattr(request.state, "form", None)
    if known is not None:
        return known
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise WireError(f"the form is over {MAX_FORM_BYTES} bytes", Code.TOO_LARGE)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    fields: list[tuple[str, str]] = []
    if kind == "application/x-www-form-urlencoded":
        try:
            fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        except ValueError:
            raise WireError("the form cannot be read") from None
    form = dict(fields)
    request.state.form = form
    return form


def _refused_page(no: Refuse) -> Page:
    told = orjson.loads(problem(no).body)
    return Page("refused.html", "Not here", told, status=int(told.get("status", 403)))
