"""What a page is: facts for its JSON twin, and what its template draws beside them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from aisecops.model.outcome import Refuse
from aisecops.ops.control.may import refused
from aisecops.ops.control.who import Asker


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever looks at a page. `csrf` is empty for a program that shows a secret with every request."""

    asker: Asker
    csrf: str = ""

    def may(self, call: str) -> bool:
        """May they make this call of the API? Pages show no button that would be refused."""
        return refused(call, self.asker.role) is None


@dataclass(frozen=True, slots=True)
class Page:
    """One page. `facts` is its JSON twin, whole; `drawn` is how the template shows them: places, colours, words."""

    template: str
    title: str
    facts: dict[str, Any]
    drawn: dict[str, Any] = field(default_factory=dict)
    status: int = 200


Shown = Page | Refuse | Response
PageHandler = Callable[[Request, Visitor], Awaitable[Shown]]


@dataclass(frozen=True, slots=True)
class PageAt:
    """A page's place. `call` is the call of the API whose right it takes; a `form` changes something."""

    path: str
    call: str
    handler: PageHandler
    form: bool = False
