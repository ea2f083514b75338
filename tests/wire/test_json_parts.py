import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.exchange import HttpRequest
from aisecops.wire.limits import read_json
from aisecops.wire.parts import outgoing_parts
from aisecops.wire.resent import Message, Resent

PLAIN = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**13), 10**13), st.floats(allow_nan=False, allow_infinity=False, width=32)
)
LEAVES = st.one_of(PLAIN, st.text(max_size=8), st.sampled_from(["AKIA", "4111", "sk-", "data:image/png;base64,AAAA"]))
NAMES = st.one_of(st.text(max_size=4), st.sampled_from(["role", "content", "text", "9999999999", "phone", "images"]))
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
BODIES = st.fixed_dictionaries({"messages": st.lists(VALUES, max_size=5)}, optional={"9999999999": VALUES})


def parts_of(body: bytes, document=None):
    request = HttpRequest(
        method="POST",
        scheme="https",
        host="m.example",
        port=443,
        path="/v1",
        headers=(("content-type", "application/json"),),
        body=body,
    )
    files = []
    return outgoing_parts(request, body, files=files, document=document), files


@given(BODIES, st.lists(VALUES, max_size=3))
def test_what_was_read_before_gives_the_same_parts_in_the_same_order(body, more):
    resent = Resent()
    for said in (body, body, {**body, "messages": [*body["messages"], *more]}, {"tools": more, **body}):
        data = json.dumps(said).encode()
        document = resent.known(read_json(data, max_bytes=len(data)))
        assert parts_of(data, document) == parts_of(data)


def test_a_name_is_a_part_once_wherever_it_is_met_first():
    resent = Resent()
    for messages in ([{"a": "x"}, {"b": "y"}], [{"b": "y"}, {"a": "x"}], [{"a": "x"}, {"a": "z", "b": "y"}]):
        data = json.dumps({"b": "first", "messages": messages}).encode()
        found, _ = parts_of(data, resent.known(read_json(data, max_bytes=len(data))))
        assert sorted(text for where, text in found if where.startswith("key:")) == ["a", "b", "messages"]


def test_a_message_with_a_file_gives_its_file_each_time():
    resent = Resent()
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()
    source = {"type": "base64", "media_type": "image/png", "data": picture}
    message = {"role": "user", "content": [{"type": "image", "source": source}]}
    data = json.dumps({"messages": [message, message]}).encode()
    for _ in range(2):
        document = resent.known(read_json(data, max_bytes=len(data)))
        assert isinstance(document["messages"][0], Message)
        _, files = parts_of(data, document)
        assert [file.where for file in files] == [
            "body:/messages/0/content/0/source/data",
            "body:/messages/1/content/0/source/data",
        ]
