"""Who led to whom: an attack's path is marked from its source to where it was stopped, and nothing else is."""

import pytest

from aisecops.ops.dashboard import flow as module
from aisecops.ops.dashboard.flow import flow

HELP = "https://help.example"


def prompt(number, *segments, verdict="allow"):
    facts = {"request": {"model": "gpt-4o"}, "descent": {"segments": list(segments), "arguments": []}}
    return {
        "event": "decision", "kind": "model", "decision_id": f"dec_{number}", "tool": "model:openai", "scope": "",
        "host": "api.openai.com", "enforced": verdict, "facts": facts,
    }  # fmt: skip


def said(tier="user", *, source=None, role="user"):
    stretches = [{"tier": tier, "source": source, "origin_id": "prv_1"}] if source else []
    return {"tier": tier, "role": role, "stretches": stretches}


def proposed(prompt_number, name, call="call_1"):
    return {"event": "tool_proposed", "decision_id": f"dec_{prompt_number}", "proposed": name, "call_id": call}


def call(number, tool, *, of=None, untrusted=(), verdict="allow", host="mail.example", origin=HELP):
    link = {"found": True, "decision_id": of[0], "name": of[1], "call_id": "call_1"} if of else None
    arguments = [{"name": name, "source": "untrusted", "origin": origin, "origin_id": "prv_1"} for name in untrusted]
    return {
        "event": "decision", "kind": "tool", "decision_id": f"dec_{number}", "tool": tool, "scope": f"{tool}.x", "host": host,
        "enforced": verdict, "facts": {"request": {}, "descent": {"segments": [], "arguments": arguments, "proposal": link}},
    }  # fmt: skip


ATTACK = [
    prompt(1, said()),
    proposed(1, "read_article"),
    call(2, "source:help", of=("dec_1", "read_article"), host="help.example"),
    prompt(3, said(), said("hostile", source=HELP, role="tool")),
    proposed(3, "send_email"),
    call(4, "mail.send", of=("dec_3", "send_email"), untrusted=("to", "text"), verdict="deny"),
    prompt(5, said("hostile", source=HELP, role="tool")),
]


def tainted(graph):
    return {
        (graph.nodes[start].label, graph.nodes[end].label) for (start, end), edge in graph.edges.items() if edge.tainted
    }


def test_an_attack_is_marked_from_its_source_to_where_it_was_stopped():
    graph = flow(ATTACK)

    assert tainted(graph) == {
        (HELP, "gpt-4o"),
        ("gpt-4o", "send_email"),
        ("send_email", "mail.send"),
        ("mail.send", "mail.example"),
    }
    stopped = [edge for edge in graph.edges.values() if edge.stopped]
    assert [graph.nodes[edge.end].label for edge in stopped] == ["mail.example"]


def test_what_the_user_wanted_is_not_marked():
    graph = flow(ATTACK)

    assert ("user", "gpt-4o") not in tainted(graph)
    assert not graph.nodes["proposal dec_1 read_article"].tainted
    assert not graph.nodes["prompt dec_1"].tainted


def test_the_path_is_told_in_words():
    [path] = flow(ATTACK).paths

    assert path == (
        f"Untrusted words from `{HELP}` came through the proposal `send_email` into `to`, `text` of `mail.send` to"
        " `mail.example`, which was refused."
    )


def test_a_prompt_that_led_to_nothing_is_left_out():
    assert "prompt dec_5" not in flow(ATTACK).nodes
    assert "prompt dec_1" in flow([prompt(1, said())]).nodes  # unless there is nothing else
    assert "prompt dec_2" in flow([*ATTACK[:2], prompt(2, said(), verdict="deny")]).nodes  # or it was stopped


def test_reading_something_hostile_alone_taints_no_call():
    graph = flow(
        [prompt(1, said("hostile", source=HELP)), proposed(1, "send"), call(2, "mail.send", of=("dec_1", "send"))]
    )

    assert tainted(graph) == set()
    assert graph.nodes[f"source hostile {HELP}"].tainted


def test_a_call_that_no_model_proposed_is_tainted_by_its_source_itself():
    graph = flow([call(2, "mail.send", untrusted=("to",), verdict="hold")])

    assert tainted(graph) == {(HELP, "mail.send"), ("mail.send", "mail.example")}
    assert graph.paths == [
        f"Untrusted words from `{HELP}` came into `to` of `mail.send` to `mail.example`, which was held."
    ]


def test_an_argument_that_the_user_named_taints_nothing():
    step = call(2, "mail.send", of=("dec_1", "send"), untrusted=("to",))
    step["facts"]["descent"]["arguments"][0]["source"] = "trusted"
    graph = flow([prompt(1, said(), said("hostile", source=HELP)), proposed(1, "send"), step])

    assert tainted(graph) == set()
    assert graph.paths == []


def test_the_same_call_again_is_one_box():
    graph = flow([call(number, "mail.send") for number in range(40)])

    assert [(node.label, node.count) for node in graph.nodes.values() if node.column == "call"] == [("mail.send", 40)]


def test_a_stopped_call_beside_a_passed_one_to_the_same_place_are_two():
    graph = flow([call(1, "mail.send"), call(2, "mail.send", verdict="deny")])

    assert sorted(node.verdict for node in graph.nodes.values() if node.column == "call") == ["allow", "deny"]
    assert graph.paths == ["`mail.send` on `mail.send.x` at `mail.example` was refused."]


def test_a_wide_graph_keeps_what_matters(monkeypatch):
    monkeypatch.setattr(module, "MOST_IN_COLUMN", 4)
    calls = [call(number, f"tool.{number}", host=f"host-{number}") for number in range(20)]
    graph = flow([*calls, call(99, "mail.send", untrusted=("to",), verdict="deny")])
    boxes = [node for node in graph.nodes.values() if node.column == "call"]

    assert len(boxes) == 4
    assert {"mail.send", "18 others"} <= {node.label for node in boxes}
    assert all(start in graph.nodes and end in graph.nodes for start, end in graph.edges)


@pytest.mark.parametrize(
    "event", [{"event": "run_started"}, {**call(1, "x"), "facts": {}}, {**call(1, "x"), "facts": {"descent": None}}]
)
def test_older_records_are_drawn_too(event):
    assert flow([event]).paths == []
