"""A refusal says the same to everybody, each in the form they look at."""

from __future__ import annotations

import json

import pytest

from aisecops.model.decision import Reason
from aisecops.model.exchange import values
from aisecops.model.ids import ApprovalId, DecisionId, RunId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import REFUSALS, Code
from aisecops.wire.problem import error_document, problem_document, problem_response, sentence
from aisecops.wire.sse import SseReader

REFUSE = Refuse(
    code=Code.SCOPE_VIOLATION,
    detail="`crm.customers.7` is not in the grant; ask for a token that covers it",
    rule="rules/bot.yaml:9",
    decision_id=DecisionId("dec_1"),
    run_id=RunId("run_1"),
)


def document(refuse: Refuse, dialect: str | None = None) -> dict[str, object]:
    return json.loads(problem_document(refuse, dialect=dialect))  # type: ignore[no-any-return]


def test_a_problem_has_the_members_of_the_contract_and_no_empty_ones() -> None:
    assert document(REFUSE) == {
        "type": "urn:aisecops:problem:scope_violation",
        "title": "outside the grant",
        "status": 403,
        "detail": "`crm.customers.7` is not in the grant; ask for a token that covers it",
        "code": "scope_violation",
        "decision_id": "dec_1",
        "run_id": "run_1",
        "rule": "rules/bot.yaml:9",
    }


def test_what_applies_is_there() -> None:
    refuse = Refuse(
        code=Code.HUMAN_APPROVAL_REQUIRED,
        detail="held",
        reasons=(Reason(code=Code.ARGUMENT_UNTRUSTED, detail="from a web page", rule="r"),),
        approval_id=ApprovalId("apr_1"),
        retry_after_s=0,
        findings=({"entity": "SECRET", "where": "body:/a"},),
        request_token={"tool": "crm.read"},
    )
    said = document(refuse)
    assert said["approval_id"] == "apr_1"
    assert said["retry_after"] == 0
    assert said["findings"] == [{"entity": "SECRET", "where": "body:/a"}]
    assert said["request_token"] == {"tool": "crm.read"}
    assert said["reasons"] == [{"code": "argument_untrusted", "detail": "from a web page", "rule": "r"}]
    assert (said["decision_id"], said["run_id"]) == (None, None)


@pytest.mark.parametrize(
    ("dialect", "kind"),
    [("openai", "permission_error"), ("anthropic", "permission_error"), ("azure", "permission_error")],
)
def test_a_model_client_finds_our_sentence_where_it_looks(dialect: str, kind: str) -> None:
    error = document(REFUSE, dialect)["error"]
    assert isinstance(error, dict)
    assert (error["type"], error["code"]) == (kind, "scope_violation")
    assert error["message"] == (
        "`crm.customers.7` is not in the grant; ask for a token that covers it"
        " (scope_violation, rule rules/bot.yaml:9, decision dec_1)"
    )


def test_the_sentence_names_the_approval_to_ask_for() -> None:
    held = Refuse(code=Code.HUMAN_APPROVAL_REQUIRED, detail="", approval_id=ApprovalId("apr_1"))
    error = document(held, "openai")["error"]
    assert isinstance(error, dict)
    assert error["message"] == "a person must approve (human_approval_required, approval apr_1)"


@pytest.mark.parametrize("dialect", ["openai", "anthropic", None])
@pytest.mark.parametrize("code", list(Code))
def test_every_code_has_its_document(code: Code, dialect: str | None) -> None:
    said = document(Refuse(code=code, detail=""), dialect)
    assert (said["type"], said["status"]) == (f"urn:aisecops:problem:{code}", REFUSALS[code].status)


def test_the_answer_carries_the_ids_and_the_risk() -> None:
    refuse = Refuse(
        code=Code.RATE_LIMITED,
        detail="x",
        decision_id=DecisionId("dec_1"),
        run_id=RunId("run_1"),
        retry_after_s=3,
        risk_header="total=1",
    )
    response = problem_response(refuse)
    assert response.status == 429
    assert dict(response.headers) == {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "AISecOps-Decision": "dec_1",
        "AISecOps-Run": "run_1",
        "AISecOps-Risk": "total=1",
        "retry-after": "3",
        "content-length": str(len(response.body)),
    }


@pytest.mark.parametrize("code", list(Code))
def test_only_what_may_pass_later_is_retried(code: Code) -> None:
    told = values(problem_response(Refuse(code=code, detail="")).headers, "x-should-retry")
    may_pass = code in {Code.RATE_LIMITED, Code.POLICY_UNAVAILABLE, Code.STORE_UNAVAILABLE, Code.RECORD_UNAVAILABLE}
    assert told == ([] if may_pass else ["false"])


def test_missing_credentials_are_asked_for() -> None:
    headers = problem_response(Refuse(code=Code.IDENTITY_REQUIRED, detail="")).headers
    assert values(headers, "proxy-authenticate") == ['Basic realm="aisecops"']
    headers = problem_response(Refuse(code=Code.TOKEN_EXPIRED, detail="")).headers
    assert values(headers, "www-authenticate") == ['AISecOps-Capability realm="aisecops", error="token_expired"']


def test_gemini_is_told_as_google_tells() -> None:
    said = json.loads(problem_document(REFUSE, dialect="gemini"))["error"]
    assert (said["code"], said["status"], said["message"]) == (403, "PERMISSION_DENIED", sentence(REFUSE))
    assert said["details"][0]["reason"] == "SCOPE_VIOLATION"
    assert error_document(REFUSE, "gemini") == {"error": said}


def test_aws_is_told_where_its_libraries_look() -> None:
    response = problem_response(REFUSE, dialect="bedrock")
    assert json.loads(response.body)["message"] == sentence(REFUSE)
    assert values(response.headers, "x-amzn-errortype") == ["AccessDeniedException"]
    assert error_document(REFUSE, "bedrock") == {"message": sentence(REFUSE)}


def test_ollama_is_told_in_one_sentence() -> None:
    said = json.loads(problem_document(REFUSE, dialect="ollama"))["error"]
    assert said == error_document(REFUSE, "ollama")["error"] == sentence(REFUSE)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_a_stream_ends_with_one_error_event(dialect: str) -> None:
    [event] = SseReader().feed(SseReader().closing(error_document(REFUSE, dialect), begun=True))
    said = json.loads(event.data or "")
    assert (event.event, said["type"], said["error"]["type"]) == ("error", "error", "permission_error")
    assert said["error"]["message"] == said["message"]
    assert (said["decision_id"], said["run_id"], said["code"]) == ("dec_1", "run_1", "scope_violation")


def test_a_websocket_for_what_may_be_posted_is_answered_so_that_clients_post_it() -> None:
    refuse = Refuse(code=Code.PROTOCOL_DENIED, detail="a WebSocket must be asked for", posted_too=True)
    answer = problem_response(refuse, dialect="openai")
    assert (answer.status, json.loads(answer.body)["status"]) == (426, 426)
    assert values(answer.headers, "upgrade") == ["HTTP/1.1"]
    assert values(answer.headers, "connection") == ["upgrade"]
