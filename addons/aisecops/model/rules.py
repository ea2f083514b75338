"""The rule set: everything operators wrote under `rules/`, checked and frozen (contract 6).

Knows what rules say. Reading them from YAML is `controls/policy/parse.py`; matching and judging by
them is `controls/policy/`. Every rule keeps its place, so that a reason can name it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum

from aisecops.model.action import ToolEffect
from aisecops.model.budget import Budgets
from aisecops.model.chain import Join
from aisecops.model.decision import Mode
from aisecops.model.engines import PolicyRules
from aisecops.model.finding import FindingAction
from aisecops.model.grant import Grant
from aisecops.model.ids import AgentId
from aisecops.model.people import ApprovalRules, OidcRules, PersonRule
from aisecops.model.place import Place
from aisecops.model.proportion import ProportionRule
from aisecops.model.provenance import TrustTier
from aisecops.model.recogniser import RecogniserRule
from aisecops.model.risk import Thresholds
from aisecops.model.value import Value

# agents


class SecretAuthentication(Value, tag="secret"):
    """Proxy credentials. `source` is `env:NAME` or `file:PATH`; the secret itself is never in the rules."""

    source: str


class CertificateAuthentication(Value, tag="client_cert"):
    """A client certificate to the proxy, known by a subject alternative name."""

    san: str


class SourceAuthentication(Value, tag="source"):
    """Networks (CIDR) that are this agent."""

    networks: tuple[str, ...]


Authentication = SecretAuthentication | CertificateAuthentication | SourceAuthentication


class TokenMode(StrEnum):
    """Who asks for capability tokens: the agent, or the gateway in its name."""

    REQUIRE = "require"
    BROKER = "broker"


class GrantRule(Value):
    """One grant to an agent. `name` is `AGENT.grants[N]`, for reasons."""

    name: str
    grant: Grant
    place: Place


class AgentRule(Value):
    """One agent: how it is known, what it may be granted, what bounds it."""

    agent_id: AgentId
    place: Place
    role: str = ""
    authenticate: tuple[Authentication, ...] = ()
    mode: Mode = Mode.ENFORCE
    token: TokenMode = TokenMode.REQUIRE
    system_prompt: str = "free"
    grants: tuple[GrantRule, ...] = ()
    budgets: Budgets = Budgets()
    risk: Thresholds = Thresholds()


# tools


class HttpMatch(Value, tag="http"):
    """A plain HTTP request. `host` may be `*.name`; `port` None is 443 and 80. No methods means every method."""

    host: str
    methods: tuple[str, ...] = ()
    path: str = "/**"
    port: int | None = None


class McpMatch(Value, tag="mcp"):
    """A `tools/call` to an MCP server; `tool` is a glob over the server's tool names."""

    host: str
    tool: str = "*"
    port: int | None = None
    path: str = "/**"


class ModelToolMatch(Value, tag="model_tool"):
    """A local tool, known by the names models call it by."""

    names: tuple[str, ...]


Match = HttpMatch | McpMatch | ModelToolMatch


class Measure(Value):
    """A number found in the request, in the response, or fixed; `expression` is JMESPath."""

    side: str
    expression: str = ""
    fixed: Decimal | None = None


class RecipientsRule(Value):
    """Where in a request it stands whom it reaches: JMESPaths into the body, or places such as `{path[1]}`."""

    at: tuple[str, ...]


class Untrusted(StrEnum):
    """What happens when a steering argument came from untrusted content."""

    HOLD = "hold"
    DENY = "deny"


class NamedBy(StrEnum):
    """Who must have named a steering argument: anyone who is trusted, a field of an answer too, or a person."""

    TRUSTED = "trusted"
    USER = "user"


class ArgumentRule(Value):
    """One argument of a tool: where it is (JMESPath into the body), whether it steers, and who must have named it."""

    name: str
    at: str
    steering: bool = False
    untrusted: Untrusted = Untrusted.HOLD
    named_by: NamedBy = NamedBy.TRUSTED


class Returns(Value):
    """What a tool's answer is worth. `trusted_fields` are JMESPaths to system-made values.

    `stream`: it may be of any size and is passed on piece by piece.
    """

    tier: TrustTier = TrustTier.EXTERNAL
    label: str = ""
    trusted_fields: tuple[str, ...] = ()
    stream: bool = False


class ToolRule(Value):
    """One declared tool (or a family, when the name ends in `.*`). `review` is the day until which it was reviewed.

    `headers` are those, in small letters, that say whom a call is about: what is found there may be replaced.
    """

    name: str
    place: Place
    match: tuple[Match, ...]
    effect: ToolEffect = ToolEffect.WRITE
    base_risk: Decimal = Decimal(1)
    trust: Decimal = Decimal(2)
    scope: str = ""
    rows: Measure | None = None
    cost: Measure | None = None
    recipients: RecipientsRule | None = None
    returns: Returns = Returns()
    arguments: tuple[ArgumentRule, ...] = ()
    headers: tuple[str, ...] = ()
    owner: str = ""
    review: date | None = None


# models, sources, memory


class Price(Value):
    """Money per million model tokens. `max_output`: so many of them has an answer at most."""

    input: Decimal
    output: Decimal
    max_output: int | None = None


class ModelRule(Value):
    """A model provider: its host, the dialect it speaks, its prices by model name or glob."""

    name: str
    place: Place
    match: HttpMatch
    dialect: str
    prices: dict[str, Price] = {}
    owner: str = ""
    review: date | None = None


class SourceRule(Value):
    """What may be read (GET, HEAD) without a token, and what it is worth; `stream` as in `Returns`."""

    place: Place
    match: HttpMatch
    tier: TrustTier = TrustTier.EXTERNAL
    label: str = ""
    stream: bool = False
    owner: str = ""
    review: date | None = None


class RecallRule(Value):
    """A tool that reads a memory back: where items and ids are in its answer (JMESPath)."""

    tool: str
    item: str
    id: str = ""


class MemoryRule(Value):
    """A declared memory store: the tool that writes it, where item and id are (JMESPath), the tools that read it back.

    `writers` are agents whose items count like the reader's own.
    """

    place: Place
    tool: str
    item: str
    id: str
    read: tuple[RecallRule, ...] = ()
    writers: tuple[AgentId, ...] = ()


# risk, egress, firewall, policy


class StepPattern(Value):
    """What a step of a sequence looks like; an empty field matches anything. `tier`: its answer is worth no more."""

    tool: str = ""
    effect: ToolEffect | None = None
    label: str = ""
    kind: str = ""
    tier: TrustTier | None = None


class Sequence(Value):
    """Steps that, seen in this order, raise the escalation factor of the last (1.0 to 3.0).

    `within_ms`: no longer after the first of them was last seen; None is for as long as the run goes on.
    """

    name: str
    place: Place
    when: tuple[StepPattern, ...]
    escalation: Decimal
    within_ms: int | None = None


class AdaptiveRules(Value):
    """How far live signals may move the risk of an agent's steps, in millionths, by `step_micros` each, how long."""

    base_up_micros: int = 300_000
    base_down_micros: int = 0
    trust_up_micros: int = 500_000
    step_micros: int = 50_000
    within_ms: int = 86_400_000


class RiskRules(Value):
    """Sequences, from which use of a budget on it stresses (spec 8), and how much a review may allow at most.

    `join`: what follows when a run works on what a run of another tree has put out within `join_within_ms`.
    """

    sequences: tuple[Sequence, ...] = ()
    budget_stress_from: Decimal = Decimal("0.5")
    resume_allowance_micros: int = 500_000
    join: Join = Join.HOLD
    join_within_ms: int = 3_600_000
    adaptive: AdaptiveRules | None = None


class DetectorRule(Value):
    """What to do about entities on their way `to` somewhere: `any`, `model`, `memory`, or a trust word.

    `tier`: only in text of that tier; `label`: only while content with that label is in what is sent.
    """

    place: Place
    entities: tuple[str, ...]
    to: str
    action: FindingAction
    tier: TrustTier | None = None
    label: str = ""


class Allowance(Value):
    """What passes although it is found, up to and with the day `until`, and why. What is empty says nothing.

    `field` is as `model/field.py` reads it.
    """

    place: Place
    until: date
    reason: str
    fingerprint: str = ""
    entities: tuple[str, ...] = ()
    agent: str = ""
    field: str = ""
    to: str = ""


class Unread(StrEnum):
    """What happens to content that cannot be read as text, and so cannot be looked into."""

    REFUSE = "refuse"
    MEDIA = "media"
    """Pictures and sounds may leave; what is written in them is read."""
    ALLOW = "allow"


class VolumeRule(Value):
    """How many bytes a run's tree may send `to` somewhere, with `tool` alone when it is named; then hold or block."""

    place: Place
    to: str
    max_bytes: int
    action: FindingAction
    tool: str = ""


class EgressRules(Value):
    """What may leave. `labels` maps a label to the places it may go.

    `canaries` and `known` are `env:` or `file:` sources; `recognisers` describe kinds of the operator's own.
    """

    max_body_bytes: int = 10 * 1024 * 1024
    detectors: tuple[DetectorRule, ...] = ()
    allow: tuple[Allowance, ...] = ()
    labels: dict[str, tuple[str, ...]] = {}
    canaries: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    recognisers: tuple[RecogniserRule, ...] = ()
    volume: tuple[VolumeRule, ...] = ()
    proportion: tuple[ProportionRule, ...] = ()
    unread: Unread = Unread.REFUSE

    @property
    def own_entities(self) -> frozenset[str]:
        """The kinds that only these rules know."""
        return frozenset(rule.entity for rule in self.recognisers)


class FirewallRules(Value):
    """The context firewall's lines."""

    flag_at: Decimal = Decimal("0.5")
    block_at: Decimal = Decimal("0.9")
    unknown_content: TrustTier = TrustTier.EXTERNAL


class RuleSet(Value):
    """Everything in force at once. `policy_version` is the digest of the files it was read from."""

    policy_version: str
    agents: dict[AgentId, AgentRule] = {}
    people: dict[str, PersonRule] = {}
    oidc: OidcRules | None = None
    approvals: ApprovalRules = ApprovalRules()
    tools: dict[str, ToolRule] = {}
    models: dict[str, ModelRule] = {}
    sources: tuple[SourceRule, ...] = ()
    memory: tuple[MemoryRule, ...] = ()
    risk: RiskRules = RiskRules()
    egress: EgressRules = EgressRules()
    firewall: FirewallRules = FirewallRules()
    policy: PolicyRules = PolicyRules()
