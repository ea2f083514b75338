"""Every mistake a person makes in rules: its place, its words, its mend."""

from __future__ import annotations

import pytest

from aisecops.controls.policy.parse import parse

AGENT = 'agents: {a: {authenticate: {secret: "env:A"}, '

# The rules, then for each problem: line, column, what it says, and the mend it offers.
MISTAKES = {
    "a misspelt section": ("agent: {}", (2, 1, "unknown key `agent` in the rules", "did you mean `agents`?")),
    "a misspelt key": (
        AGENT + "grant: []}}",
        (2, 47, "unknown key `grant` in an agent", "did you mean `grants`?"),
    ),
    "a key that nothing is like": (
        AGENT + "zzz: 1}}",
        (2, 47, "unknown key `zzz` in an agent", "allowed here: `role`"),
    ),
    "a key twice": ("tools: {}\ntools: {}", (3, 1, "`tools` stands here twice, first in line 2", "keep one of them")),
    "a wrong word": (
        "tools: {t: {match: {host: h.test}, effect: writ}}",
        (2, 44, "`writ` is not an effect", "did you mean `write`?"),
    ),
    "a list where a mapping belongs": ("tools: [1]", (2, 8, "a list where a mapping belongs", "")),
    "a mapping where a list belongs": ("sources: {a: 1}", (2, 10, "a mapping where a list belongs", "")),
    "text where a record belongs": ("egress: all", (2, 9, "`all` where `egress` belongs", "write a mapping with")),
    "a needed key left out": ("tools: {t: {effect: read}}", (2, 12, "`match` is missing in a tool", "add `match:`")),
    "a secret in the rules": (
        "agents: {a: {authenticate: {secret: hunter2}}}",
        (2, 37, "this is not the place of a secret", "name where it is: `env:NAME`"),
    ),
    "a canary in the rules": (
        "egress: {canaries: [swordfish]}",
        (2, 21, "this is not the place of a secret", "env:NAME"),
    ),
    "an allowance for everything": (
        'egress: {allow: [{entity: US_SSN, until: 2027-01-31, reason: "r"}]}',
        (2, 18, "an allowance for every place and everybody", "add `fingerprint`, `field`, `agent` or `to`"),
    ),
    "an allowance without a reason": (
        'egress: {allow: [{fingerprint: "0123456789abcdef", until: 2027-01-31, reason: ""}]}',
        (2, 79, "`` is not a line of text", "write one line"),
    ),
    "an allowance without an end": (
        'egress: {allow: [{fingerprint: "0123456789abcdef", reason: "r"}]}',
        (2, 18, "`until` is missing in an allowance", "add `until:`"),
    ),
    "an allowance for a canary": (
        'egress: {allow: [{entity: CANARY, agent: a, until: 2027-01-31, reason: "r"}]}',
        (2, 18, "a canary is there to be stopped", "`egress.canaries`"),
    ),
    "a day that is none": (
        'egress: {allow: [{field: /a, until: 2027-02-30, reason: "r"}]}',
        (2, 37, "`2027-02-30` is not a day", "2027-01-31"),
    ),
    "a field that is none": (
        'egress: {allow: [{field: "length(a)", until: 2027-02-28, reason: "r"}]}',
        (2, 26, "`length(a)` is not a field", "JSON pointer"),
    ),
    "an allowance for nobody": (
        AGENT + '}}\negress: {allow: [{agent: b, until: 2027-01-31, reason: "r"}]}',
        (3, 18, "the allowance is for `b`, which is no agent", ""),
    ),
    "a duration without unit": (
        AGENT + "budgets: {max_execution_time: 600}}}",
        (2, 77, "`600` is not a duration", "such as `10m`"),
    ),
    "a size in words": ("egress: {max_body: 10MB}", (2, 20, "`10MB` is not a size", "`MiB`")),
    "more recipients than can be remembered": (
        AGENT + "budgets: {max_recipients: 1001}}}",
        (2, 73, "`1001` is not a whole number up to 1000", "each one is remembered"),
    ),
    "recipients nowhere": (
        "tools: {t: {match: {host: h.test}, recipients: {at: []}}}",
        (2, 53, "an empty list", "at least 1"),
    ),
    "recipients on a channel": (
        "tools: {t: {match: {host: h.test, method: WEBSOCKET}, recipients: {at: to}}}",
        (2, 9, "in whose messages no recipients are counted", "leave out `recipients`"),
    ),
    "a rate per fortnight": (AGENT + "budgets: {rate: 5/f}}}", (2, 63, "`5/f` is not a rate", "`5/s`")),
    "a number in quotes": (
        'tools: {t: {match: {host: h.test}, base_risk: "0.2"}}',
        (2, 47, "`0.2` in quotes is not a number", "take the quotes away"),
    ),
    "a risk over one": (
        "tools: {t: {match: {host: h.test}, base_risk: 1.2}}",
        (2, 47, "`1.2` is not a number from 0 to 1", "from 0 to 1"),
    ),
    "a trust word that is none": (
        "tools: {t: {match: {host: h.test}, trust: low}}",
        (2, 43, "`low` is not a trust word or factor", "`internal` (0.5)"),
    ),
    "an escalation over three": (
        "risk: {sequences: [{name: s, when: [{kind: tool}], escalation: 3.1}]}",
        (2, 64, "`3.1` is not a number from 1 to 3", "from 1 to 3"),
    ),
    "a token that lives too long": (
        AGENT + 'grants: [{tool: t, scope: "**", constraints: {expiry: 16m}}]}}',
        (2, 101, "`16m` is not a duration up to `15m`", "no token lives longer than `15m`"),
    ),
    "a scope with a star inside a segment": (
        AGENT + 'grants: [{tool: t, scope: "crm.c*"}]}}',
        (2, 73, "`crm.c*` is not a pattern of dotted words", "stand alone"),
    ),
    "a template with an unknown place": (
        'tools: {t: {match: {host: h.test}, scope: "crm.{header.x}"}}',
        (2, 43, "`crm.{header.x}` is not a scope", "`{path[2]}`"),
    ),
    "a JMESPath that is none": (
        'tools: {t: {match: {host: h.test}, rows: {request: "a[["}}}',
        (2, 52, "`a[[` is not a JMESPath", "such as `items[0].id`"),
    ),
    "a measure on both sides": (
        "tools: {t: {match: {host: h.test}, rows: {request: a, response: b}}}",
        (2, 42, "say where to look, once", "either `request:` or `response:`"),
    ),
    "somebody who must have named what steers nothing": (
        "tools: {t: {match: {host: h.test}, arguments: {a: {at: a, role: content, named_by: user}}}}",
        (2, 48, "`named_by` is about what steers", "write `role: steering`"),
    ),
    "an answer to untrusted text in what steers nothing": (
        "tools: {t: {match: {host: h.test}, arguments: {a: {at: a, role: content, untrusted: deny}}}}",
        (2, 48, "`untrusted` is about what steers", "write `role: steering`"),
    ),
    "a host with a scheme": (
        'sources: [{match: {host: "https://h.test"}}]',
        (2, 26, "`https://h.test` is not a host", "a host has no scheme"),
    ),
    "a host with a dot at its end": ("sources: [{match: {host: h.test.}}]", (2, 26, "`h.test.`", "leave the dot")),
    "a path pattern with a half star": (
        'sources: [{match: {host: h.test, path: "/a*/b"}}]',
        (2, 40, "`/a*/b` is not a path", "fills a whole segment"),
    ),
    "a method in small letters": (
        "tools: {t: {match: {host: h.test, method: get}}}",
        (2, 43, "`get` is not an HTTP method", "in capitals"),
    ),
    "a method that only looks like one": (
        "tools: {t: {match: {host: h.test, method: [GTE]}}}",
        (2, 44, "`GTE` is not an HTTP method", "did you mean `GET`?"),
    ),
    "an unknown dialect": (
        "models: {m: {match: {host: h.test}, dialect: opnai}}",
        (2, 46, "`opnai` is not a dialect", "did you mean `openai`?"),
    ),
    "an agent named like a run": (
        'agents: {run_1: {authenticate: {secret: "env:A"}}}',
        (2, 10, "`run_1` is not an agent's name", "those of runs"),
    ),
    "thresholds the wrong way round": (
        AGENT + "risk: {approve_above: 3, halt_above: 2}}}",
        (2, 53, "`approve_above` is over `halt_above`", "lower `approve_above`"),
    ),
    "a step that says nothing": (
        "risk: {sequences: [{name: s, when: [{}], escalation: 2}]}",
        (2, 37, "a step that says nothing would be every step", "write `tool`"),
    ),
    "an agent known by nothing": (
        "agents: {a: {authenticate: {}}}",
        (2, 28, "no way to know the agent", "write `secret`, `client_cert` or `source`"),
    ),
    "a network with host bits": (
        "agents: {a: {authenticate: {source: 10.1.2.3/8}}}",
        (2, 37, "`10.1.2.3/8` is not a network", "such as `10.1.0.0/16`"),
    ),
    "a tool pattern with a blank": (
        AGENT + 'grants: [{tool: "a b", scope: "**"}]}}',
        (2, 63, "`a b` is not a pattern", "segments with dots between"),
    ),
    "a system prompt that is neither": (
        AGENT + "system_prompt: pined}}",
        (2, 62, "`pined` is not `pinned`, `free` or a digest", "64 hex digits"),
    ),
    "a token that lives half a second": (
        AGENT + 'grants: [{tool: t, scope: "**", constraints: {expiry: 500ms}}]}}',
        (2, 101, "`500ms` is not a duration", "whole seconds"),
    ),
    "a token without a use": (
        AGENT + 'grants: [{tool: t, scope: "**", constraints: {uses: 0}}]}}',
        (2, 99, "`0` is not a whole number from 1", "from 1"),
    ),
    "a role of two lines": (AGENT + 'role: "a\\nb"}}', (2, 53, "is not a line of text", "one line")),
    "lines of the firewall the wrong way round": (
        "firewall: {flag_at: 0.9, block_at: 0.5}",
        (2, 11, "`flag_at` is over `block_at`", "lower `flag_at`"),
    ),
    "a list where a word belongs": (
        "tools: {t: {match: {host: h.test}, effect: [read]}}",
        (2, 44, "a list where an effect belongs", "`read`, `write`"),
    ),
    "an address with names below it": (
        'sources: [{match: {host: "*.10.0.0.1"}}]',
        (2, 26, "`*.10.0.0.1` is not a host", "no names below it"),
    ),
    "a MCP glob with a star first": (
        'tools: {t.*: {match: {mcp: {host: h.test, tool: "*_x"}}}}',
        (2, 49, "`*_x` is not the name of a tool", "only stand at the end"),
    ),
    "an alias": ("agents: &x {}\ntools: *x", (3, 8, "the alias `*x`", "write the value out")),
    "a tag": ("agents: !!map {}", (2, 9, "the tag `tag:yaml.org,2002:map`", "take it away")),
    "a second document": ("---\nversion: 1", (3, 1, "a second document", "one document per file")),
    "what is no YAML": ("agents: {a: [}", (2, 14, "not YAML", "check the indentation")),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_has_its_place_and_its_mend(case):
    yaml, (line, column, what, mend) = MISTAKES[case]
    file_start = "" if case == "a second document" else yaml

    found = parse({"rules.yaml": b"version: 1\n" + (file_start or yaml).encode()})

    assert isinstance(found, tuple)
    at = [problem for problem in found if what in problem.what]
    assert at, [str(problem) for problem in found]
    if case != "a second document":
        assert (at[0].place.line, at[0].place.column) == (line, column)
    assert mend in at[0].mend
    assert "hunter2" not in str(found)
    assert "swordfish" not in str(found)
