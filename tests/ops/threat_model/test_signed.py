"""A signed worksheet as a file: read back as written, kept with every signature, refused when it is not one."""

from __future__ import annotations

import pytest

from aisecops.model.errors import ConfigError
from aisecops.ops.threat_model.recorded import Recorded
from aisecops.ops.threat_model.signed import Signature, as_markdown, changed, path_of, read_signed, write_signed
from aisecops.ops.threat_model.worksheet import as_text, worksheet
from support.gateway import RULES, rules_of


def sheet(text=RULES):
    rules = rules_of(text)
    agent = rules.agents["clerk"]
    return worksheet(rules, agent, Recorded(agent).parts())


def signature(by="Ann", note="", of=None):
    of = of or sheet()
    return Signature(at="2027-01-31T10:00:00Z", by=by, note=note, digest=of.digest, policy_version=of.policy_version)


def test_what_is_written_is_read_back_with_every_signature(tmp_path):
    path = path_of(tmp_path, "clerk")
    first = signature(note='line\n\n## Signatures\n- {"at": "never"}\u2028"')
    write_signed(path, sheet(), first)
    write_signed(path, sheet(), signature("Bob"))
    signed = read_signed(path)
    assert signed.rules == as_text(sheet().rules)
    assert signed.signatures == (first, signature("Bob"))
    assert signed.last.by == "Bob"
    assert signed.is_intact
    assert path.stat().st_mode & 0o077 == 0


def test_headings_in_the_rules_do_not_end_the_rules_part(tmp_path):
    hostile = sheet(RULES.replace("role: office", 'role: "x ## From the record"'))
    write_signed(path_of(tmp_path, "clerk"), hostile, signature(of=hostile))
    assert read_signed(path_of(tmp_path, "clerk")).rules == as_text(hostile.rules)


def test_a_changed_fact_is_not_what_was_signed(tmp_path):
    path = path_of(tmp_path, "clerk")
    write_signed(path, sheet(), signature())
    path.write_text(path.read_text().replace("max_tool_calls: 50", "max_tool_calls: 5000"))
    assert not read_signed(path).is_intact


def test_nobody_has_signed_what_is_not_there(tmp_path):
    assert read_signed(path_of(tmp_path, "clerk")) is None


@pytest.mark.parametrize("text", ["", "# other", as_markdown(sheet())])
def test_what_is_no_signed_worksheet_is_refused_and_not_written_over(tmp_path, text):
    path = path_of(tmp_path, "clerk")
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ConfigError, match="cannot be read as a signed worksheet"):
        read_signed(path)
    with pytest.raises(ConfigError):
        write_signed(path, sheet(), signature())
    assert path.read_text() == text


def test_each_fact_that_came_or_went_is_told_under_its_heading(tmp_path):
    path = path_of(tmp_path, "clerk")
    write_signed(path, sheet(), signature())
    now = sheet(RULES.replace("max_tool_calls: 50", "max_tool_calls: 60"))
    assert list(changed(read_signed(path), now)) == [
        "no longer: Budget limits: max_tool_calls: 50",
        "now: Budget limits: max_tool_calls: 60",
    ]
    assert list(changed(read_signed(path), sheet())) == []
