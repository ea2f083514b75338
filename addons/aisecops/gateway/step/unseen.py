"""What a model would be told that nobody here can read: refused, unless the rules let unread content pass.

A cached content and an index that the provider searches itself stand before the model without having come by here. A
realtime model of a provider whose events are not read could be told anything, and could call anything.
"""

from __future__ import annotations

from aisecops.model.action import WEBSOCKET
from aisecops.model.errors import WireError
from aisecops.model.refusals import Code
from aisecops.model.rules import ModelRule, Unread
from aisecops.wire.llm import LlmCall
from aisecops.wire.realtime_call import SPOKEN

_MEND = "or let unread content pass with `egress: {unread: allow}`"


def only_what_is_read(unread: Unread, *, method: str, model: ModelRule | None, call: LlmCall | None) -> None:
    """Raises `WireError` for a talk or a call of which the gateway would read less than the model does."""
    if unread is Unread.ALLOW:
        return
    if method == WEBSOCKET and model is not None and model.dialect not in SPOKEN:
        what = f"what is said on a WebSocket to a model of the dialect `{model.dialect}` cannot be read"
        raise WireError(f"{what}; use its requests over HTTP, {_MEND}", Code.PROTOCOL_DENIED)
    if call is not None and call.unseen:
        named = ", ".join(f"`{name[:80]}`" for name in call.unseen)
        what = f"the provider would put content before the model that nobody here has seen ({named})"
        raise WireError(f"{what}; send it in the prompt, {_MEND}", Code.CONTEXT_REJECTED)
