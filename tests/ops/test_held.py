from aisecops.ops.held import held_lines, show_held

TOLD = {
    "approval_id": "apr_1", "state": "pending", "expires_at": 1_800_000_000.0, "answered_by": None, "reason": None,
    "asked_by": [
        {"run_id": "run_2", "agent_id": "clerk", "opened_by": "agent:clerk"},
        {"run_id": "run_1", "agent_id": "clerk", "opened_by": "person:otto"},
    ],
    "request": {
        "tool": "mail.send", "effect": "write", "scope": "mail.contacts.ann", "method": "POST", "host": "mail.example",
        "path": "/send", "digest": "sha256:00", "size_bytes": 17, "body": '{"to": "ann"}\x1b[2J', "found": [],
    },
    "risk": {"base": 0.4, "escalation": 1.0, "trust": 2.0, "stress": 1.0, "step": 0.8, "before": 0.3, "total": 1.1,
             "approve_above": 1.0, "halt_above": 2.0},
    "evidence": [
        {"code": "argument_untrusted", "detail": "`to` comes from a page", "rule": "rules.yaml:3"},
        {"code": "provenance", "detail": "argument `to` comes from https://evil.test (prv_1)"},
    ],
    "similar": [
        {"state": "used", "answered_by": "person:abe", "reason": "fine", "same_request": False, "scope": "mail.contacts.bob",
         "outcome": "answered 200", "opened_at": 1_799_990_000.0},
        {"state": "denied", "answered_by": "person:abe", "reason": "", "same_request": True, "scope": "mail.contacts.ann",
         "outcome": None, "opened_at": 1_799_980_000.0},
    ],
}  # fmt: skip


def test_a_person_reads_who_asks_for_what_why_and_what_became_of_the_last_ones():
    assert list(held_lines(TOLD)) == [
        ("apr_1", ""),
        ("state", "pending until 2027-01-15 08:00:00 UTC"),
        ("asked by", "clerk in run_2, opened by agent:clerk"),
        ("", "clerk in run_1, opened by person:otto"),
        ("request", "mail.send (write) on mail.contacts.ann"),
        ("", "POST https://mail.example/send, 17 bytes, sha256:00"),
        ("body", '{"to": "ann"}\x1b[2J'),
        ("why", "argument_untrusted: `to` comes from a page (rules.yaml:3)"),
        ("risk", "0.8 = 0.4 base x 2 trust; 0.3 before, 1.1 with it; asked from 1, halted from 2"),
        ("path", "argument `to` comes from https://evil.test (prv_1)"),
        ("like it", "2027-01-15 05:13:20  used by person:abe: fine, on mail.contacts.bob; answered 200"),
        ("", "2027-01-15 02:26:40  denied by person:abe: no reason given, the same request"),
    ]


def test_what_an_agent_wrote_does_not_reach_the_terminal_as_orders(capsys):
    show_held(TOLD)
    assert "\x1b" not in capsys.readouterr().out


def test_it_begins_with_its_name_and_nothing_else(capsys):
    show_held(TOLD)
    assert capsys.readouterr().out.splitlines()[0] == "apr_1"
