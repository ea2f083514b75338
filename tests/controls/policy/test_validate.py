"""Rules that can be read and are still wrong."""

from __future__ import annotations

import pytest

from support.rules_text import FULL, problems, rules

SECRET = 'authenticate: {secret: "env:A"}'

WRONG = {
    "an agent nobody can be": ("agents: {a: {role: r}}", (2, "has no `authenticate`"), "add `authenticate"),
    "a line for what is sent with a tool that is not declared": (
        "tools: {files.put: {match: {host: h.test}}}\negress: {volume: [{to: any, tool: file.put, max: 1KiB, action: hold}]}",
        (3, "what is sent with `file.put` is counted, and that is not declared"),
        "did you mean `files.put`?",
    ),
    "proportion of a tool that is not declared": (
        "tools: {files.put: {match: {host: h.test}}}\negress: {proportion: [{to: any, tool: file.put, action: hold}]}",
        (3, "what is sent with `file.put` is counted, and that is not declared"),
        "did you mean `files.put`?",
    ),
    "two agents with one certificate": (
        "agents: {a: {authenticate: {client_cert: {san: x}}}, b: {authenticate: {client_cert: {san: x}}}}",
        (2, "is also agent `a`"),
        "a name of its own",
    ),
    "two agents in one network": (
        "agents: {a: {authenticate: {source: 10.0.0.0/8}}, b: {authenticate: {source: 10.1.0.0/16}}}",
        (2, "overlaps `10.0.0.0/8` of agent `a`"),
        "narrow one of them",
    ),
    "a network that is everyone": (
        'agents: {a: {authenticate: {source: ["::/0"]}}}',
        (2, "the network `::/0` is everyone"),
        "name the networks",
    ),
    "a grant for a tool that is not declared": (
        f'agents: {{a: {{{SECRET}, grants: [{{tool: crm.reed, scope: "**"}}]}}}}\ntools: {{crm.read: {{match: {{host: h.test}}}}}}',
        (2, "a.grants[0] is for the tool `crm.reed`, which is not declared"),
        "did you mean `crm.read`?",
    ),
    "a grant whose scope the tool never has": (
        (
            f"agents: {{a: {{{SECRET}, grants: [{{tool: t, scope: crm.orders.1}}]}}}}\n"
            'tools: {t: {match: {host: h.test}, scope: "crm.customers.{path[0]}"}}'
        ),
        (2, "a.grants[0] has the scope `crm.orders.1`, which `t` never has"),
        "its scopes look like `crm.customers.*`",
    ),
    "a grant whose scope is too short": (
        (
            f'agents: {{a: {{{SECRET}, grants: [{{tool: t, scope: "crm.*"}}]}}}}\n'
            'tools: {t: {match: {host: h.test}, scope: "crm.customers.{path[0]}"}}'
        ),
        (2, "which `t` never has"),
        "crm.customers.*",
    ),
    "two tools with the very same match": (
        "tools:\n  a: {match: {host: h.test, path: /x}}\n  b: {match: {host: H.test, path: /x}}",
        (4, "tool `b` matches the very same as `a` in rules.yaml:3"),
        "more specific",
    ),
    "two tools with a method in common": (
        "tools:\n  a: {match: {host: h.test, method: [GET, PUT]}}\n  b: {match: {host: h.test, method: [PUT, POST]}}",
        (4, "tool `b` matches the very same as `a`"),
        "method",
    ),
    "two tools that models call alike": (
        "tools:\n  a: {match: {model_tool: [x, y]}}\n  b: {match: {model_tool: y}}",
        (4, "tool `b` matches the very same as `a`"),
        "",
    ),
    "two families at one MCP server": (
        "tools:\n  a.*: {match: {mcp: {host: h.test}}}\n  b.*: {match: {mcp: {host: h.test}}}",
        (4, "tool `b.*` matches the very same as `a.*`"),
        "",
    ),
    "two models at one host": (
        "models:\n  a: {match: {host: h.test}, dialect: openai}\n  b: {match: {host: h.test}, dialect: openai}",
        (4, "model `b` matches the very same as `a`"),
        "",
    ),
    "two sources that are one": (
        "sources:\n  - {match: {host: h.test}}\n  - {match: {host: h.test}, tier: internal}",
        (4, "source `h.test` matches the very same"),
        "",
    ),
    "a family of plain requests": ("tools: {t.*: {match: {host: h.test}}}", (2, "`t.*` is a family"), "one name"),
    "a source that is written to": (
        "sources: [{match: {host: h.test, method: [GET, POST]}}]",
        (2, "cannot have the method `POST`"),
        "declare a tool",
    ),
    "rows counted in an answer that streams": (
        "tools: {t: {match: {host: h.test}, rows: {response: length(@)}, returns: {stream: true}}}",
        (2, "`t` streams its answer, so its `rows` cannot be counted"),
        "leave out `returns.stream`, or the `response` of `rows`",
    ),
    "a cost read from an answer that streams": (
        "tools: {t: {match: {host: h.test}, cost: {response: price}, returns: {stream: true}}}",
        (2, "so its `cost` cannot be counted"),
        "leave out `returns.stream`",
    ),
    "trusted fields of an answer that streams": (
        'tools: {t: {match: {host: h.test}, returns: {stream: true, trusted_fields: ["id"]}}}',
        (2, "no `trusted_fields` can be found"),
        "leave out one",
    ),
    "an MCP tool that streams": (
        "tools: {t: {match: {mcp: {host: h.test, tool: x}}, returns: {stream: true}}}",
        (2, "not each of its matches is a plain HTTP request"),
        "leave out `returns.stream`",
    ),
    "a WebSocket that streams": (
        "tools: {t: {match: {host: h.test, method: WEBSOCKET}, returns: {stream: true}}}",
        (2, "not each of its matches is a plain HTTP request"),
        "leave out `returns.stream`",
    ),
    "rows granted of an answer that streams": (
        (
            f'agents: {{a: {{{SECRET}, grants: [{{tool: t, scope: "t", constraints: {{max_rows: 5}}}}]}}}}\n'
            "tools: {t: {match: {host: h.test}, returns: {stream: true}}}"
        ),
        (2, "a.grants[0] allows `t` rows, which cannot be counted in an answer it streams"),
        "leave out `max_rows`",
    ),
    "a sequence that waits for an unknown tool": (
        "tools: {mail.send: {match: {host: h.test}}}\nrisk: {sequences: [{name: s, when: [{tool: mail.sned}], escalation: 2}]}",
        (3, "sequence `s` waits for the tool `mail.sned`"),
        "did you mean `mail.send`?",
    ),
    "a sequence that waits for an unknown label": (
        (
            "tools: {t: {match: {host: h.test}, returns: {label: secret}}}\n"
            "risk: {sequences: [{name: s, when: [{label: sercet}], escalation: 2}]}"
        ),
        (3, "sequence `s` waits for the label `sercet`"),
        "did you mean `secret`?",
    ),
    "two sequences of one name": (
        "risk:\n  sequences:\n  - {name: s, when: [{kind: tool}], escalation: 2}\n  - {name: s, when: [{kind: model}], escalation: 2}",
        (5, "a second sequence is called `s`"),
        "",
    ),
    "a memory read by a misspelt tool": (
        (
            "tools: {notes.read: {match: {host: h.test}}}\n"
            "memory: [{tool: else.kept, item: a, id: b, read: {tool: notes.raed, item: c}}]"
        ),
        (3, "`notes.raed` is not declared"),
        "did you mean `notes.read`?",
    ),
    "a memory with an unknown writer": (
        f"agents: {{boat: {{{SECRET}}}}}\nmemory: [{{tool: elsewhere.kept, item: a, id: b, writers: [boot]}}]",
        (3, "`boot` is no agent"),
        "did you mean `boat`?",
    ),
    "a memory with a misspelt tool": (
        "tools: {notes.write: {match: {host: h.test}}}\nmemory: [{tool: notes.wrte, item: a, id: b}]",
        (3, "`notes.wrte` is not declared"),
        "did you mean `notes.write`?",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_rule_without_effect_is_a_problem(case):
    yaml, (line, what), mend = WRONG[case]

    (problem,) = problems(yaml)

    assert problem.place.line == line
    assert what in problem.what
    assert mend in problem.mend


@pytest.mark.parametrize(
    "yaml",
    [
        FULL,
        "tools: {t: {match: {host: h.test}, rows: {request: length(@)}, returns: {stream: true}}}",
        "tools: {t: {match: {host: h.test}, rows: {response: length(@)}, returns: {stream: false}}}",
        "tools: {a: {match: {host: h.test, method: GET}}, b: {match: {host: h.test, method: POST}}}",
        "tools: {a: {match: {host: h.test, method: GET}}, b: {match: {host: h.test}}}",
        "tools: {a: {match: {host: h.test}}, b: {match: {host: 'h.test:8443'}}}",
        "tools: {a: {match: [{host: h.test}, {host: h.test, path: /x}]}}",
        "tools: {a: {match: [{host: h.test, method: GET}, {host: h.test, method: [GET, PUT]}]}}",
        "tools: {a.*: {match: {mcp: {host: h.test}}}, b.*: {match: {mcp: {host: h.test, tool: 'b_*'}}}}",
        (
            f'agents: {{a: {{{SECRET}, grants: [{{tool: t.one, scope: "**"}}, {{tool: "t.*", scope: t.one}}]}}}}\n'
            "tools: {t.*: {match: {mcp: {host: h.test}}}}"
        ),
        "agents: {a: {authenticate: {source: [10.0.0.0/8, 10.1.0.0/16]}}}",
        "memory: [{tool: elsewhere.kept, item: a, id: b}]",
    ],
)
def test_what_only_looks_alike_is_well(yaml):
    assert rules(yaml)


def test_an_entity_nobody_knows_is_a_problem_with_the_nearest_name():
    from aisecops.controls.policy.parse import parse

    text = b"version: 1\negress:\n  detectors:\n    - {entity: CREDIT_CRAD, to: any, action: block}\n"
    assert [(str(one.place), one.mend) for one in parse({"b.yaml": text})] == [
        ("b.yaml:4", "did you mean `CREDIT_CARD`?")
    ]
