"""The tools that a request offers to its model: descriptions that came from elsewhere are looked at like any such text.

What the agent's own code says of its tools is the operator's word; what an MCP server said of them is not (spec 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence

from aisecops.controls.firewall.assess import total
from aisecops.controls.firewall.label import UNTRUSTED
from aisecops.gateway.origins.known import KnownAgain
from aisecops.model.envelope import Suspected
from aisecops.model.ids import RunId
from aisecops.wire.llm import ToolOffer
from aisecops.wire.texts import names_in, strings_in


async def suspected_offers(
    known: KnownAgain, root_run_id: RunId, tools: Sequence[ToolOffer], *, flag_at: float
) -> tuple[Suspected, ...]:
    """The offered tools whose words came in from elsewhere, and in which detectors see enough to flag them.

    Raises `StoreError`.
    """
    texts = [
        "\n".join([*names_in({tool.name: tool.schema}), tool.description, *strings_in(tool.schema)]) for tool in tools
    ]
    traced = await known.recognise(root_run_id, texts)
    foreign = [
        (tool, text, next(one.origin for one in stretches if one.origin.tier in UNTRUSTED))
        for tool, text, stretches in zip(tools, texts, traced, strict=True)
        if any(one.origin.tier in UNTRUSTED for one in stretches)
    ]
    signs = await known.assessed([text for _, text, _ in foreign])
    return tuple(
        Suspected(
            position=tool.position,
            tier=origin.tier,
            score=score,
            found=found,
            origin_id=origin.origin_id,
            source=origin.source,
        )
        for (tool, _, origin), found in zip(foreign, signs, strict=True)
        if (score := total(found)) >= flag_at and found
    )
