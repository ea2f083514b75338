"""The question as a remote engine reads it: spec 24's fields, AuthZEN's words, nothing secret."""

from __future__ import annotations

from aisecops.adapters.policies.question import authzen
from support.questions import question


def test_it_carries_the_specifications_fields_and_authzens_words():
    said = authzen(question("clerk", "crm.read", "crm.customers.42", rows=3, cost_micros=550_000))
    assert (said["risk_score"], said["token"]["scope"]) == (1.06, "crm.customers.*")
    assert said["subject"] == said["principal"]
    assert (said["subject"]["type"], said["subject"]["id"]) == ("agent", "clerk")
    assert (said["action"]["name"], said["resource"]["id"]) == ("crm.read", "crm.customers.42")
    assert (said["context"]["rows"], said["context"]["cost"], said["context"]["phase"]) == (3, 0.55, "invoke")


def test_without_a_token_it_says_so():
    assert authzen(question("clerk", "crm.read", "crm.customers.42", token=None))["token"] is None


def test_its_four_members_have_authzens_shape():
    said = authzen(question("clerk", "crm.read", "crm.customers.42"))

    assert said["subject"].keys() == said["resource"].keys() == {"type", "id", "properties"}
    assert said["action"].keys() == {"name", "properties"}
    texts = [said["subject"]["type"], said["subject"]["id"], said["action"]["name"], said["resource"]["type"]]
    assert all(isinstance(one, str) and one for one in (*texts, said["resource"]["id"]))
    assert all(isinstance(said[name].get("properties", {}), dict) for name in ("subject", "action", "resource"))
    assert isinstance(said["context"], dict)
