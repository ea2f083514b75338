import orjson

from aisecops.model.ids import DecisionId
from aisecops.model.outcome import Refuse
from aisecops.model.refusals import Code
from aisecops.wire.mcp_problem import mcp_response

REFUSE = Refuse(
    code=Code.TOKEN_MISSING, detail="`x` needs a token", rule="rules.yaml:3", decision_id=DecisionId("dec_1")
)


def test_the_message_says_what_and_by_which_rule_and_the_data_is_the_problem():
    answer = mcp_response(REFUSE, ("a",), batched=False)
    document = orjson.loads(answer.body)
    assert answer.status == 200
    assert dict(answer.headers)["content-type"] == "application/json"
    assert dict(answer.headers)["AISecOps-Decision"] == "dec_1"
    assert document["id"] == "a"
    assert document["error"]["message"].startswith("`x` needs a token (token_missing, rule rules.yaml:3")
    assert document["error"]["data"]["status"] == 401
    assert document["error"]["data"]["code"] == "token_missing"


def test_every_message_of_a_refused_batch_is_answered():
    answer = mcp_response(REFUSE, (1, "b"), batched=True)
    assert [one["id"] for one in orjson.loads(answer.body)] == [1, "b"]
