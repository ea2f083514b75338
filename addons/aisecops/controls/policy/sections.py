"""The rule language, key by key (contract 6): which sections there are, and what each key holds.

This table is the one source of what may be written: the parser reads by it, and `schema.json` is made of
it. Checks that need more than one rule at once are `validate.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from aisecops.controls.policy import leaves as leaf
from aisecops.controls.policy.agents import AGENT
from aisecops.controls.policy.people import APPROVALS, OIDC, PERSON
from aisecops.controls.policy.recognisers import RECOGNISER
from aisecops.controls.policy.shapes import Key, ListOf, MapOf, Named, Record, Schema
from aisecops.controls.policy.tools import HTTP, OWNED, TOOL
from aisecops.model.engines import OpaRule, PolicyRules
from aisecops.model.entities import CANARY
from aisecops.model.proportion import ProportionRule, RowsInProportion
from aisecops.model.rules import (
    AdaptiveRules,
    Allowance,
    DetectorRule,
    EgressRules,
    FirewallRules,
    MemoryRule,
    ModelRule,
    Price,
    RecallRule,
    RiskRules,
    Sequence,
    SourceRule,
    StepPattern,
    VolumeRule,
)

PRICE = Record(
    "a price",
    Price,
    {
        "input": Key(leaf.NUMBER, needed=True),
        "output": Key(leaf.NUMBER, needed=True),
        "max_output": Key(
            leaf.COUNT, about="the most model tokens of one answer: what is reserved where a call sets no limit"
        ),
    },
)
MODEL = Record(
    "a model",
    ModelRule,
    {
        "match": Key(HTTP, needed=True),
        "dialect": Key(leaf.DIALECT, needed=True),
        "prices": Key(MapOf(leaf.MODEL_NAME, PRICE), about="money per million model tokens"),
        **OWNED,
    },
    placed=True,
)
SOURCE = Record(
    "a source",
    SourceRule,
    {
        "match": Key(HTTP, needed=True),
        "tier": Key(leaf.TIER),
        "label": Key(leaf.LABEL),
        "stream": Key(leaf.SWITCH, about="true: an answer of any size passes piece by piece"),
        **OWNED,
    },
    placed=True,
)
RECALL = Record(
    "a tool that reads a memory",
    RecallRule,
    {
        "tool": Key(leaf.TOOL_NAME, needed=True),
        "item": Key(leaf.JMESPATH, needed=True, about="where the items are in its answer"),
        "id": Key(leaf.MEMORY_ID, about="where their ids are in its answer, or {path[1]}"),
    },
)
MEMORY = Record(
    "a memory rule",
    MemoryRule,
    {
        "tool": Key(leaf.TOOL_NAME, needed=True, about="the tool that writes it"),
        "item": Key(leaf.JMESPATH, needed=True, about="where the text of an item is; @ is the whole body"),
        "id": Key(leaf.MEMORY_ID, needed=True, about="where its id is: JMESPath into the body, or {path[1]}"),
        "read": Key(
            ListOf(RECALL, single=True),
            about="the tools that read it back; without it, those with the effect memory-read at the same host",
        ),
        "writers": Key(
            ListOf(leaf.AGENT_NAME, single=True), about="agents whose items count like those of the reader itself"
        ),
    },
    placed=True,
)

# risk, egress, firewall, policy


def _step(**fields: Any) -> StepPattern:
    if not fields:
        mend = "write `tool`, `effect`, `label`, `kind` or `tier`"
        raise ValueError("a step that says nothing would be every step", mend)
    return StepPattern(**fields)


def _lines(**fields: Decimal) -> FirewallRules:
    lines = FirewallRules(**fields)  # type: ignore[arg-type]  # unknown_content comes by its own reader
    if lines.flag_at > lines.block_at:
        raise ValueError("`flag_at` is over `block_at`, so nothing would ever be flagged", "lower `flag_at`")
    return lines


STEP = Record(
    "a step",
    _step,
    {
        "tool": Key(leaf.PATTERN),
        "effect": Key(leaf.EFFECT),
        "label": Key(leaf.LABEL),
        "kind": Key(leaf.STEP_KIND),
        "tier": Key(leaf.TIER, about="its answer is worth no more than this"),
    },
)
SEQUENCE = Record(
    "a sequence",
    Sequence,
    {
        "name": Key(leaf.NAME, needed=True),
        "when": Key(ListOf(STEP, least=1), needed=True),
        "escalation": Key(leaf.ESCALATION, needed=True, about="E, 1 to 3"),
        "within": Key(leaf.DURATION, to="within_ms", about="so long after its first step at most; without it, always"),
    },
    placed=True,
)
ADAPTIVE = Record(
    "`adaptive`",
    AdaptiveRules,
    {
        "base_up": Key(leaf.UNIT_MICROS, to="base_up_micros", about="base risk goes up by at most so much; 0.3"),
        "base_down": Key(leaf.UNIT_MICROS, to="base_down_micros", about="and down, by approvals alone; 0"),
        "trust_up": Key(leaf.UNIT_MICROS, to="trust_up_micros", about="the trust factor goes up by at most that; 0.5"),
        "step": Key(leaf.UNIT_MICROS, to="step_micros", about="by so much for each signal; 0.05"),
        "within": Key(leaf.DURATION, to="within_ms", about="for so long; 24h"),
    },
)
RISK = Record(
    "`risk`",
    RiskRules,
    {
        "sequences": Key(ListOf(SEQUENCE)),
        "budget_stress_from": Key(leaf.STRESS_FROM),
        "adaptive": Key(ADAPTIVE, about="risk that moves with what happens; without it, none does"),
        "join": Key(leaf.JOIN, about="a run that works on another's words: hold asks a person, halt counts all as one"),
        "join_within": Key(leaf.DURATION, to="join_within_ms", about="of what was put out so long ago at most; 1h"),
        "resume_allowance": Key(
            leaf.MICROS, to="resume_allowance_micros", about="how much more risk a resumed run may be allowed; 0.5"
        ),
    },
)
DETECTOR = Record(
    "a detector rule",
    DetectorRule,
    {
        "entity": Key(ListOf(leaf.ENTITY, single=True, least=1), to="entities", needed=True),
        "to": Key(leaf.DESTINATION, needed=True),
        "action": Key(leaf.ACTION, needed=True),
        "tier": Key(leaf.TIER, about="only in text of this tier"),
        "label": Key(leaf.LABEL, about="only while content with this label is in what is sent"),
    },
    placed=True,
)


def _allowance(**fields: Any) -> Allowance:
    if fields.keys() <= {"place", "until", "reason", "entities"}:
        what = "an allowance for every place and everybody would be no rule any more"
        raise ValueError(what, "add `fingerprint`, `field`, `agent` or `to`")
    if CANARY in fields.get("entities", ()):
        raise ValueError("a canary is there to be stopped", "take it out of `egress.canaries` instead")
    return Allowance(**fields)


ALLOWANCE = Record(
    "an allowance",
    _allowance,
    {
        "fingerprint": Key(leaf.FINGERPRINT),
        "entity": Key(ListOf(leaf.ENTITY, single=True, least=1), to="entities"),
        "agent": Key(leaf.AGENT_NAME),
        "field": Key(leaf.FIELD),
        "to": Key(leaf.DESTINATION),
        "until": Key(leaf.DAY, needed=True, about="the last day on which it counts"),
        "reason": Key(leaf.TEXT, needed=True),
    },
    placed=True,
)
VOLUME = Record(
    "a volume rule",
    VolumeRule,
    {
        "to": Key(leaf.DESTINATION, needed=True),
        "tool": Key(leaf.TOOL_NAME),
        "max": Key(leaf.SIZE, to="max_bytes", needed=True),
        "action": Key(leaf.VOLUME_ACTION, needed=True),
    },
    placed=True,
)


_FREE_OVER_MOST = "`free` is over `most`, so nothing else would explain anything", "lower `free`, or raise `most`"


def _proportion(**fields: Any) -> ProportionRule:
    if fields.keys().isdisjoint({"action", "escalation"}):
        what = "nothing would follow from what is out of proportion"
        raise ValueError(what, "add `action: hold`, `action: block` or `escalation: 1.5`")
    rule = ProportionRule(**fields)
    if rule.free_bytes > rule.most_bytes:
        raise ValueError(*_FREE_OVER_MOST)
    return rule


def _rows(**fields: int) -> RowsInProportion:
    rows = RowsInProportion(**fields)
    if rows.free > rows.most:
        raise ValueError(*_FREE_OVER_MOST)
    return rows


ROWS_IN_PROPORTION = Record(
    "rows in proportion",
    _rows,
    {
        "free": Key(leaf.COUNT, about="so many need no explanation; 20"),
        "most": Key(leaf.COUNT, about="what was read, or is usual, explains no more; 200"),
    },
)
PROPORTION = Record(
    "a proportion rule",
    _proportion,
    {
        "to": Key(leaf.DESTINATION, needed=True, about="prompts are held against `to: model` only, each by itself"),
        "tool": Key(leaf.TOOL_NAME, about="for this tool the rules that name it count, and no others"),
        "free": Key(leaf.SIZE, to="free_bytes", about="so much of a run needs no explanation; 4KiB"),
        "told": Key(leaf.TIMES, to="told_times", about="so many times what its user said; 20"),
        "read": Key(leaf.TIMES, to="read_times", about="so many times what it read that may go there; 1"),
        "usual": Key(leaf.TIMES, to="usual_times", about="so many times what the agent's runs send with the tool; 3"),
        "most": Key(leaf.SIZE, to="most_bytes", about="none of these explains more; 256KiB"),
        "rows": Key(ROWS_IN_PROPORTION, about="rows too, where the tool's `rows` finds them in the request"),
        "action": Key(leaf.VOLUME_ACTION),
        "escalation": Key(leaf.ESCALATION, about="the step's E is so many times as high, up to 3"),
    },
    placed=True,
)
MAY_GO = Record("what a label allows", lambda to: to, {"to": Key(ListOf(leaf.DESTINATION, single=True), needed=True)})
EGRESS = Record(
    "`egress`",
    EgressRules,
    {
        "max_body": Key(leaf.SIZE, to="max_body_bytes"),
        "detectors": Key(ListOf(DETECTOR)),
        "allow": Key(ListOf(ALLOWANCE), about="what passes although it is found; every use is recorded"),
        "labels": Key(MapOf(leaf.LABEL, MAY_GO)),
        "canaries": Key(ListOf(leaf.SECRET)),
        "known": Key(
            ListOf(leaf.SECRET), about="secrets that must never be seen leaving, one a line where it is a file"
        ),
        "recognizers": Key(
            ListOf(RECOGNISER), to="recognisers", about="kinds of your own, as Presidio's YAML has them"
        ),
        "volume": Key(ListOf(VOLUME), about="bytes that a run and all below it may send"),
        "proportion": Key(ListOf(PROPORTION), about="what a run may send of what it was told, read and usually sends"),
        "unread": Key(
            leaf.UNREAD,
            about="what nobody can read: refuse unless said; media lets pictures and sounds out, allow all",
        ),
    },
)
FIREWALL = Record(
    "`firewall`",
    _lines,
    {"flag_at": Key(leaf.UNIT), "block_at": Key(leaf.UNIT), "unknown_content": Key(leaf.TIER)},
)
OPA = Record(
    "`opa`",
    OpaRule,
    {
        "url": Key(leaf.URL, needed=True),
        "path": Key(leaf.OPA_PATH, needed=True, about="package and rule, such as `aisecops/allow`"),
        "token": Key(leaf.SECRET, about="sent as a bearer token"),
        "timeout": Key(leaf.TIMEOUT, to="timeout_ms", about="`1s` unless said otherwise; no answer is a no"),
    },
    placed=True,
)
POLICY = Record(
    "`policy`",
    PolicyRules,
    {"cedar": Key(ListOf(leaf.CEDAR_FILES, least=1), about="files beside the rules"), "opa": Key(OPA)},
    placed=True,
)

RULES = Record(
    "the rules",
    dict,
    {
        "version": Key(leaf.VERSION),  # asked for in every file by the parser
        "agents": Key(Named(leaf.AGENT_NAME, AGENT)),
        "people": Key(Named(leaf.NAME, PERSON), about="who may speak to the control plane, each with their secret"),
        "oidc": Key(OIDC, about="the OpenID provider that people sign in at"),
        "approvals": Key(APPROVALS, about="where held steps are announced, and from where answers come"),
        "tools": Key(Named(leaf.TOOL_NAME, TOOL)),
        "models": Key(Named(leaf.NAME, MODEL)),
        "sources": Key(ListOf(SOURCE)),
        "memory": Key(ListOf(MEMORY)),
        "risk": Key(RISK),
        "egress": Key(EGRESS),
        "firewall": Key(FIREWALL),
        "policy": Key(POLICY),
    },
)


def schema() -> Schema:
    """The JSON Schema of one rules file, for editors and YAML language servers."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rules of the gateway, version 1",
        **RULES.schema(),
        "required": ["version"],
    }
