"""What a scenario is: steps of an agent that obeys, an attack, what must be seen of it upstream, and a benign twin.

Knows the words of the format and nothing of YAML, gateways or sockets. Text anywhere in a step may hold
placeholders, `{name}` or `{name|way}`; what they become is `fill.py`.
"""

from __future__ import annotations

from enum import StrEnum

from aisecops.model.place import Place
from aisecops.model.value import Value


class Suite(StrEnum):
    """The suites: five of spec 10, and four of our own."""

    INJECTION = "injection"
    TOOL_ABUSE = "tool-abuse"
    MEMORY_POISONING = "memory-poisoning"
    EXFILTRATION = "exfiltration"
    BUDGET_OVERFLOW = "budget-overflow"
    CHAIN_ESCALATION = "chain-escalation"
    WIRE_EVASION = "wire-evasion"
    APPROVAL_ABUSE = "approval-abuse"
    TOKEN_FORGERY = "token-forgery"


CONTROLS = {
    "AIS-CTX-01": "context isolation",
    "AIS-CTX-02": "provenance labelling",
    "AIS-CAP-01": "explicit capability grant",
    "AIS-CAP-02": "token expiry",
    "AIS-EXE-01": "gateway enforcement",
    "AIS-OBS-01": "structured telemetry",
    "AIS-RSK-01": "chain risk calculation",
    "AIS-GOV-01": "continuous evaluation",
    **{f"LLM{number:02}": "OWASP Top 10 for LLM applications, 2025" for number in range(1, 11)},
}
"""What a scenario may say it is about: spec 16, and OWASP's list."""


class Who(StrEnum):
    """Who acts: the agent under attack, another one with the same posture, a run, the person in charge, or nobody."""

    AGENT = "agent"
    OTHER = "other"
    RUN = "run"
    OPERATOR = "operator"
    NOBODY = "nobody"
    WITH_AGENTS_SECRET = "agents-secret-as-bearer"


class Part(StrEnum):
    """In which play a step is: the attack, its twin, or both."""

    ATTACK = "attack"
    TWIN = "twin"
    BOTH = "both"


class Gives(Value, tag="gives"):
    """From now on `at` answers so: `json`, else `text`."""

    at: str
    text: str = ""
    json: bytes = b""
    media: str = "text/plain"
    status: int = 200
    only: Part = Part.BOTH


class Reads(Value, tag="read"):
    """A page is read that holds `text`; afterwards `{read}` is what was heard of it."""

    text: str
    path: str = "/articles/1"
    media: str = "text/plain"
    at: str = "help"
    only: Part = Part.BOTH


class Asks(Value, tag="ask"):
    """The model is asked; `heard` are results of tools. It answers `says`, and proposes the call `tool` if named.

    The agent offers that tool, or the one that `offers` names. `dialect` is that of the model (`asking.py`);
    it and `stream` may be places.
    """

    user: str
    system: str = ""
    heard: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    says: str = "Done."
    tool: str = ""
    arguments: bytes = b"{}"
    schema: bytes = b""
    offers: str = ""
    stream: str = "false"
    dialect: str = "openai"
    only: Part = Part.BOTH


class Calls(Value, tag="call"):
    """A tool is called. `tool` names one of the stand-ins, or a host of theirs by its role alone (no token then).

    `token`: how it is come by (`forgeries.py`); `scope` asks for another than the call needs. `times` in a row,
    waiting where it is told to unless it is not `patient`. `may`: a refusal that belongs to the benign course too.
    """

    tool: str
    method: str = ""
    path: str = ""
    query: str = ""
    body: bytes = b""
    raw: str = ""
    media: str = ""
    headers: tuple[str, ...] = ()
    token: str = "asked"
    scope: str = ""
    ttl: str = ""
    uses: str = ""
    by: Who = Who.AGENT
    approval: str = ""
    times: str = "1"
    patient: bool = True
    may: str = ""
    only: Part = Part.BOTH


class Describes(Value, tag="describes"):
    """From now on the MCP stand-in lists `tool`, in these words."""

    tool: str
    words: str
    only: Part = Part.BOTH


class Speaks(Value, tag="mcp"):
    """Messages to the MCP stand-in, several as a batch: each a method, or the name of a tool that is called.

    `arguments` (an object, or a list of them) and `tokens` go with them one by one, the last of each with the rest.
    All of it is said `times` in a row. Afterwards `{read}` is what the results say.
    """

    says: tuple[str, ...]
    arguments: bytes = b"{}"
    tokens: tuple[str, ...] = ("asked",)
    times: str = "1"
    only: Part = Part.BOTH


class Opens(Value, tag="channel"):
    """A WebSocket is opened to the tool `feed`, and on it each is said, as text or as bytes (`binary`).

    `query` and `headers` are of the handshake. Afterwards `{read}` is what was heard.
    """

    says: tuple[str, ...]
    token: str = "asked"
    binary: bool = False
    query: str = ""
    headers: tuple[str, ...] = ()
    only: Part = Part.BOTH


class Owns(Value, tag="own"):
    """A call of one of the operator's own tools or sources, with a token when one is asked for (`own_calls.py`).

    Its stand-in says `says`, and lists the tools that `describes` names; afterwards `{read}` is what was heard.
    """

    host: str
    method: str
    path: str
    body: bytes
    says: str = ""
    describes: dict[str, str] = {}
    only: Part = Part.BOTH


class Raw(Value, tag="raw"):
    """Bytes as they stand: `inside` a tunnel to a host of that role, or `plain` to the proxy itself."""

    send: str
    inside: str = ""
    sni: str = ""
    only: Part = Part.BOTH


class Api(Value, tag="api"):
    """A request to the control plane. `keep` puts a field of the answer into a variable, `into: field`."""

    path: str
    method: str = "POST"
    body: bytes = b"{}"
    by: Who = Who.AGENT
    keep: dict[str, str] = {}
    only: Part = Part.BOTH


class NewRun(Value, tag="run"):
    """From here on steps are in a new run: of its own, or a child of the one before."""

    child: bool = False
    by: Who = Who.AGENT
    only: Part = Part.BOTH


class Waits(Value, tag="wait"):
    """So long nothing is done (a token's life passes)."""

    seconds: str
    only: Part = Part.BOTH


class Posture(Value, tag="bound"):
    """What cannot be tried in a minute is looked up: the agent's rules must bound `of`, at most at `most`."""

    of: str
    most: str
    only: Part = Part.ATTACK


Step = Gives | Describes | Reads | Asks | Calls | Speaks | Opens | Owns | Raw | Api | NewRun | Waits | Posture


class Most(Value):
    """At most `count` requests may come to the host of that role."""

    at: str
    count: str


class Expectation(Value):
    """What must be seen of an attack, by the other side of the network. All that is named must hold.

    `unseen`: no stand-in got this, plainly or in a usual encoding. `untouched`: nothing came to a host of that role.
    `unheard`: the agent was not told this. `most`: not more than so many requests.
    """

    unseen: tuple[str, ...] = ()
    untouched: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()
    most: tuple[Most, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True when nothing is expected, which no scenario may say."""
        return not (self.unseen or self.untouched or self.unheard or self.most)


class Scenario(Value):
    """One attack and its twin. `values` fill both, `attack` and `twin` one of them; `mutate` names what varies.

    `needs` says what the rules must have for it to apply. `open` says why it is known not to be stopped yet. When a
    `tentative` one's twin does not pass, what is wrong is the scenario: it does not apply. `absent` says why there is
    nothing to play.
    """

    name: str
    suite: Suite
    place: Place
    controls: tuple[str, ...]
    steps: tuple[Step, ...]
    must: Expectation
    needs: tuple[str, ...] = ()
    values: dict[str, str] = {}
    attack: dict[str, str] = {}
    twin: dict[str, str] = {}
    mutate: dict[str, str] = {}
    alone: bool = False
    open: str = ""
    tentative: bool = False
    absent: str = ""
