import pytest

from aisecops.controls.egress.special_names import is_inside_name


@pytest.mark.parametrize(
    "host",
    ["localhost", "intranet", "a.localhost", "printer.local", "metadata.google.internal", "crm.internal", "x.home.arpa",
     "db.corp", "router.lan", "Hidden.ONION", "1.0.0.127.in-addr.arpa"],
)  # fmt: skip
def test_a_name_of_the_inside_is_known_by_its_form(host):
    assert is_inside_name(host)


@pytest.mark.parametrize("host", ["api.openai.com", "internal.example.org", "local.dev", "corp.co.uk"])
def test_a_public_name_is_not(host):
    assert not is_inside_name(host)
