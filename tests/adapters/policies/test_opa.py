"""A real OPA, asked: only a clear yes is one, and one that cannot be asked refuses."""

from __future__ import annotations

import asyncio

import pytest

from aisecops.adapters.policies.opa import FAILURES, REST_MS, OpaPoint
from aisecops.model.decision import Verdict
from aisecops.model.errors import PolicyError
from aisecops.model.outcome import Forward
from aisecops.model.refusals import Code
from support.gateway import RULES, House, SetClock, code, read, rules_of
from support.opa import running_opa
from support.questions import question

REGO = """
package aisecops
default allow := false
allow if { input.risk_score < 0.75; input.token.scope == "crm.customers.*"; input.subject.id == "clerk" }
told := {"allow": false, "reasons": ["risk is high", 7]}
word := "yes"
undefined_without_rows if input.context.rows > 3
fails := to_number("x")
"""


@pytest.fixture(scope="module")
def opa(tmp_path_factory):
    with running_opa(tmp_path_factory.mktemp("opa"), REGO) as server:
        yield server


def rules_for(url: str, path: str = "aisecops/allow", more: str = "timeout: 10s"):
    return rules_of(f'{RULES}\npolicy: {{opa: {{url: "{url}", path: {path}, {more}}}}}\n')


async def said(url: str, path: str = "aisecops/allow", **more: object):
    point = OpaPoint(SetClock(), secret=lambda _source: None)
    try:
        return await point.judge(rules_for(url, path), question("clerk", "crm.read", "crm.customers.42", **more))
    finally:
        await point.close()


async def test_the_specifications_own_policy_works(opa):
    assert (await said(opa.url, risk_micros=749_999)).verdict is Verdict.ALLOW
    assert (await said(opa.url, risk_micros=750_000)).verdict is Verdict.DENY


async def test_a_policy_may_say_why_not(opa):
    judgment = await said(opa.url, "aisecops/told")
    assert [reason.detail for reason in judgment.reasons] == ["risk is high"]


@pytest.mark.parametrize("path", ["aisecops/word", "aisecops/undefined_without_rows", "aisecops/nothing", "aisecops"])
async def test_what_is_not_true_is_no(opa, path):
    assert (await said(opa.url, path)).verdict is Verdict.DENY


async def test_a_server_that_wants_to_know_who_asks_is_told(tmp_path):
    with running_opa(tmp_path, REGO, token="the-word") as opa:
        rules = rules_for(opa.url, more='timeout: 10s, token: "env:OPA"')
        for word, wanted in ((b"the-word", Verdict.ALLOW), (b"wrong", None), (None, None)):
            point = OpaPoint(SetClock(), secret=lambda _source, word=word: word)
            asked = point.judge(rules, question("clerk", "crm.read", "crm.customers.42", risk_micros=0))
            if wanted is None:
                with pytest.raises(PolicyError):
                    await asked
            else:
                assert (await asked).verdict is wanted
            await point.close()


async def test_a_server_that_hangs_or_dies_under_load_lets_nothing_through(tmp_path):
    with running_opa(tmp_path, "package aisecops\nallow := true") as opa:
        clock = SetClock()
        point = OpaPoint(clock, secret=lambda _source: None)
        text = f'{RULES}\npolicy: {{opa: {{url: "{opa.url}", path: aisecops/allow, timeout: 2s}}}}\n'
        house = House(text, points=(point,))
        run = await house.run()
        token = await house.token(run, "crm.read", "crm.customers.42")
        assert isinstance(await house.ask(run, read(token=token)), Forward)

        opa.freeze()
        assert code(await house.ask(run, read(token=token))) is Code.POLICY_UNAVAILABLE
        opa.kill()
        refused = await asyncio.gather(*(house.ask(run, read(token=token)) for _ in range(2 * FAILURES)))
        assert {code(one) for one in refused} == {Code.POLICY_UNAVAILABLE}

        opa.start()  # it is there again, but not asked before its rest is over
        assert code(await house.ask(run, read(token=token))) is Code.POLICY_UNAVAILABLE
        clock.ms += REST_MS
        assert isinstance(await house.ask(run, read(token=token)), Forward)
        await point.close()


async def test_an_answer_that_is_no_answer_of_opas_is_no_yes(tmp_path):
    async def speak(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        body = answers.pop(0)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    answers = [b"true", b"[true]", b"<html>", b'{"result": tru', b'"' + b"x" * 70_000 + b'"']
    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    while answers:
        with pytest.raises(PolicyError):
            await said(url)
    server.close()
    await server.wait_closed()
