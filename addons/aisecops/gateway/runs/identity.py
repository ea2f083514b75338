"""Who calls: proxy credentials, a verified certificate's names, or the network they come from (contract 3).

The answer is an agent and perhaps a run. What is proven twice must be proven the same.

Every comparison of a secret takes the same time whether it is right, wrong, or of nobody we know.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
from collections.abc import Iterator
from typing import Protocol

from aisecops.gateway.enforcer import Caller
from aisecops.gateway.ports import RuleSource, Store
from aisecops.model.certificate import Names, written_name
from aisecops.model.ids import RUN_PREFIX, AgentId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.people import PersonRule
from aisecops.model.refusals import Code
from aisecops.model.rules import AgentRule, CertificateAuthentication, SecretAuthentication, SourceAuthentication

MAX_HEADER = 1024


class Secrets(Protocol):
    """The values behind `env:NAME` and `file:PATH` in the rules."""

    def secret(self, source: str) -> bytes | None:
        """The secret, or None when it is not set; an unset secret matches nobody."""
        ...


def secret_hash(secret: str) -> str:
    """How a run's secret is kept: it is long and random, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def basic_credentials(header: str) -> tuple[str, str] | None:
    """Name and secret of a Basic `Authorization` value, or None when it is not one."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(encoded) > MAX_HEADER:
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    name, colon, secret = text.partition(":")
    return (name, secret) if colon else None


class Identities:
    """Tells callers apart. Reads rules and store; keeps nothing."""

    def __init__(self, rules: RuleSource, store: Store, secrets: Secrets) -> None:
        self._rules = rules
        self._store = store
        self._secrets = secrets

    async def identify(self, authorization: str | None, *, source: str, names: Names | None = None) -> Caller | Refuse:
        """The caller that `authorization` (a Basic value), a certificate's `names` or the address `source` proves.

        `names` None: a door that sees no certificates, so none can be asked for there. Raises `StoreError` when a
        run's credentials cannot be checked.
        """
        shown = self._by_certificate(names or frozenset())
        if isinstance(shown, Refuse):
            return shown
        if authorization is None:
            return shown or self._by_network(source) or _refused("no agent credentials were sent")
        caller = await self._by_credentials(authorization)
        if isinstance(caller, Refuse):
            return caller
        if shown is not None and shown.agent_id != caller.agent_id:
            return _refused("the certificate and the credentials are of two agents; show those of one")
        if shown is None and names is not None and self._needs_certificate(caller.agent_id):
            return _refused("this agent is known by its certificate alone; show it")
        return caller

    def people(self) -> Iterator[tuple[PersonRule, bytes]]:
        """Everybody whom the rules name under `people` and who has a secret now, with it."""
        for person in self._rules.current().people.values():
            if person.secret and (secret := self._secrets.secret(person.secret)) is not None:
                yield person, secret

    def vouched(self, agent_id: AgentId) -> Caller | Refuse:
        """The caller whom a gateway has vouched for: one that the rules know by something that only it can see."""
        rule = self._rules.current().agents.get(agent_id)
        ways = rule.authenticate if rule is not None else ()
        if not any(isinstance(how, CertificateAuthentication | SourceAuthentication) for how in ways):
            return _refused("the rules know no such agent by its certificate or network")
        return Caller(agent_id=agent_id)

    async def _by_credentials(self, authorization: str) -> Caller | Refuse:
        credentials = basic_credentials(authorization)
        if credentials is None:
            return _refused("the credentials are not HTTP Basic")
        name, secret = credentials
        if name.startswith(RUN_PREFIX):
            return await self._run(RunId(name), secret, authorization)
        return self._agent(AgentId(name), secret, authorization)

    async def _run(self, run_id: RunId, secret: str, authorization: str) -> Caller | Refuse:
        run = await self._store.find_run(run_id)
        expected = run.secret_hash if run and run.secret_hash else secret_hash("nobody's secret")
        if not hmac.compare_digest(secret_hash(secret), expected) or run is None or not run.secret_hash:
            return _refused("the run credentials are wrong")
        return Caller(agent_id=run.agent_id, run_id=run_id, authorization=authorization)

    def _agent(self, agent_id: AgentId, secret: str, authorization: str) -> Caller | Refuse:
        rule = self._rules.current().agents.get(agent_id)
        known = [value for value in self._secrets_of(rule) if value]
        given = hashlib.sha256(secret.encode()).digest()
        matches = [hmac.compare_digest(given, hashlib.sha256(value).digest()) for value in known or [b"\0nobody"]]
        if not known or not any(matches):
            return _refused("the agent credentials are wrong")
        return Caller(agent_id=agent_id, authorization=authorization)

    def _secrets_of(self, rule: AgentRule | None) -> list[bytes | None]:
        if rule is None:
            return []
        return [self._secrets.secret(how.source) for how in rule.authenticate if isinstance(how, SecretAuthentication)]

    def _by_certificate(self, names: Names) -> Caller | Refuse | None:
        """The one agent that `names` are of; None when they are nobody's. Several agents: it is neither."""
        if not names:
            return None
        found = {
            agent.agent_id
            for agent in self._rules.current().agents.values()
            for how in agent.authenticate
            if isinstance(how, CertificateAuthentication) and written_name(how.san) in names
        }
        if len(found) > 1:
            return _refused("the certificate holds names of several agents; show one that holds one")
        return Caller(agent_id=found.pop()) if found else None

    def _needs_certificate(self, agent_id: AgentId) -> bool:
        """True for an agent that has no other way: a run's secret alone must not become one."""
        rule = self._rules.current().agents.get(agent_id)
        ways = rule.authenticate if rule is not None else ()
        return bool(ways) and all(isinstance(how, CertificateAuthentication) for how in ways)

    def _by_network(self, source: str) -> Caller | None:
        try:
            address = ipaddress.ip_address(source)
        except ValueError:
            return None
        mapped = getattr(address, "ipv4_mapped", None) or address
        found = [
            agent.agent_id
            for agent in self._rules.current().agents.values()
            for how in agent.authenticate
            if isinstance(how, SourceAuthentication)
            and any(mapped in ipaddress.ip_network(network) for network in how.networks)
        ]
        # Two agents that claim one address: nobody can say which it is, so it is neither.
        return Caller(agent_id=found[0]) if len(set(found)) == 1 else None


def _refused(detail: str) -> Refuse:
    return Refuse(code=Code.IDENTITY_REQUIRED, detail=detail)
