"""How mature the installation is, as the API tells it."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from aisecops.ops.control.answering import as_json
from aisecops.ops.control.door import Call
from aisecops.ops.control.who import Asker
from aisecops.ops.maturity.assess import shown
from aisecops.ops.maturity.gather import Maturity


class MaturityCalls:
    """The call about maturity."""

    def __init__(self, maturity: Maturity) -> None:
        self._maturity = maturity

    def calls(self) -> Sequence[Call]:
        """All of them."""
        return (Call("GET", "/v1/maturity", "maturity", self.maturity),)

    async def maturity(self, request: Request, asker: Asker) -> Response:  # noqa: ARG002 - one shape for all
        return as_json(shown(await self._maturity.assessed()))
