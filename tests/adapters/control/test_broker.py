import http.server
import json
import threading

import pytest

from aisecops.adapters.control.broker import ControlPlaneBroker
from aisecops.gateway.ports import Refused
from aisecops.model.errors import PolicyError


@pytest.fixture
def control():
    """A control plane that answers what it is told to, and keeps what it was asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        answer = (201, {"token": "a.b.c"})
        asked = []

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            type(self).asked.append((self.path, self.headers["authorization"], json.loads(body)))
            status, said = self.answer
            data = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.handler = Handler
    yield server
    server.shutdown()
    server.server_close()


def broker_of(control):
    return ControlPlaneBroker(f"http://127.0.0.1:{control.server_port}", secret="s")


async def test_a_token_is_asked_for_in_the_agents_name(control):
    broker = broker_of(control)
    assert await broker.token("clerk", "run_1", "crm.read", "crm.customers.1") == "a.b.c"
    asked = {"agent_id": "clerk", "run_id": "run_1", "tool": "crm.read", "scope": "crm.customers.1"}
    assert control.handler.asked[-1] == ("/v1/tokens", "Bearer s", asked)
    await broker.close()


async def test_a_no_is_handed_on_with_its_code(control):
    control.handler.answer = (403, {"code": "policy_denied", "detail": "no grant"})
    broker = broker_of(control)
    with pytest.raises(Refused, match="no grant") as refused:
        await broker.token("clerk", "run_1", "crm.read", "x")
    assert refused.value.code == "policy_denied"
    await broker.close()


@pytest.mark.parametrize(
    "answer", [(500, {}), (503, {"code": "internal"}), (201, {}), (201, b"no json"), (200, {"token": "t"}), (302, {})]
)
async def test_anything_else_is_no_token(control, answer):
    control.handler.answer = answer
    broker = broker_of(control)
    with pytest.raises(PolicyError):
        await broker.token("clerk", "run_1", "crm.read", "x")
    await broker.close()


async def test_a_control_plane_that_is_down_is_no_token():
    broker = ControlPlaneBroker("http://127.0.0.1:1", secret="s")
    with pytest.raises(PolicyError):
        await broker.token("clerk", "run_1", "crm.read", "x")
    await broker.close()
