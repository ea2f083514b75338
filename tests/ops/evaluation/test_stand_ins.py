"""Stand-ins say what they are told to, else something usual; the model says it whatever it is asked."""

from starlette.testclient import TestClient

from aisecops.ops.demo.script import ToolUse, Turn
from aisecops.ops.evaluation.places import host
from aisecops.ops.evaluation.stand_ins import Answer, Slot


def client(slot, role):
    return TestClient(slot.apps()[host(role, slot.number)])


def test_a_slot_has_hosts_of_its_own():
    assert not Slot(0).apps().keys() & Slot(1).apps().keys()


def test_what_is_told_is_said_until_the_slot_is_cleared():
    slot = Slot(0)
    slot.told["help"] = Answer(body=b"a page", type="text/html", status=203)

    answer = client(slot, "help").get("/articles/1")
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (
        203,
        "a page",
        "text/html; charset=utf-8",
    )
    slot.clear()
    assert client(slot, "help").get("/articles/1").text.startswith("Opening hours")


def test_the_model_proposes_what_the_slot_says_to_any_question():
    slot = Slot(0)
    slot.turn = Turn(text="At once.", calls=(ToolUse(name="bash", arguments={"command": "ls"}),))
    body = {"model": "m", "messages": [{"role": "user", "content": "anything"}]}

    answer = client(slot, "model").post("/v1/chat/completions", json=body, headers={"authorization": "x"}).json()

    assert answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "bash"


def test_notes_are_kept_and_customers_come_in_the_number_asked_for():
    slot = Slot(0)
    client(slot, "notes").post("/v1/items", json={"id": "n1", "text": "hello"})

    assert client(slot, "notes").get("/v1/items").json() == {"items": [{"id": "n1", "text": "hello"}]}
    assert len(client(slot, "crm").get("/v1/customers?limit=4000").json()["customers"]) == 4000


def test_the_mcp_server_lists_what_is_described_and_says_what_it_is_told_as_a_result_or_as_it_stands():
    slot = Slot(0)
    slot.described["find_x"] = "Finds."
    listed = client(slot, "tickets").post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).json()
    assert [tool["description"] for tool in listed["result"]["tools"]] == ["Finds."]

    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "find_x"}}
    slot.told["tickets"] = Answer(body=b"two tickets", type="text/plain")
    assert client(slot, "tickets").post("/mcp", json=call).json()["result"]["content"][0]["text"] == "two tickets"
    slot.told["tickets"] = Answer(body=b"data: {}\n\n", type="text/event-stream")
    assert client(slot, "tickets").post("/mcp", json=call).text == "data: {}\n\n"
    slot.clear()
    assert not slot.described


def test_on_a_websocket_each_message_has_the_answer_that_is_told():
    slot = Slot(0)
    with client(slot, "feed").websocket_connect("/feed") as talk:
        talk.send_text("hello")
        assert talk.receive_text() == '{"status": "accepted"}'
        slot.told["feed"] = Answer(body=b"a page", type="text/plain")
        talk.send_text("again")
        assert talk.receive_text() == "a page"
