from __future__ import annotations

from aisecops.wire.azure import read_call
from support.wire_samples import CHAT_REQUEST, RESPONSES_REQUEST


def test_the_deployment_in_the_path_is_the_model_whatever_the_body_says():
    call = read_call("/openai/deployments/team%2D4o/chat/completions", CHAT_REQUEST)
    assert (call.model, call.dialect) == ("team-4o", "openai")
    without = {name: value for name, value in CHAT_REQUEST.items() if name != "model"}
    assert read_call("/openai/deployments/team-4o/chat/completions", without).model == "team-4o"


def test_elsewhere_the_body_says_it():
    assert read_call("/openai/v1/responses", RESPONSES_REQUEST).model == RESPONSES_REQUEST["model"]


def test_an_index_that_the_provider_reads_from_is_context_that_no_one_here_sees():
    body = CHAT_REQUEST | {"data_sources": [{"type": "azure_search", "parameters": {}}]}
    assert read_call("/openai/deployments/d/chat/completions", body).remembered == ("azure_search",)


def test_another_path_is_no_call():
    assert read_call("/openai/deployments/d/embeddings", {"input": "x"}) is None
