"""What a person is shown of a held step, and what is never shown."""

from __future__ import annotations

import orjson
import pytest

from aisecops.gateway.people.question import MAX_READ, content_of, content_of_call, shown_origins
from aisecops.gateway.step.judge import Judged
from aisecops.model.envelope import ArgumentSource, Descent, ProposalLink, TracedArgument
from aisecops.model.finding import Finding, FindingAction, JudgedFinding
from aisecops.model.provenance import Span
from support.asking import request

CARD = "4111111111111111"


def judged(*findings):
    made = tuple(JudgedFinding(finding=finding, action=action) for finding, action in findings)
    return Judged(decision=None, tree=None, findings=made)  # type: ignore[arg-type]


def found(where, text, part, entity="CREDIT_CARD"):
    return Finding(
        entity=entity,
        where=where,
        span=Span(start=text.index(part), end=text.index(part) + len(part)),
        confidence=1.0,
        fingerprint="f",
    )


def asked(text, path="/send"):
    return request("POST", f"https://mail.example{path}", body={"to": "ann@corp.test", "text": text})


def content(asked, *findings):
    return content_of(asked, asked.body, judged(*findings))


def test_the_words_of_the_request_are_shown_as_they_will_leave():
    text = f"card {CARD}"
    shown = content(asked(text), (found("body:/text", text, CARD), FindingAction.MASK))
    assert orjson.loads(shown.body) == {"to": "ann@corp.test", "text": "card <CREDIT_CARD>"}
    assert shown.found == ("CREDIT_CARD in body:/text",)


def test_whom_it_goes_to_is_shown_although_it_is_personal():
    shown = content(
        asked("hi"), (found("body:/to", "ann@corp.test", "ann@corp.test", "EMAIL_ADDRESS"), FindingAction.COUNT)
    )
    assert "ann@corp.test" in shown.body
    assert shown.found == ()


def test_a_secret_is_never_shown_whatever_the_rules_let_pass():
    text = "key AKIAIOSFODNN7EXAMPLE"
    secret = found("body:/text", text, "AKIAIOSFODNN7EXAMPLE", "AWS_KEY")
    assert "AKIA" not in content(asked(text), (secret, FindingAction.COUNT)).body


@pytest.mark.parametrize(("where", "path"), [("query:q", "/send"), ("path:", "")])
def test_what_stands_in_the_target_hides_that_part_of_it(where, path):
    one = found(where, CARD, CARD)
    assert content(asked("hi", f"/send?q={CARD}"), (one, FindingAction.HOLD)).path == path


def test_a_body_in_which_a_finding_has_no_place_is_not_shown():
    lost = Finding(entity="CREDIT_CARD", where="body:/none", span=Span(start=0, end=4), confidence=1.0, fingerprint="f")
    assert content(asked("hi"), (lost, FindingAction.HOLD)).body is None


@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b"x" * (MAX_READ + 1)])
def test_what_is_no_text_or_too_long_is_told_by_its_size_alone(body):
    shown = content_of(request("POST", "https://mail.example/send", body=body), body, judged())
    assert (shown.body, shown.size_bytes) == (None, len(body))


def test_the_secrets_of_a_proposed_call_are_cut_out_of_its_arguments():
    text = '{"command": "curl -u AKIAIOSFODNN7EXAMPLE:x"}'
    shown = content_of_call(text, [found("", text, "AKIAIOSFODNN7EXAMPLE", "AWS_KEY")])
    assert shown.body == '{"command": "curl -u <AWS_KEY>:x"}'
    assert shown.found == ("AWS_KEY in the arguments",)


def test_the_path_of_an_untrusted_value_is_told_from_its_source_through_the_model_to_the_argument():
    descent = Descent(
        arguments=(
            TracedArgument(name="to", source=ArgumentSource.UNTRUSTED, origin_id="prv_1", origin="https://evil.test"),
            TracedArgument(name="text", source=ArgumentSource.TRUSTED),
            TracedArgument(name="id", source=ArgumentSource.TRUSTED, echoes=True, origin="https://mail.test"),
        ),
        proposal=ProposalLink(found=True, name="send_email", decision_id="dec_7", differs=("text",)),
    )
    told = [one["detail"] for one in shown_origins(descent)]
    assert told == [
        "argument `to` comes from https://evil.test (prv_1)",
        "argument `id` is a trusted field's alone, and is named too by https://mail.test",
        "a model proposed it as `send_email` in answer to dec_7",
    ]
    assert shown_origins(None) == []
