"""Tokens and approvals that come with a batch: each part gets the one that is for it.

They stand in their header in any order, with commas between; one that is there twice never comes so far. Choosing goes
by what they say of themselves, which proves nothing: each is then verified for its part as if it had come alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from msgspec.structs import replace

from aisecops.controls.tokens.chain import unproven_grant
from aisecops.gateway.admission.asking import APPROVAL_HEADER, Asked, Asking
from aisecops.gateway.admission.gather import CAPABILITY_HEADER, PROOF_HEADER, Presented
from aisecops.model.exchange import HttpRequest, values
from aisecops.model.scope import covers

_DEALT = frozenset(name.lower() for name in (CAPABILITY_HEADER, PROOF_HEADER, APPROVAL_HEADER))
MOST = 100
"""Of each kind; a batch has no more messages."""


@dataclasses.dataclass
class Cards:
    """What was presented with one batch; `seen` is what was looked up of each token, so that its proof serves once."""

    tokens: Sequence[str]
    proofs: Sequence[str]
    approvals: Sequence[str]
    seen: dict[str, Presented] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest) -> Cards:
        """All that `request` presents."""
        return cls(
            tokens=_listed(request, CAPABILITY_HEADER),
            proofs=_listed(request, PROOF_HEADER),
            approvals=_listed(request, APPROVAL_HEADER),
        )

    async def dealt(self, asked: Asked, asking: Asking) -> Asked:
        """`asked`, one part, with the token and the approval that are for it. Raises `StoreError`."""
        own = [pair for pair in asked.request.headers if pair[0].lower() not in _DEALT]
        if (number := self._token_for(asked)) is not None:
            own.append((CAPABILITY_HEADER, self.tokens[number]))
            if self.proofs:
                own.append((PROOF_HEADER, self.proofs[number if number < len(self.proofs) else 0]))
        for approval_id in self.approvals:
            if await asking.is_about(approval_id, asked):
                own.append((APPROVAL_HEADER, approval_id))
                break
        return dataclasses.replace(asked, request=replace(asked.request, headers=tuple(own)))

    def token_of(self, asked: Asked) -> str:
        """The token that was dealt to `asked`; empty for none."""
        return next(iter(values(asked.request.headers, CAPABILITY_HEADER)), "")

    def _token_for(self, asked: Asked) -> int | None:
        """The first that covers tool and scope, else the first that covers the tool, else the first."""
        action = asked.step.action
        said = [unproven_grant(token) or ("", "") for token in self.tokens]
        fits = [
            (covers(tool, action.tool), covers(tool, action.tool) and covers(scope, action.scope))
            for tool, scope in said
        ]
        for wanted in ((True, True), (True, False)):
            if wanted in fits:
                return fits.index(wanted)
        return 0 if self.tokens else None


def _listed(request: HttpRequest, name: str) -> list[str]:
    said = [one.strip() for value in values(request.headers, name) for one in value.split(",")]
    return [one for one in said if one][:MOST]
