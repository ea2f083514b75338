"""The table in `docs/clients.md`: how a client's line reads, and how it is read back."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aisecops.ops.clients import Client
from support.client_runs import Measured

HEAD = """# Clients

`aisecops run -- CMD` and `aisecops env` set variables that make programs use the gateway and trust it. **They are a
convenience, not a wall.** A program can ignore them, unset them, or open a socket of its own. What holds a program is the
network: `aisecops run --sandbox`, transparent mode, or a container network with no other way out
(`docker/compose.yaml`). There, a client that goes round the gateway reaches nothing.

The table is made by `make clients`, which runs each client for real through a gateway, in a network namespace where going
round is seen, and fails when a line is no longer so. `aisecops doctor` says which of these are on your machine.

- **governed**: with the variables alone, the call arrives through the gateway and nowhere else.
- **goes by**, **trusts by**: each variable named is enough when it alone is set. Where `SSL_CERT_FILE` and its like
  replace a client's own set of authorities, ours is a whole bundle: the system's and the gateway's.
- **token header**: how the client shows a capability token (`AISecOps-Capability`). Calls to declared models and reads
  of declared sources need none.
- **a refused request**, **an unknown host**: what its user sees in the error itself. Many clients hide the body of a
  refusal, and all of them that of a refused tunnel; so the code is also the reason phrase of the answer.

| client | governed | goes by | trusts by | otherwise | token header | a refused request | an unknown host |
|---|---|---|---|---|---|---|---|
"""

NOTES = """
## Good to know

- **Node.js.** `fetch` and `https` use the variables from Node.js 24 on, because `NODE_USE_ENV_PROXY=1` is among them. Before,
  only libraries that read the variables themselves do (axios), or code that sets a dispatcher.
- **Java** reads no proxy variables; `JAVA_TOOL_OPTIONS` sets proxy and trust store for every JVM. Credentials are not in
  it, for a JVM prints the whole value on stderr. Without them the gateway answers 407. Old code that turns Basic off for
  tunnels again needs `-Djdk.http.auth.tunneling.disabledSchemes=`.
- **git and Java show credentials only when asked**: a first `CONNECT` without them is answered with 407, the second opens
  the tunnel.
- **pip, uv and npm** cannot send a header. Declare their index under `sources`, which are read without a token, or let the
  rule of the agent say `token: broker`.
- **LiteLLM, LangChain and other layers** are governed as the HTTP library below them is.
- **Coding agents** that are programs of their own (Claude Code, Codex, Gemini CLI): docs/coders.md.

## Versions of the last run

"""


def row(client: Client, measured: Measured) -> str:
    """The line of `client`, as it was seen."""
    governed = {"governed": "yes", "nameless": "held: 407 until it shows who it is", "goes round": "**no**: goes round"}
    cells = (
        client.name,
        governed.get(measured.alone, measured.alone),
        _listed(measured.obeys) or "none",
        _listed(measured.trusts),
        client.mend,
        client.header,
        measured.refused or "-",
        measured.unknown or "-",
    )
    return "| " + " | ".join(cells) + " |"


def document(rows: Mapping[str, str], versions: Mapping[str, str]) -> str:
    """The whole page."""
    said = "".join(f"- {name}: {version}\n" for name, version in versions.items())
    return HEAD + "".join(f"{line}\n" for line in rows.values()) + NOTES + said


def read_back(page: str) -> tuple[dict[str, str], dict[str, str]]:
    """The lines and the versions of a page, by client."""
    lines = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| client ")]
    versions = re.findall(r"^- (.+?): (.+)$", page.partition("## Versions of the last run")[2], re.MULTILINE)
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines}, dict(versions)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" if name.isupper() or "_" in name else name for name in names)
