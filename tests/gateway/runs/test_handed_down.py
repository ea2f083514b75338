"""A token handed to a sub-agent: it works below its run, counts for its parents, and ends with any of them."""

from __future__ import annotations

import hashlib

import pytest

from aisecops.controls.tokens.attenuate import attenuate
from aisecops.gateway.enforcer import Caller
from aisecops.gateway.runs.handed_down import revocable
from aisecops.model.grant import Above
from aisecops.model.ids import AgentId, RunId, TokenId
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from aisecops.model.state import RevocationKind
from support.gateway import House, code, read
from support.tokens import TestKey, b64, forged

PARENT, CHILD = TestKey(21), TestKey(22)


class Pair:
    """`clerk` holds a token; `visitor`, which is granted nothing, works in a run below."""

    @classmethod
    async def made(cls, **asked):
        self = cls()
        self.house = House()
        self.run = await self.house.run()
        self.below = await self.house.run("visitor", parent=self.run.run.run_id, opened_by="agent:clerk")
        self.token = await self.house.token(
            self.run, "crm.read", "crm.customers.*", cnf={"jkt": PARENT.key_id}, **asked
        )
        return self

    def narrowed(self, number=2, **narrower):
        said = {"scope": "crm.customers.42", "agent_id": AgentId("visitor"), "run_id": self.below.run.run_id}
        name = TokenId(f"cap_child_{number}")
        return attenuate(self.token, PARENT, to=CHILD.public, jti=name, **(said | narrower))

    async def shows(self, text, customer="42", *, run=None, key=CHILD, jti="1"):
        who = run or self.below
        url = f"https://crm.internal/v1/customers/{customer}"
        said = {"jti": f"{jti}-{hashlib.sha256(text.encode()).hexdigest()}", "htm": "GET", "htu": url,
                "iat": self.house.clock.ms // 1000, "ath": b64(hashlib.sha256(text.encode()).digest())}  # fmt: skip
        proof = forged({"typ": "dpop+jwt", "alg": "EdDSA", "jwk": key.jwk}, said, key)
        caller = Caller(agent_id=who.run.agent_id, run_id=who.run.run_id)
        return await self.house.enforcement.admit(caller, read(customer, token=text, DPoP=proof))


async def test_a_sub_agent_without_grants_does_what_it_was_handed_and_no_more():
    pair = await Pair.made()
    text = pair.narrowed()
    assert isinstance(await pair.shows(text), Forward)
    assert code(await pair.shows(text, "43", jti="2")) is Code.SCOPE_VIOLATION
    tree = await pair.house.tree(pair.run)
    assert tree.runs[pair.below.run.run_id].tool_calls == 1
    assert tree.risk_micros > 0


async def test_a_run_of_another_tree_cannot_use_it():
    pair = await Pair.made()
    elsewhere = await pair.house.run("visitor")
    text = pair.narrowed(run_id=elsewhere.run.run_id)
    assert code(await pair.shows(text, run=elsewhere)) is Code.TOKEN_WRONG_RUN


async def test_many_children_share_the_uses_of_their_parent():
    pair = await Pair.made(uses=2)
    answers = [code(await pair.shows(pair.narrowed(number))) for number in range(4)]
    assert answers == ["Forward", "Forward", Code.TOKEN_REPLAYED, Code.TOKEN_REPLAYED]


@pytest.mark.parametrize("kind", list(RevocationKind))
async def test_what_is_revoked_of_the_parent_is_revoked_of_the_child(kind):
    pair = await Pair.made()
    claims = next(e for e in pair.house.record.events if e.event == "token_issued").fields
    name = {
        RevocationKind.TOKEN: claims["jti"],
        RevocationKind.RUN: pair.run.run.run_id,
        RevocationKind.AGENT: "clerk",
        RevocationKind.KEY: claims["kid"],
    }[kind]
    assert isinstance(await pair.shows(pair.narrowed()), Forward)
    await pair.house.tokens.revoke(kind, name, by="operator:local", why="lost")
    assert code(await pair.shows(pair.narrowed(), jti="2")) is Code.TOKEN_REVOKED


async def test_when_the_rules_no_longer_grant_it_to_the_holder_the_child_is_out_of_date():
    from support.gateway import RULES, rules_of

    pair = await Pair.made()
    text = pair.narrowed()
    taken = RULES.replace('      - {tool: crm.read, scope: "crm.customers.*", constraints: {max_rows: 100}}\n', "")
    pair.house.rules.rules = rules_of(taken)
    assert code(await pair.shows(text)) is Code.TOKEN_POLICY_OUTDATED


def test_everything_above_ends_what_is_below():
    one = Above(jti=TokenId("cap_1"), agent_id=AgentId("a"), run_id=RunId("run_1"), exp=1)
    assert revocable([one]) == {
        (RevocationKind.TOKEN, "cap_1"),
        (RevocationKind.RUN, "run_1"),
        (RevocationKind.AGENT, "a"),
    }
