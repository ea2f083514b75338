"""What the decision is told beyond the rules: everything, gathered before, nothing looked up during.

Facts are recorded with the decision they led to, so that the decision can be made again from the
record alone (spec 4.5). They therefore hold no secret and no content.
"""

from __future__ import annotations

from aisecops.model.action import ActionRequest, Principal
from aisecops.model.adaptive import Moved
from aisecops.model.budget import TreeState
from aisecops.model.chain import JoinedChain
from aisecops.model.decision import Judgment
from aisecops.model.envelope import Descent
from aisecops.model.finding import Finding
from aisecops.model.grant import Claims
from aisecops.model.ids import ApprovalId
from aisecops.model.proportion import Usual
from aisecops.model.refusals import Code
from aisecops.model.value import Value


class TokenFacts(Value):
    """What came of verifying the presented token: claims, or the code of the first step that failed."""

    claims: Claims | None = None
    fault: Code | None = None
    detail: str = ""


class ApprovalFacts(Value):
    """A person's yes for exactly this request, already checked to be in force; None of it is a secret."""

    approval_id: ApprovalId
    approved_by: str


class Facts(Value):
    """One request as it stood when it was judged. `token` None means none was presented.

    `moved` is what live signals have moved of its risk, where the rules let them.
    `usual` is what other runs of the agent usually send with the tool, where a rule asks and enough are known.
    `joined` are the chains of other trees on whose words the run works, as they stood.
    """

    now_ms: int
    principal: Principal
    request: ActionRequest
    tree: TreeState
    token: TokenFacts | None = None
    findings: tuple[Finding, ...] = ()
    approval: ApprovalFacts | None = None
    opinions: tuple[Judgment, ...] = ()
    descent: Descent | None = None
    joined: tuple[JoinedChain, ...] = ()
    moved: Moved | None = None
    usual: Usual | None = None
