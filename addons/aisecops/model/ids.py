"""The names things go by. All are text outside; here each has a type of its own."""

from __future__ import annotations

from typing import NewType

RunId = NewType("RunId", str)
"""One task of one agent: `run_` and a ULID."""

AgentId = NewType("AgentId", str)
"""An agent as the rules name it."""

DecisionId = NewType("DecisionId", str)
"""One decision: `dec_` and a ULID."""

ApprovalId = NewType("ApprovalId", str)
"""One question to a person: `apr_` and a ULID."""

TokenId = NewType("TokenId", str)
"""A capability token's `jti`: `cap_` and a ULID."""

RUN_PREFIX = "run_"
