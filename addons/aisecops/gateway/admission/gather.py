"""Everything a decision needs to know, looked up once, before it is made.

Reads the store, verifies the token, resolves the name, has the content scanned. Decides nothing: what
it finds wrong goes into the facts, and `judge.py` says what that means.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from aisecops.controls.dlp.judge import entities_for
from aisecops.controls.dlp.redact import IN_BODY, IN_HEADER, IN_PATH, IN_QUERY, with_fixed
from aisecops.controls.egress.destination import host_shape, judge_addresses
from aisecops.controls.tokens.known import KnownTokens
from aisecops.controls.tokens.proof import WINDOW_S, ProofFacts, check_proof
from aisecops.gateway.addresses.chained import through_proxy
from aisecops.gateway.addresses.resolving import Resolver, Route
from aisecops.gateway.aside import in_steps
from aisecops.gateway.leaving.read_out import read_out, without_echoes
from aisecops.gateway.leaving.trails import Trails
from aisecops.gateway.leaving.writing import as_written, header_as_written, path_as_written, query_as_written
from aisecops.gateway.origins.descent import Descents
from aisecops.gateway.origins.memories import Memories
from aisecops.gateway.pinned.pins import Pins
from aisecops.gateway.ports import Broker, ContentScanner, KeySet, Refused, Store
from aisecops.gateway.resting import Rests
from aisecops.gateway.runs.handed_down import Revocable, revocable, with_all_above
from aisecops.gateway.step.classify import Step, deny
from aisecops.gateway.step.judge import destination_words
from aisecops.model.action import Kind, Principal
from aisecops.model.adaptive import Moved
from aisecops.model.chain import Join, JoinedChain, Way
from aisecops.model.decision import Judgment, Verdict
from aisecops.model.entities import GROUPS
from aisecops.model.envelope import Descent
from aisecops.model.errors import PolicyError
from aisecops.model.exchange import HttpRequest, values
from aisecops.model.facts import ApprovalFacts, Facts, TokenFacts
from aisecops.model.finding import Finding
from aisecops.model.grant import Claims
from aisecops.model.ids import AgentId, RunId, TokenId
from aisecops.model.of_short import of_short
from aisecops.model.proportion import Usual
from aisecops.model.refusals import Code
from aisecops.model.rules import RuleSet, TokenMode
from aisecops.model.state import RevocationKind, Run, Snapshot
from aisecops.model.value import Value
from aisecops.wire.files.shelf import File, Unread
from aisecops.wire.json_parts import JOINED, Part, Parts
from aisecops.wire.parts import CREDENTIAL_HEADERS, taken_apart
from aisecops.wire.texts import strings_in, texts_of

CAPABILITY_HEADER = "AISecOps-Capability"
PROOF_HEADER = "DPoP"

_REVOKED_WORDS = {
    RevocationKind.TOKEN: "the token is revoked",
    RevocationKind.RUN: "the run's tokens are revoked",
    RevocationKind.AGENT: "the agent's tokens are revoked",
    RevocationKind.KEY: "the key that signed the token is revoked",
}


@of_short(most=1024)
def _header_of(where: str) -> str:
    said = where.removeprefix(JOINED)
    return said.removeprefix("header:").lower() if said.startswith("header:") else ""


@of_short(most=1024)
def _is_ours(header: str) -> bool:
    """Is it, in small letters, one that is removed before anything leaves?"""
    return header.startswith(("aisecops-", "proxy-")) or header == "dpop"


def _is_credential_in_its_place(finding: Finding) -> bool:
    """A secret for the destination itself, where those belong; anywhere else it is on its way out."""
    return finding.entity in GROUPS["SECRET"] and _header_of(finding.where) in CREDENTIAL_HEADERS


class Presented(Value):
    """A capability token as the request carried it, or as the control plane gave it; `text` is never recorded."""

    text: str = ""
    proof: ProofFacts | None = None
    refused: TokenFacts | None = None


class Looked(Value):
    """What was looked up for one request before it is judged for good; `rests` is what of it was not asked for.

    `puts_out`: what it puts out is known again with its charge.
    """

    step: Step
    presented: Presented | None
    root_run_id: RunId
    findings: tuple[Finding, ...] = ()
    unread: tuple[Unread, ...] = ()
    opinions: tuple[Judgment, ...] = ()
    addresses: tuple[tuple[str, int], ...] = ()
    through_proxy: bool = False
    descent: Descent | None = None
    parts: Sequence[Part] = ()
    rests: Rests | None = None
    puts_out: bool = False


class Gatherer:
    """Looks up what `judge` must be told."""

    def __init__(
        self,
        *,
        store: Store,
        keys: KeySet,
        resolver: Resolver,
        scanner: ContentScanner,
        trails: Trails,
        broker: Broker | None,
        descents: Descents,
        memories: Memories,
        pins: Pins,
        issuer: str,
        audience: str,
        own_addresses: frozenset[tuple[str, int]],
        route: Route | None = None,
        is_here: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._keys = keys
        self._resolver = resolver
        self._scanner = scanner
        self._trails = trails
        self._broker = broker
        self._descents = descents
        self._memories = memories
        self._pins = pins
        self._tokens = KnownTokens(issuer=issuer, audience=audience)
        self._own = own_addresses
        self._route = route
        self._own_ports = frozenset(port for _, port in own_addresses)
        self._is_here = is_here

    async def presented(
        self, rules: RuleSet, caller: AgentId, run_id: RunId, step: Step, request: HttpRequest, *, now_s: int
    ) -> Presented | None:
        """The token of a tool request: from its header, or from the control plane for an agent that cannot ask."""
        sent = values(request.headers, CAPABILITY_HEADER)
        if len(sent) > 1:
            return Presented(refused=TokenFacts(fault=Code.TOKEN_MALFORMED, detail="more than one token was sent"))
        if sent:
            return Presented(text=sent[0], proof=await self._proof(request, sent[0], now_s))
        agent = rules.agents.get(caller)
        asks_for_it = step.action.kind is Kind.TOOL and agent is not None and agent.token is TokenMode.BROKER
        if not asks_for_it or self._broker is None:
            return None
        try:
            return Presented(text=await self._broker.token(caller, run_id, step.action.tool, step.action.scope))
        except Refused as refused:
            code = Code(refused.code) if refused.code in set(Code) else Code.POLICY_DENIED
            return Presented(refused=TokenFacts(fault=code, detail=refused.detail))
        except PolicyError as unasked:
            # a no like that of any decision point that cannot be asked: with a decision, and in the record
            return Presented(refused=TokenFacts(fault=unasked.code, detail=str(unasked)))

    async def _proof(self, request: HttpRequest, token: str, now_s: int) -> ProofFacts | None:
        """The proof of possession sent along, each good for one request only (RFC 9449 11.1)."""
        sent = values(request.headers, PROOF_HEADER)
        if not sent:
            return None
        url = f"{request.scheme}://{request.host}:{request.port}{request.path.partition('?')[0]}"
        proof = check_proof(sent[0], method=request.method, url=url, token=token, now_s=now_s)
        if proof.fault is not None:
            return proof
        remembered = TokenId(f"dpop:{proof.jkt}:{proof.jti}")
        until_ms = (now_s + 2 * WINDOW_S) * 1000
        if await self._store.use_token(remembered, uses=1, expires_ms=until_ms):
            return proof
        return ProofFacts(fault=Code.TOKEN_PROOF_INVALID, detail="the proof was used before; make a new one")

    async def snapshot(self, run_id: RunId, presented: Presented | None) -> Snapshot | None:
        """The run as it stands, with what is revoked of it and of the token."""
        token_id, key_id = self._tokens.ids(presented.text) if presented and presented.text else (None, "")
        snapshot = await self._store.snapshot(run_id, token_id=token_id, key_id=key_id)
        above = self._tokens.above(presented.text) if presented else ()
        return snapshot and await with_all_above(self._store, snapshot, above)

    def revocable(self, run: Run, presented: Presented | None) -> frozenset[Revocable]:
        """Everything whose revocation would end what is presented for `run`; unproven, as in `snapshot`."""
        if presented is None or not presented.text:
            return frozenset()
        token_id, key_id = self._tokens.ids(presented.text)
        named = {
            RevocationKind.TOKEN: token_id or "",
            RevocationKind.RUN: run.run_id,
            RevocationKind.AGENT: run.agent_id,
            RevocationKind.KEY: key_id,
        }
        own = frozenset((kind, str(name)) for kind, name in named.items() if name)
        return own | revocable(self._tokens.above(presented.text))

    def is_counted(self, presented: Presented | None) -> bool:
        """Has the token, which was verified, a number of uses?"""
        return presented is not None and self._tokens.is_counted(presented.text)

    def asks_nobody(self, host: str, port: int) -> bool:
        """Would nobody be asked where `host:port` is?"""
        return self._resolver.is_at_hand(host, port)

    def token_facts(
        self, presented: Presented | None, snapshot: Snapshot, *, agent_id: AgentId, now_ms: int
    ) -> TokenFacts | None:
        """What verification makes of the token; revocation counts after a good signature only."""
        if presented is None or presented.refused is not None:
            return presented.refused if presented else None
        facts = self._tokens.verify(
            presented.text,
            keys=self._keys.verify_keys(),
            now_s=now_ms // 1000,
            agent_id=agent_id,
            run_id=snapshot.run.run_id,
            proof=presented.proof,
        )
        if facts.claims is not None and not _below(facts.claims, snapshot):
            return TokenFacts(fault=Code.TOKEN_WRONG_RUN, detail="the token was narrowed for a run of another tree")
        if facts.claims is not None and snapshot.revoked:
            return TokenFacts(fault=Code.TOKEN_REVOKED, detail=_REVOKED_WORDS[snapshot.revoked[0]])
        return facts

    async def parts(self, rules: RuleSet, step: Step, request: HttpRequest) -> tuple[list[Part], tuple[Unread, ...]]:
        """All texts that would leave, and what of it could not be read.

        Raises a `Fault` when that is not known in time, `WireError` for what cannot be read where the rules want all.
        """
        files: list[File] = []
        all_of_it = Parts(files)
        await in_steps(taken_apart(all_of_it, request, step.body, step.document, left_out=_is_ours))
        return await read_out(self._scanner, rules.egress.unread, all_of_it.found, files)

    async def findings(  # noqa: PLR0917 - as `parts`, of what and with what
        self,
        rules: RuleSet,
        root_run_id: RunId,
        step: Step,
        request: HttpRequest,
        parts: Sequence[Part],
        rests: Rests | None,
        *,
        alone: tuple[Finding, ...] | None = None,
    ) -> tuple[Finding, ...]:
        """What the content scan finds in `parts`, all texts of `request`, and in them behind what was said before.

        With `rests` the step may rest on what is at hand of that. `alone` is what is in each of them alone, if known.
        Raises as `parts` does.
        """
        entities = entities_for(rules.egress, destination_words(step.action))
        to = request.host, request.port
        found = await self._trails.scanned(root_run_id, to, parts, entities, rests, alone=alone)
        kept = tuple(one for one in without_echoes(found) if not _is_credential_in_its_place(one))
        return _with_fixed(kept, step, request)

    def reaching(self, step: Step) -> Step:
        """`step` with the keyed digests of whom it reaches."""
        return replace(step, action=self._descents.reaching(step.action, step.recipients)) if step.recipients else step

    async def descent(
        self, rules: RuleSet, root_run_id: RunId, step: Step, request: HttpRequest, parts: Sequence[Part]
    ) -> Descent | None:
        """Where the words of the request came from; `parts` are all its texts. Raises `StoreError`, `WireError`."""
        descent = await self._descents.of(rules, root_run_id, step, request, parts)
        return await self._memories.about(rules, root_run_id, step, request, descent)

    async def put_out(self, rules: RuleSet, run: Run, step: Step, request: HttpRequest) -> bool:
        """Know again what a run puts out with `step`, as soon as that is charged; False: it puts nothing out.

        Raises `StoreError`.
        """
        if not puts_out(rules, step):
            return False
        await self._descents.chains.put_out(run, Way.TOOL, written_in(step, request))
        return True

    async def pinned(self, rules: RuleSet, run: Run, step: Step) -> tuple[Judgment, ...]:
        """What is to be said against a step for a prompt or a tool that is not as it was pinned. Raises a `Fault`."""
        return await self._pins.opinions(rules, run, step)

    def through_proxy(self, host: str, port: int) -> bool:
        """Is `host:port` reached through the operator's own proxy?"""
        return self._route is not None and self._route.leads_to(host, port)

    async def addresses(self, host: str, port: int) -> tuple[Sequence[tuple[str, int]], Judgment | None]:
        """Where the request would be dialled, and the objection when that is no place to go."""
        shape = host_shape(host)
        if shape.verdict is not Verdict.ALLOW:
            return (), replace(shape, binding=True)
        if self._route is not None and self.through_proxy(host, port):
            there, objection = await through_proxy(self._route, self._resolver, host, port, own=self._own)
            return there, replace(objection, binding=True) if objection else None
        try:
            found = await self._resolver.resolve(host, port)
        except OSError:
            return (), replace(
                deny(
                    Code.DESTINATION_DENIED,
                    f"`{host}` cannot be resolved; check the name, or fix its address in `upstream.resolve`",
                ),
                binding=True,
            )
        here = frozenset(ip for ip, at in found if at in self._own_ports and self._is_here(ip))
        judged = judge_addresses(found, fixed=self._resolver.is_fixed(host, port), own=self._own, here=here)
        return found, None if judged.verdict is Verdict.ALLOW else replace(judged, binding=True)


def _with_fixed(findings: tuple[Finding, ...], step: Step, request: HttpRequest) -> tuple[Finding, ...]:
    """`findings`, marked where nothing can be put in their place: body, query and path are read where one is in them.

    In the path only a tool is told whom something is about; that of a model or a source says what is asked for.
    """
    if not findings:
        return findings
    if any(one.where.startswith(IN_BODY) for one in findings):
        findings = with_fixed(findings, as_written(step.body, request.headers))
    if any(one.where.startswith(IN_QUERY) for one in findings):
        findings = with_fixed(findings, query_as_written(request), IN_QUERY)
    if any(one.where.startswith(IN_PATH) for one in findings):
        told = path_as_written(request) if step.action.kind is Kind.TOOL else None
        findings = with_fixed(findings, told, IN_PATH)
    for name in step.tool.headers if step.tool is not None else ():
        where = f"{IN_HEADER[0]}{name}"
        written = header_as_written(request, name) if any(one.where == where for one in findings) else None
        findings = tuple(one if one.where != where else with_fixed([one], written, (where,))[0] for one in findings)
    return findings


def _below(claims: Claims, snapshot: Snapshot) -> bool:
    """Is the run the one that each token of the chain was for, or below it? A token is handed down, never across."""
    lineage = snapshot.tree.lineage(snapshot.run.run_id)
    return all(one.run_id in lineage for one in claims.above)


def puts_out(rules: RuleSet, step: Step) -> bool:
    """Is what `step` writes somewhere to be known again, wherever it is read?"""
    return rules.risk.join is not Join.OFF and step.action.effect.changes_state


def written_in(step: Step, request: HttpRequest) -> list[str]:
    """The texts that a request writes somewhere."""
    return strings_in(step.json) if step.json is not None else texts_of(request.headers, step.body)


def facts_for(  # noqa: D103
    step: Step,
    snapshot: Snapshot,
    *,
    now_ms: int,
    token: TokenFacts | None,
    findings: tuple[Finding, ...] = (),
    approval: ApprovalFacts | None = None,
    opinions: tuple[Judgment, ...] = (),
    descent: Descent | None = None,
    joined: tuple[JoinedChain, ...] = (),
    moved: Moved | None = None,
    usual: Usual | None = None,
) -> Facts:
    run = snapshot.run
    return Facts(
        now_ms=now_ms,
        principal=Principal(
            agent_id=run.agent_id,
            run_id=run.run_id,
            root_run_id=run.root_run_id,
            lineage=snapshot.tree.lineage(run.run_id),
        ),
        request=step.action,
        tree=snapshot.tree,
        token=token,
        findings=findings,
        approval=approval,
        opinions=(*step.objections, *opinions),
        descent=descent,
        joined=joined,
        moved=moved,
        usual=usual,
    )
