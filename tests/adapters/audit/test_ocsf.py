"""Events for SIEMs, each held against the published schema of its class."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from aisecops import __version__
from aisecops.adapters.audit.ocsf import VERSION, as_ocsf
from aisecops.model.decision import Mode
from aisecops.model.record import EventName
from support.records import answer_event, chain, event, facts, judged_events, rows, rules

HEAD = {"v": 1, "seq": 7, "prev": "00", "at": "2027-01-31T10:00:00.250Z", "control": []}
FULL = HEAD | {
    "run_id": "run_1", "root_run_id": "run_0", "agent_id": "clerk", "decision_id": "dec_1", "policy_version": "sha256:0",
    "tool": "crm.read", "scope": "crm.customers.42", "effect": "read", "method": "GET", "host": "crm.internal",
    "verdict": "deny", "enforced": "deny", "code": "budget_exceeded", "detail": "too much", "status": 200,
    "duration_ms": 12, "jti": "cap_1", "approval_id": "apr_1", "by": "Ann", "note": "well", "why": "so", "digest": "sha256:1",
    "integration": "mcp:tools",
}  # fmt: skip
BARE = HEAD | dict.fromkeys(("run_id", "root_run_id", "agent_id", "decision_id", "policy_version"))


@pytest.fixture(scope="module")
def problems():
    """What of an event breaks the schema of its class; nothing that the schema does not name is let through."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=VERSION))
    validators = {}

    def of(told):
        uid = told["class_uid"]
        profiles = tuple(told["metadata"].get("profiles", ()))
        if (uid, profiles) not in validators:
            name = schema.lookup_class_name_from_uid(uid)
            validators[uid, profiles] = Draft202012Validator(schema.get_class_schema(name, profiles=list(profiles)))
        return [f"{error.json_path}: {error.message[:200]}" for error in validators[uid, profiles].iter_errors(told)]

    return of


@pytest.mark.parametrize("said", [FULL, BARE], ids=["full", "bare"])
@pytest.mark.parametrize("name", EventName)
def test_every_event_there_can_be_is_an_event_of_its_class(problems, name, said):
    told = as_ocsf(said | {"event": name.value})
    assert problems(told) == []
    assert told["class_uid"] != 0
    assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
    assert told["time"] == 1_801_389_600_250
    assert told["metadata"]["product"]["version"] == __version__
    assert told["unmapped"] == said | {"event": name.value}


def test_the_schema_refuses_what_is_left_out_or_made_up(problems):
    told = as_ocsf(FULL | {"event": "decision"})
    assert problems({key: value for key, value in told.items() if key != "api"})
    assert problems(told | {"made_up": 1})
    assert problems(told | {"activity_id": 77})


def test_an_event_of_a_later_version_is_a_base_event_and_keeps_what_it_says(problems):
    told = as_ocsf(FULL | {"event": "moon_landed"})
    assert problems(told) == []
    assert (told["class_uid"], told["activity_id"], told["activity_name"]) == (0, 99, "moon_landed")
    assert told["unmapped"]["tool"] == "crm.read"


@pytest.mark.parametrize(
    ("verdict", "enforced", "expected"),
    [
        ("allow", "allow", {"status_id": 1, "action_id": 1, "disposition_id": 1, "severity_id": 1}),
        ("deny", "deny", {"status_id": 2, "action_id": 2, "disposition_id": 2, "severity_id": 2}),
        ("hold", "hold", {"status_id": 2, "action_id": 2, "disposition_id": 14, "severity_id": 2}),
        ("deny", "allow", {"status_id": 1, "action_id": 3, "disposition_id": 17, "severity_id": 2}),
    ],
    ids=["allowed", "denied", "held", "observed"],
)
def test_a_decision_says_what_was_done_and_not_only_what_was_found(verdict, enforced, expected):
    told = as_ocsf(FULL | {"event": "decision", "verdict": verdict, "enforced": enforced})
    assert {key: told[key] for key in expected} == expected


@pytest.mark.parametrize(
    ("effect", "method", "activity"),
    [("read", "POST", 2), ("memory-read", "GET", 2), ("write", "POST", 1), ("write", "PUT", 3), ("write", "DELETE", 4)],
)
def test_a_step_is_what_it_does_and_not_only_its_method(effect, method, activity):
    assert as_ocsf(FULL | {"event": "tool_invoked", "effect": effect, "method": method})["activity_id"] == activity


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "[2001:db8::1]", "*.wiki.example"])
def test_an_address_is_no_name(problems, host):
    told = as_ocsf(FULL | {"event": "decision", "host": host})
    assert problems(told) == []
    assert list(told["dst_endpoint"]) == ["hostname" if host.startswith("*") else "ip"]


def test_what_changed_is_named_by_what_it_is():
    def entity(name, **said):
        return as_ocsf(BARE | {"event": name, **said})["entity"]

    assert entity("integration_changed", integration="mcp:tools", agent_id="clerk")["name"] == "mcp:tools"
    assert entity("rules_reloaded", policy_version="sha256:0") == {
        "type": "rules",
        "name": "sha256:0",
        "uid": "sha256:0",
    }
    assert entity("record_repaired") == {"type": "record", "name": "record"}
    assert entity("threat_model_signed", agent_id="clerk", digest="d") == {
        "type": "threat model",
        "name": "clerk",
        "uid": "d",
    }


async def test_what_the_gateway_records_is_told_whole(problems, tmp_path):
    log = chain(tmp_path, signed=False)
    await log.append(*judged_events(facts(), "dec_1"), answer_event(facts(), "dec_1", status=200, duration_ms=3))
    await log.append(*judged_events(facts(token=False), "dec_2"))
    await log.append(*judged_events(facts(token=False), "dec_3", by=rules(mode=Mode.OBSERVE)))
    await log.append(event(4, EventName.RUN_HALTED, by="operator:op", why="enough"))
    await log.close()
    written = rows(tmp_path)
    told = [as_ocsf(line) for line in written]
    assert [one for each in told for one in problems(each)] == []
    assert [each["unmapped"] for each in told] == written
    decisions = [(each["status_id"], each["action_id"]) for each in told if each["unmapped"]["event"] == "decision"]
    assert decisions == [(1, 1), (2, 2), (1, 3)]
    assert told[-1]["metadata"]["correlation_uid"] == "run_1"
    assert told[-1]["entity"] == {"type": "run", "name": "support-bot", "uid": "run_1"}
