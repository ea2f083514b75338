import pytest

from aisecops.model.certificate import NameKind, name_of, written_name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("agent-7.corp.test", NameKind.DNS),
        ("spiffe://corp.test/agents/seven", NameKind.URI),
        ("seven@corp.test", NameKind.EMAIL),
        ("10.1.2.3", NameKind.IP),
        ("2001:db8::7", NameKind.IP),
    ],
)
def test_the_form_of_a_name_says_its_kind(text, kind):
    assert written_name(text).kind is kind


@pytest.mark.parametrize(
    "text", ["", "*", "*.corp.test", "a b", "a..b", "://x", "a@", "@b", "seven@corp test", "é.test"]
)
def test_what_names_nobody_is_no_name(text):
    assert written_name(text) is None


def test_host_names_are_compared_without_case_and_the_roots_dot():
    assert written_name("Agent.CORP.test.") == written_name("agent.corp.test")


def test_uris_are_compared_with_case():
    assert written_name("spiffe://corp.test/Seven") != written_name("spiffe://corp.test/seven")


def test_an_email_has_case_before_the_at_and_none_after():
    assert written_name("Seven@CORP.test") == written_name("Seven@corp.test")
    assert written_name("Seven@corp.test") != written_name("seven@corp.test")


def test_addresses_are_compared_by_value():
    assert written_name("2001:DB8:0::7") == written_name("2001:db8::7")


def test_names_of_different_kinds_are_never_equal():
    assert name_of(NameKind.DNS, "10.1.2.3") != name_of(NameKind.IP, "10.1.2.3")
    assert name_of(NameKind.URI, "agent.test") is None
