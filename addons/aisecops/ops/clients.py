"""The clients that were run through the gateway, and how each of them is made to come to it.

Knows what was measured: `make clients` runs every one of them again and fails where a line here is no longer
so. `docs/clients.md` and `aisecops doctor` say what stands here. Does not look at any machine.
"""

from __future__ import annotations

from typing import Literal

from aisecops.model.value import Value

PROXY = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY")
"""The variables that a client may go by, each tried alone."""

JAVA = "JAVA_TOOL_OPTIONS"


class Client(Value):
    """One client. `obeys` and `trusts` name the variables that are enough when they alone are set.

    `mend` says what else brings it to the gateway, where the variables are not enough. `nameless`: it comes, and
    shows no credentials. `node` is the line of Node.js it was run on.
    """

    name: str
    kind: Literal["python", "node", "program"]
    found_as: str
    obeys: tuple[str, ...]
    trusts: tuple[str, ...]
    header: str
    mend: str = ""
    nameless: bool = False
    node: int = 0

    @property
    def governed(self) -> bool:
        """True when the variables of `aisecops env` are all it needs."""
        return bool(self.obeys) and not self.nameless


_UPPER, _LOWER, _ALL = PROXY
_ENV = (_UPPER, _LOWER)
_OPENSSL = ("SSL_CERT_FILE",)
_NODE_CA = ("NODE_EXTRA_CA_CERTS",)
_NODE_AGENT = "Node.js 24 or newer, or `setGlobalDispatcher(new EnvHttpProxyAgent())` of `undici`"
_NODE_OPTIONS = (
    "Node.js 24 or newer, or `fetchOptions: {dispatcher: new EnvHttpProxyAgent()}` with the `fetch` of `undici`"
)


def _python(name: str, obeys: tuple[str, ...], trusts: tuple[str, ...], header: str, **more: str) -> Client:
    return Client(name=name, kind="python", obeys=obeys, trusts=trusts, header=header, **{"found_as": name, **more})  # type: ignore[arg-type]


CLIENTS: tuple[Client, ...] = (
    _python("requests", PROXY, ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "`headers=`, `Session.headers`"),
    _python("httpx", PROXY, _OPENSSL, "`headers=`"),
    _python("aiohttp", (), _OPENSSL, "`headers=`", mend="`ClientSession(trust_env=True)`"),
    _python(
        "urllib3", (), _OPENSSL, "`headers=`", mend="`ProxyManager(url, proxy_headers=…)` in place of `PoolManager`"
    ),
    _python("boto3", _ENV, ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"), "event `before-send`, `request.headers`"),
    _python("openai", PROXY, _OPENSSL, "`default_headers=`, `extra_headers=`"),
    _python("anthropic", PROXY, _OPENSSL, "`default_headers=`, `extra_headers=`"),
    _python("google-genai", PROXY, _OPENSSL, "`HttpOptions(headers=…)`"),
    _python("google-genai, async", _ENV, _OPENSSL, "`HttpOptions(headers=…)`", found_as="google-genai"),
    _python("mistralai", PROXY, _OPENSSL, "`http_headers=` of a call"),
    _python("litellm", PROXY, _OPENSSL, "`extra_headers=`"),
    _python("mcp", PROXY, _OPENSSL, "`httpx2.AsyncClient(headers=…)` as `http_client=`"),
    _python("websockets", _ENV, _OPENSSL, "`additional_headers=`"),
    _python("urllib.request", _ENV, _OPENSSL, "`Request(headers=…)`", found_as=""),
    _python("http.client", (), _OPENSSL, "`request(headers=…)`", found_as="", mend="`set_tunnel()` by hand"),
    Client(
        name="curl",
        kind="program",
        found_as="curl",
        obeys=PROXY,
        trusts=("SSL_CERT_FILE", "CURL_CA_BUNDLE"),
        header="`-H`",
    ),
    Client(
        name="git", kind="program", found_as="git", obeys=PROXY, trusts=("GIT_SSL_CAINFO",), header="`http.extraHeader`"
    ),
    Client(
        name="pip",
        kind="program",
        found_as="pip",
        obeys=PROXY,
        trusts=("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        header="none: declare the index as a source",
    ),
    Client(
        name="uv",
        kind="program",
        found_as="uv",
        obeys=PROXY,
        trusts=_OPENSSL,
        header="none: declare the index as a source",
    ),
    Client(
        name="npm",
        kind="program",
        found_as="npm",
        obeys=_ENV,
        trusts=("npm_config_cafile", "NODE_EXTRA_CA_CERTS"),
        header="none: declare the registry as a source",
    ),
    Client(
        name="fetch of Node.js 24",
        kind="node",
        found_as="",
        obeys=_ENV,
        trusts=_NODE_CA,
        header="`headers`",
        node=24,
    ),
    Client(
        name="https of Node.js 24", kind="node", found_as="", obeys=_ENV, trusts=_NODE_CA, header="`headers`", node=24
    ),
    Client(
        name="fetch of Node.js 20",
        kind="node",
        found_as="",
        obeys=(),
        trusts=_NODE_CA,
        header="`headers`",
        mend=_NODE_AGENT,
        node=20,
    ),
    Client(
        name="https of Node.js 20",
        kind="node",
        found_as="",
        obeys=(),
        trusts=_NODE_CA,
        header="`headers`",
        mend="Node.js 24 or newer, or an `agent` of `https-proxy-agent`",
        node=20,
    ),
    Client(name="axios", kind="node", found_as="axios", obeys=_ENV, trusts=_NODE_CA, header="`headers`", node=24),
    Client(
        name="openai of npm, Node.js 24",
        kind="node",
        found_as="openai",
        obeys=_ENV,
        trusts=_NODE_CA,
        header="`defaultHeaders`",
        node=24,
    ),
    Client(
        name="openai of npm, Node.js 20",
        kind="node",
        found_as="openai",
        obeys=(),
        trusts=_NODE_CA,
        header="`defaultHeaders`",
        mend=_NODE_OPTIONS,
        node=20,
    ),
    Client(
        name="@anthropic-ai/sdk, Node.js 24",
        kind="node",
        found_as="@anthropic-ai/sdk",
        obeys=_ENV,
        trusts=_NODE_CA,
        header="`defaultHeaders`",
        node=24,
    ),
    Client(
        name="@anthropic-ai/sdk, Node.js 20",
        kind="node",
        found_as="@anthropic-ai/sdk",
        obeys=(),
        trusts=_NODE_CA,
        header="`defaultHeaders`",
        mend=_NODE_OPTIONS,
        node=20,
    ),
    Client(
        name="Go net/http",
        kind="program",
        found_as="go",
        obeys=_ENV,
        trusts=_OPENSSL,
        header="`Request.Header`",
    ),
    Client(
        name="Java HttpClient",
        kind="program",
        found_as="java",
        obeys=(JAVA,),
        trusts=(JAVA,),
        header="`HttpRequest.Builder.header`",
        nameless=True,
        mend="an `Authenticator` that answers the proxy; or let the rules know the agent by its network, `source:`",
    ),
)
