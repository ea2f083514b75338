"""One play: the steps of a scenario, as an attack or as its twin, done by an agent that stops at nothing.

A refused step does not end it: the attacker tries the next. Knows what each step does; who acts is `actor.py`, what
must have come of it is `judge.py`.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, NamedTuple

import orjson

from aisecops.model.budget import Rate
from aisecops.model.risk import from_micros
from aisecops.ops.demo.script import ToolUse, Turn
from aisecops.ops.evaluation.actor import Cast, default_body
from aisecops.ops.evaluation.asking import (
    DIALECTS,
    REALTIME,
    TALK,
    Dialect,
    Question,
    encoded,
    proposals,
    told_in_talk,
)
from aisecops.ops.evaluation.channel import Channel
from aisecops.ops.evaluation.fill import Filler
from aisecops.ops.evaluation.line import Heard, request
from aisecops.ops.evaluation.mcp_speech import (
    HEADERS,
    LIST,
    PATH,
    ROLE,
    body_of,
    declared_as,
    is_method,
    problem_in,
    understood,
)
from aisecops.ops.evaluation.places import PREFIX, TOOLS, host, scope_of
from aisecops.ops.evaluation.scenario import (
    Api,
    Asks,
    Calls,
    Describes,
    Gives,
    NewRun,
    Opens,
    Owns,
    Part,
    Posture,
    Raw,
    Reads,
    Speaks,
    Step,
    Waits,
    Who,
)
from aisecops.ops.evaluation.stand_ins import Answer, Slot
from aisecops.ops.evaluation.told import Told
from aisecops.ops.evaluation.values import most_within

PATIENCE = 60
"""How often a call that came too fast is tried again."""

LONGEST_WAIT_S = 2.0
IN_VAIN = 4
"""A loop ends after so many refusals one after another: an attacker sees it too."""


class Asked(NamedTuple):
    """A request inside TLS to a stand-in, without its framing."""

    host: str
    method: str
    target: str
    headers: list[tuple[str, str]] = []
    body: bytes = b""

    def framed(self) -> list[tuple[str, str]]:
        """The headers, and the length of what may have a body."""
        has_length = self.body or self.method in {"POST", "PUT", "PATCH"}
        return [*self.headers, *([("Content-Length", str(len(self.body)))] if has_length else [])]


class Play:
    """One side of a scenario in one slot."""

    def __init__(self, cast: Cast, slot: Slot, fill: Filler, part: Part) -> None:
        self._cast = cast
        self._slot = slot
        self._fill = fill
        self._part = part
        self.told = Told()

    def perform(self, steps: tuple[Step, ...]) -> Told:
        """All steps of this side, one after the other."""
        for step in steps:
            if step.only in {self._part, Part.BOTH}:
                self._step(step)
        return self.told

    def _step(self, step: Step) -> None:  # noqa: C901, PLR0912 - one case for each kind of step
        match step:
            case Gives():
                body = orjson.dumps(self._fill.json(step.json)) if step.json else self._fill(step.text).encode()
                kind = "application/json" if step.json else step.media
                self._slot.told[step.at] = Answer(body=body, type=kind, status=step.status)
            case Describes():
                self._slot.described[self._fill(step.tool)] = self._fill(step.words)
            case Speaks():
                self._speak(step)
            case Opens():
                self._open(step)
            case Reads():
                self._read(step)
            case Asks():
                self._ask(step)
            case Calls():
                self._call(step)
            case Owns():
                self._own(step)
            case Raw():
                self._raw(step)
            case Api():
                self._api(step)
            case NewRun():
                parent = self._cast.run(step.by).run_id if step.child else ""
                self._cast.new_run(step.by, parent=parent)
            case Waits():
                time.sleep(float(self._fill(step.seconds)))
            case Posture():
                self._bound(step)

    # steps

    def _read(self, step: Reads) -> None:
        self._slot.told[step.at] = Answer(body=self._fill(step.text).encode(), type=step.media)
        if step.at in {"find", "notes", "crm"}:
            name = {"find": "find.search", "notes": "notes.read", "crm": "crm.read"}[step.at]
            heard = self._send(Calls(tool=name))
        else:
            heard = self._get(host(step.at, self._slot.number), self._fill(step.path))
        self.told.add(heard)
        self._fill.values["read"] = heard.text

    def _get(self, name: str, path: str) -> Heard:
        return self._patiently(Who.AGENT, Asked(name, "GET", path))

    def _ask(self, step: Asks) -> None:
        tool, arguments = self._fill(step.tool), self._fill.json(step.arguments)
        calls = (ToolUse(name=tool, arguments=arguments),) if tool else ()
        self._slot.turn = Turn(text=self._fill(step.says), calls=calls)
        asked = Question(
            user=self._fill(step.user),
            system=self._fill(step.system),
            before=[self._fill(said) for said in step.before],
            heard=[self._fill(result) for result in step.heard],
            tool=self._fill(step.offers) or tool,
            schema=self._fill.json(step.schema) if step.schema else {"type": "object"},
            stream=self._fill(step.stream) == "true",
        )
        dialect = self._fill(step.dialect)
        spoken = TALK if dialect == REALTIME else DIALECTS[dialect]
        heard = self._talk(asked) if dialect == REALTIME else self._asked(spoken, asked)
        self.told.add(heard)
        self._fill.values["answer"] = heard.text
        if tool and not heard.code and tool not in proposals(spoken, heard):
            self.told.codes.append("withdrawn")

    def _asked(self, spoken: Dialect, asked: Question) -> Heard:
        headers = [*spoken.headers, ("Content-Type", "application/json")]
        name = host(spoken.role, self._slot.number)
        return self._patiently(Who.AGENT, Asked(name, "POST", spoken.target(asked), headers, encoded(spoken, asked)))

    def _talk(self, asked: Question) -> Heard:
        """The model is asked in a talk; what comes until the answer is whole is what was heard."""
        opened = self._channel(host(TALK.role, self._slot.number), TALK.path, TALK.headers)
        if isinstance(opened, Heard):
            return opened
        for said in told_in_talk(asked):
            opened.say(said)
        while (event := opened.hear()) is not None and '"response.done"' not in event:
            pass
        return _ended(opened)

    def _open(self, step: Opens) -> None:
        tool, how = TOOLS["feed.say"], self._fill(step.token)
        token = self._cast.come_by(how, Who.AGENT, "feed.say", scope_of("feed.say", tool.path, None))
        headers = [*_shown(how, token), *(pair for line in step.headers if (pair := _header(self._fill(line))))]
        target = f"{tool.path}?{self._fill(step.query)}" if step.query else tool.path
        opened = self._channel(host(tool.at, self._slot.number), target, headers)
        if isinstance(opened, Channel):
            for said in step.says:
                opened.say(self._fill(said), binary=step.binary)
                opened.hear()
        heard = opened if isinstance(opened, Heard) else _ended(opened)
        self.told.add(heard)
        self._fill.values["read"] = heard.text

    def _channel(self, name: str, target: str, headers: Iterable[tuple[str, str]]) -> Channel | Heard:
        conn = self._cast.lines(Who.AGENT).channel(name)
        if isinstance(conn, Heard):
            return conn
        channel = Channel(conn)
        return channel.opened(name, target, headers) or channel

    def _speak(self, step: Speaks) -> None:
        said = [self._fill(one) for one in step.says]
        given = self._fill.json(step.arguments)
        params = given if isinstance(given, list) else [given]
        params += params[-1:] * (len(said) - len(params))
        shown = [token for number, one in enumerate(said) if (token := self._token_for(step, number, one))]
        together = ", ".join(dict.fromkeys(shown))  # a header stands once
        headers = [*HEADERS, *([("AISecOps-Capability", together)] if together else [])]
        asked = Asked(host(ROLE, self._slot.number), "POST", PATH, headers, body_of(said, params))
        in_vain = 0
        for _ in range(int(self._fill(step.times))):
            before = len(self.told.codes)
            self._understand(self._patiently(Who.AGENT, asked), self._slot.described if LIST in said else ())
            in_vain = in_vain + 1 if len(self.told.codes) > before else 0
            if in_vain == IN_VAIN:
                return

    def _token_for(self, step: Speaks, number: int, said: str) -> str:
        """The token of one message of a batch; empty for one that needs none."""
        tool, how = declared_as(said), self._fill(step.tokens[min(number, len(step.tokens) - 1)])
        return "" if is_method(said) else self._cast.come_by(how, Who.AGENT, tool, f"{PREFIX}.{tool}")

    def _call(self, step: Calls) -> None:
        in_vain, times, began = 0, int(self._fill(step.times)), time.monotonic()
        for _ in range(times):
            heard = self._send(step)
            self.told.add(heard, step.by, may=step.may)
            if step.tool == ROLE:
                self.told.codes += understood(heard).codes
            if heard.code == "human_approval_required":
                self._fill.values["held_approval"] = str(heard.problem.get("approval_id", ""))
            in_vain = in_vain + 1 if heard.code else 0
            if in_vain == IN_VAIN and step.patient:
                return
        rate = self._cast.probe.rule.budgets.rate
        if rate and not step.patient:
            self._hurried(times, rate, time.monotonic() - began)

    def _hurried(self, times: int, rate: Rate, elapsed_s: float) -> None:
        """What may have come of calls in a row follows from how long they took: the rate goes on meanwhile."""
        most = most_within(rate, elapsed_s)
        self._fill.values["rate.most"] = str(most)
        if times <= most:
            self.told.too_slow = f"{times} calls took {elapsed_s:.1f} s, in which the rate lets {most} through"

    def _send(self, step: Calls) -> Heard:
        tool = TOOLS.get(step.tool)
        role = tool.at if tool else step.tool
        path = self._fill(step.path) or (tool.path if tool else "/")
        method = self._fill(step.method) or (tool.method if tool else "GET")
        query = f"?{self._fill(step.query)}" if step.query else ""
        body, kind = self._body(step)
        headers = [("Content-Type", kind)] if body else []
        headers += [pair for line in step.headers if (pair := _header(self._fill(line)))]
        if tool:
            scope = self._fill(step.scope) or scope_of(step.tool, path, _json(body))
            asked = {key: value for key, value in (("ttl", step.ttl), ("uses", step.uses)) if value}
            more: dict[str, Any] = {**asked, **({"uses": int(step.uses)} if step.uses else {})}
            token = self._cast.come_by(step.token, step.by, step.tool, scope, **more)
            if not token and step.token not in {"none", "kept", "empty"}:
                self.told.add(self._cast.refusal, step.by)
            self._cast.shown = self._fill.values["token"] = token
            headers += _shown(step.token, token)
            if step.token == "in-the-query":
                query = f"{query or '?'}{'&' if query else ''}AISecOps-Capability={token}"
        if step.approval:
            headers.append(("AISecOps-Approval", self._fill(step.approval)))
        name = host(role, self._slot.number)
        send = self._patiently if step.patient else self._once
        return send(step.by, Asked(name, method, f"{path}{query}", headers, body))

    def _body(self, step: Calls) -> tuple[bytes, str]:
        if step.raw:
            return self._fill(step.raw).encode(), self._fill(step.media) or "text/plain"
        body = step.body or default_body(step.tool)
        return (orjson.dumps(self._fill.json(body)), step.media or "application/json") if body else (b"", "")

    def _patiently(self, who: Who, asked: Asked) -> Heard:
        """A request that is made again, after the time it is told, when it came too fast."""
        heard = self._once(who, asked)
        for _ in range(PATIENCE):
            problem = problem_in(heard)
            if problem.get("code") != "rate_limited":
                break
            time.sleep(min(float(problem.get("retry_after") or 1), LONGEST_WAIT_S))
            heard = self._once(who, asked)
        return heard

    def _once(self, who: Who, asked: Asked) -> Heard:
        data = request(asked.method, asked.target, [("Host", asked.host), *asked.framed()], asked.body)
        return self._cast.lines(who).ask(asked.host, data, method=asked.method)

    def _own(self, step: Owns) -> None:
        """Called without a token first: the refusal says which one to ask for."""
        own = self._cast.stage.own
        own.said = self._fill(step.says)
        own.described = {self._fill(tool): self._fill(words) for tool, words in step.describes.items()}
        body = orjson.dumps(self._fill.json(step.body)) if step.body else b""
        asked = Asked(step.host, step.method, step.path, list(HEADERS) if body else [], body)
        heard = self._patiently(Who.AGENT, asked)
        problem = problem_in(heard)
        wanted = problem.get("request_token")
        if problem.get("code") == "token_missing" and isinstance(wanted, dict):
            answer = self._cast.api(Who.AGENT, "POST", "/v1/tokens", wanted)
            if answer.is_success:
                shown = ("AISecOps-Capability", str(answer.json()["token"]))
                heard = self._patiently(Who.AGENT, asked._replace(headers=[*asked.headers, shown]))
            else:
                heard = Heard(answer.status_code, dict(answer.headers), answer.content)
        self._understand(heard, own.described)

    def _understand(self, heard: Heard, described: Iterable[str]) -> None:
        """What an MCP server said, or another; a tool of those that it described and does not list was withdrawn."""
        self.told.add(heard)
        answer = understood(heard)
        self.told.codes += answer.codes
        self.told.codes += ["withdrawn" for tool in described if not heard.code and tool not in answer.listed]
        self._fill.values["read"] = answer.text or heard.text

    def _raw(self, step: Raw) -> None:
        text = self._fill(step.send)
        if "\r\n" not in text:
            text = text.replace("\n", "\r\n")
        lines = self._cast.lines(Who.AGENT)
        inside = host(step.inside, self._slot.number) if step.inside else ""
        self.told.add(lines.raw(text.encode("utf-8", "surrogateescape"), inside=inside, sni=self._fill(step.sni)))

    def _api(self, step: Api) -> None:
        answer = self._cast.api(step.by, step.method, self._fill(step.path), self._fill.json(step.body))
        self.told.add(Heard(answer.status_code, dict(answer.headers), answer.content), step.by)
        said = _json(answer.content)
        for name, key in step.keep.items():
            self._fill.values[name] = str(said.get(key, "")) if isinstance(said, dict) else ""

    def _bound(self, step: Posture) -> None:
        budgets = self._cast.probe.rule.budgets
        found = {
            "calls": budgets.max_tool_calls,
            "writes": budgets.max_write_operations,
            "seconds": budgets.max_execution_ms and math.ceil(budgets.max_execution_ms / 1000),
            "cost": budgets.max_cost_micros and from_micros(budgets.max_cost_micros),
            "rate": budgets.rate.count * 1000 / budgets.rate.per_ms if budgets.rate else None,
        }[step.of]
        most = float(self._fill(step.most))
        if found is None or found > most:
            said = "nothing bounds" if found is None else f"{found:g} is the bound of"
            self.told.breaches.append(f"{said} its {step.of}; at most {most:g} is expected")


def _ended(channel: Channel) -> Heard:
    """What was heard on a WebSocket, which is closed now: a refusal when that is why."""
    channel.close()
    body = "\n".join(channel.heard).encode()
    if channel.code:
        problem = json.dumps({"code": channel.code}).encode()
        return Heard(HTTPStatus.FORBIDDEN, {}, problem, body)
    return Heard(HTTPStatus.OK, {"content-type": "text/event-stream"}, body)


def _shown(how: str, token: str) -> list[tuple[str, str]]:
    header = ("AISecOps-Capability", token)
    if how in {"none", "in-the-query"} or (not token and how != "empty"):
        return []
    if how == "in-authorization":
        return [("Authorization", f"Bearer {token}")]
    if how == "in-a-cookie":
        return [("Cookie", f"AISecOps-Capability={token}")]
    return [header, header] if how == "twice" else [header]


def _header(line: str) -> tuple[str, str] | None:
    name, colon, value = line.partition(":")
    return (name, value.strip()) if colon else None


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return None
