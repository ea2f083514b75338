"""Write `tokens.json`: capability tokens as they must stay readable, each with the expected answer beside it.

Run it as `python tests/golden/write_tokens.py` when the form changes on purpose, and read the difference.
The keys come from constant seeds while it runs; they are nobody's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("tokens.json")


def samples() -> dict[str, Any]:
    """The public keys, and tokens with what verification says of them at `now_s` for agent and run."""
    from aisecops.controls.tokens.jwks import public_key, to_jwks
    from support.tokens import AGENT, AUDIENCE, HOLDER, ISSUER, KEY, NOW_S, OTHER_KEY, RUN, forged, grant, parts, token

    header, payload, _ = parts(token())
    tokens = {
        "plain": (token(), None),
        "every limit": (token(grant=grant(max_rows=100, max_cost_micros=500_000, uses=1)), None),
        "bound to a key": (token(cnf={"jkt": HOLDER.key_id}), "token_proof_invalid"),
        "as long as may be": (token(exp=NOW_S + 900), None),
        "just ended": (token(iat=NOW_S - 300, nbf=NOW_S - 300, exp=NOW_S), "token_expired"),
        "begins in a minute": (token(nbf=NOW_S + 60), "token_not_yet_valid"),
        "another agent's": (token(agent_id="other-bot"), "token_wrong_agent"),
        "another run's": (token(run_id="run_other"), "token_wrong_run"),
        "another gateway's": (token(aud="other.test"), "token_signature_invalid"),
        "by a key nobody knows": (token(OTHER_KEY), "token_signature_invalid"),
        "by another key under our kid": (forged(header, payload, OTHER_KEY), "token_signature_invalid"),
        "alg none": (forged(header | {"alg": "none"}, payload), "token_malformed"),
        "a claim too many": (forged(header, payload | {"admin": True}), "token_malformed"),
        "a day long": (
            forged(header, payload | {"exp": NOW_S + 86400, "constraints": {"expiry": "2026-03-03T17:00:00Z"}}),
            "token_malformed",
        ),
        "padded": (token() + "==", "token_malformed"),
    }
    return {
        "now_s": NOW_S,
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "agent_id": AGENT,
        "run_id": RUN,
        "jwks": to_jwks([public_key(KEY.public)]),
        "tokens": [{"name": name, "token": text, "fault": fault} for name, (text, fault) in tokens.items()],
    }


if __name__ == "__main__":
    root = Path(__file__).parents[2]
    sys.path[:0] = [str(root / "addons"), str(root / "tests")]
    FILE.write_text(json.dumps(samples(), indent=1) + "\n", encoding="utf-8")
