"""What an agent imports: a run, an HTTP client that shows capability tokens, a part of its authority for a sub-agent.

    from aisecops.client import Run

    with Run.open() as run, run.http() as http:
        http.get("https://crm.internal/v1/customers/42")

Knows the API and the proxy from outside, as any client does. Nothing here is trusted by the gateway.
"""

from aisecops.client.auth import CapabilityAuth
from aisecops.client.gateway import Gateway, Refused
from aisecops.client.key import Key
from aisecops.client.run import Run
from aisecops.controls.tokens.attenuate import attenuate

__all__ = ["CapabilityAuth", "Gateway", "Key", "Refused", "Run", "attenuate"]
