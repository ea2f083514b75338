"""Telemetry as a company's collector gets it: a real installation, a real OpenTelemetry Collector, what lies behind it."""

from __future__ import annotations

import os
import signal

import pytest

from support.collector import behind, collector, said
from support.installation import fresh, installed, until
from support.speaking import assert_refused

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EIGHT = (
    *("run_id", "agent_id", "prompt_hash", "context_provenance"),
    *("tool_invocations", "policy_decisions", "cumulative_risk_score", "budget_consumption.tool_calls"),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("telemetry")
    with (
        behind() as far,
        collector(folder, far) as near,
        installed(folder / "house", telemetry={"otlp": near.url}) as house,
    ):
        yield house, near, far


@pytest.fixture(scope="module")
def told(world):
    """A run with a child: a model call, a read, a refusal, and a write of the child; both finished."""
    house, _, far = world
    run, customer = house.run("clerk"), fresh()
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": f"look up {customer}"}]}
    url = "https://api.openai.com/v1/chat/completions"
    assert house.ask(run, "POST", url, headers={"traceparent": PARENT}, body=asked).status == 200
    url = f"https://crm.internal/v1/customers/{customer}"
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
    assert house.ask(run, "GET", url, headers=headers | {"traceparent": "not one"}).status == 200
    assert_refused(house.ask(run, "GET", url), "token_missing")
    child = house.run("clerk", parent=run.run_id)
    headers = house.with_token(child, "orders.write", f"orders.{customer}")
    assert house.ask(child, "POST", f"https://db.internal/orders/{customer}", headers=headers, body={}).status == 200
    for one in (child, run):
        assert house.api(one.agent, "POST", f"/v1/runs/{one.run_id}/finish", {}).status == 200
    until(lambda: len(far.named("invoke_agent clerk")) == 2, what="the spans of both runs")
    return run, child


def spans_of(far, run):
    return [span for span in far.spans if said(span["attributes"]).get("aisecops.run_id") == run.run_id]


def root_of(far, run):
    (root,) = (span for span in spans_of(far, run) if span["name"] == "invoke_agent clerk")
    return root


def test_a_run_and_its_child_are_one_trace_whose_id_is_in_the_run_id(world, told):
    _, _, far = world
    run, child = told
    letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    number = 0
    for letter in run.run_id.removeprefix("run_"):
        number = number * 32 + letters.index(letter)

    spans = spans_of(far, run) + spans_of(far, child)

    assert {span["traceId"] for span in spans} == {f"{number:032x}"}
    root, below = root_of(far, run), root_of(far, child)
    assert not root.get("parentSpanId")
    assert below["parentSpanId"] == root["spanId"]
    steps = [span for span in spans_of(far, run) if span is not root]
    assert sorted(span["name"] for span in steps) == ["chat gpt-4o", "execute_tool crm.read", "execute_tool crm.read"]
    assert {span["parentSpanId"] for span in steps} == {root["spanId"]}
    assert [span["name"] for span in spans_of(far, child) if span is not below] == ["execute_tool orders.write"]


def test_a_runs_span_carries_the_eight_fields_as_the_records_export_has_them(world, told):
    house, _, far = world
    run, _ = told
    export = house.tree(run)

    attributes = said(root_of(far, run)["attributes"])

    assert [name for name in EIGHT if f"aisecops.{name}" not in attributes] == []
    assert attributes["aisecops.run_id"] == run.run_id
    assert attributes["aisecops.agent_id"] == attributes["gen_ai.agent.id"] == "clerk"
    assert attributes["aisecops.prompt_hash"] == export["prompt_hash"] != ""
    assert attributes["aisecops.cumulative_risk_score"] == export["cumulative_risk_score"]
    for name, used in export["budget_consumption"].items():
        assert attributes[f"aisecops.budget_consumption.{name}"] == used
    decisions = [line.split()[:2] for line in attributes["aisecops.policy_decisions"]]
    assert decisions == [[one["decision_id"], one["enforced"]] for one in export["policy_decisions"]]
    assert len(attributes["aisecops.tool_invocations"]) == len(export["tool_invocations"]) == 1
    assert len(attributes["aisecops.context_provenance"]) == len(export["context_provenance"]) > 0


def test_a_model_call_follows_the_genai_conventions_and_is_linked_to_the_agents_own_span(world, told):
    _, _, far = world
    run, _ = told
    (span,) = (span for span in spans_of(far, run) if span["name"] == "chat gpt-4o")

    attributes = said(span["attributes"])

    assert attributes["gen_ai.operation.name"] == "chat"
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["gen_ai.request.model"] == "gpt-4o"
    assert attributes["server.address"] == "api.openai.com"
    assert attributes["http.response.status_code"] == 200
    assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    (link,) = span["links"]
    assert (link["traceId"], link["spanId"]) == (PARENT.split("-")[1], PARENT.split("-")[2])


def test_what_is_no_traceparent_is_no_link_and_a_refusal_says_its_code(world, told):
    _, _, far = world
    run, _ = told
    allowed, refused = sorted(
        (span for span in spans_of(far, run) if span["name"] == "execute_tool crm.read"),
        key=lambda span: "error.type" in said(span["attributes"]),
    )

    assert not allowed.get("links")
    assert said(refused["attributes"])["error.type"] == "token_missing"
    assert refused["status"]["code"] == 2


def test_every_event_is_a_log_record_at_the_span_it_belongs_to_and_holds_no_facts(world, told):
    house, _, far = world
    run, _ = told
    recorded = house.events(run_id=run.run_id)
    logs = {said(line["attributes"])["aisecops.seq"]: line for line in far.logs}

    spans = {span["spanId"] for span in spans_of(far, run)}
    for event in recorded:
        line = logs[event["seq"]]
        assert line["eventName"] == f"aisecops.{event['event']}"
        assert line["traceId"] == root_of(far, run)["traceId"]
        if event["event"] in {"decision", "tool_invoked", "llm_called", "tool_returned"}:
            assert line["spanId"] in spans
        body = said(line["body"]["kvlistValue"]["values"])
        assert body["event"] == event["event"]
        assert not {"facts", "decision"} & body.keys()


def test_metrics_are_those_of_the_scrape_under_their_own_names(world, told):
    house, _, far = world
    scraped = {
        name.partition("{")[0].removesuffix("_total") for name in house.metrics() if name.startswith("aisecops_")
    }
    families = {
        name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum").removesuffix("_created")
        for name in scraped
    }

    until(lambda: families <= far.metrics.keys(), 40, what="all metrics")

    issued = far.metrics["aisecops_tokens_issued"]["sum"]
    assert issued["isMonotonic"]
    histogram = far.metrics["aisecops_decision_seconds"]["histogram"]["dataPoints"][0]
    assert sum(map(int, histogram["bucketCounts"])) == int(histogram["count"])


def numbers(house, far):
    seen = [said(line["attributes"])["aisecops.seq"] for line in far.logs]
    return seen, [event["seq"] for event in house.events() if "event" in event]  # no checkpoints


def sender(house):
    (pid,) = house.workers("telemetry")
    return pid


def test_while_the_collector_is_away_the_record_waits_and_then_comes_whole_even_when_the_sender_was_killed(world, told):
    house, near, far = world
    near.stop()
    run, customer = house.run("rival"), fresh()
    headers = house.with_token(run, "crm.read", f"crm.customers.{customer}")
    url = f"https://crm.internal/v1/customers/{customer}"
    assert house.ask(run, "GET", url, headers=headers).status == 200  # the gateway does not care

    until(lambda: house.metrics()["aisecops_record_lag_seconds"] > 1, what="a lag that grows")
    killed = sender(house)
    os.kill(killed, signal.SIGKILL)
    until(lambda: house.workers("telemetry") not in ([], [killed]), what="another sender")
    assert house.api(run.agent, "POST", f"/v1/runs/{run.run_id}/finish", {}).status == 200
    near.start()

    until(lambda: set(numbers(house, far)[0]) == set(numbers(house, far)[1]), 60, what="every event at the far end")
    until(lambda: house.metrics()["aisecops_record_lag_seconds"] == 0, what="no lag")
    seen, recorded = numbers(house, far)
    assert sorted(seen) == recorded
    root = until(lambda: far.named("invoke_agent rival"), what="the run's span")[0]
    steps = [span for span in spans_of(far, run) if span is not root]
    assert [span["name"] for span in steps] == ["execute_tool crm.read"]
    assert said(root["attributes"])["aisecops.budget_consumption.tool_calls"] == 1
