"""What an adapter is told to do with a request or a response. There is no fourth way."""

from __future__ import annotations

from typing import Any

from aisecops.model.decision import Reason
from aisecops.model.ids import ApprovalId, DecisionId, RunId
from aisecops.model.refusals import REFUSALS, Code
from aisecops.model.value import Value


class Refuse(Value):
    """The answer is no. Everything a problem document needs (contract 4); no secret in any of it.

    `dialect`: of the model that was asked, where one was; its callers read the no in its own form. `each`: of a batch,
    the ids that wait and the refusal that answers them; the first of them stands for all. `posted_too`: a WebSocket is
    refused where the same may be posted. `inside`: what a part of ours that is down has said, for the log alone.
    """

    code: Code
    detail: str
    rule: str = ""
    reasons: tuple[Reason, ...] = ()
    decision_id: DecisionId | None = None
    run_id: RunId | None = None
    approval_id: ApprovalId | None = None
    retry_after_s: int | None = None
    findings: tuple[dict[str, Any], ...] = ()
    request_token: dict[str, Any] | None = None
    risk_header: str = ""
    dialect: str = ""
    each: tuple[tuple[tuple[int | str, ...], Refuse], ...] = ()
    posted_too: bool = False
    inside: str = ""

    @property
    def status(self) -> int:
        """The HTTP status of this refusal."""
        return REFUSALS[self.code].status


class Forward(Value):
    """The request may leave, as `request` says and not otherwise.

    `addresses` are the only ones that may be dialled: judged, pinned. `permit` names the reservation to settle.
    `response_headers` are put on the answer, after any of the same name from upstream are removed. `through_proxy`:
    the addresses are those of the operator's own proxy, which is to be asked for `host:port`. `any_size`: the answer
    is passed on piece by piece, so no bound on whole answers holds for it. `path`: path and query as they leave, in
    place of those that came.
    """

    permit: str
    decision_id: DecisionId
    run_id: RunId
    host: str
    port: int
    addresses: tuple[tuple[str, int], ...]
    through_proxy: bool = False
    remove_headers: tuple[str, ...] = ()
    set_headers: tuple[tuple[str, str], ...] = ()
    path: str | None = None
    body: bytes | None = None
    response_headers: tuple[tuple[str, str], ...] = ()
    any_size: bool = False


Outcome = Forward | Refuse
