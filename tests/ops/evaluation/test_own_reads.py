"""Own reads are chosen by what the rules say strangers write, and what the rules trust is not tried."""

from __future__ import annotations

from aisecops.ops.evaluation.own_reads import MOST, read_scenarios, readable
from aisecops.ops.evaluation.scenario import Owns
from support.gateway import rules_of

RULES = """
version: 1
tools:
  pages.get: {match: {host: pages.test, method: GET, path: "/p/*"}, effect: read}
  notes.get: {match: {host: notes.test, method: GET}, effect: memory-read, returns: {tier: hostile}}
  ledger.get: {match: {host: ledger.test, method: GET}, effect: read, returns: {tier: internal}}
  look.*: {match: {mcp: {host: mcp.test, path: /mcp, tool: "look_*"}}, effect: read}
  seek: {match: {mcp: {host: mcp.test, path: /mcp, tool: seek}}, effect: read}
  send: {match: {host: send.test, method: POST}}
sources:
  - {match: {host: "*.news.test"}}
  - {match: {host: "*.news.test", path: "/old/**"}, tier: internal}
"""


def test_each_read_of_strangers_words_and_each_server_is_tried_once():
    assert [one.name for one in read_scenarios(rules_of(RULES))] == [
        "a page of the source *.news.test/** has mail sent",
        "an answer of pages.get has mail sent",
        "an answer of notes.get has mail sent",
        "an answer of look.* has mail sent",
        "an answer of seek has mail sent",
        "the MCP server mcp.test/mcp describes a tool otherwise than before",
    ]


def test_the_agent_that_reads_is_granted_every_read_and_no_write():
    assert readable(rules_of(RULES)) == ("pages.get", "notes.get", "ledger.get", "look.*", "seek")


def test_what_is_read_names_the_stranger_and_is_read_where_it_is_matched():
    first = next(one for one in read_scenarios(rules_of(RULES)) if "pages.get" in one.name).steps[0]

    assert isinstance(first, Owns)
    assert (first.method, first.host, first.path, first.body) == ("GET", "pages.test", "/p/1", b"")
    assert "{attacker}" in first.says


def test_of_many_alike_some_are_tried():
    many = "".join(f"  - {{match: {{host: s{number}.test}}}}\n" for number in range(MOST + 5))

    assert len(list(read_scenarios(rules_of(f"version: 1\nsources:\n{many}")))) == MOST
