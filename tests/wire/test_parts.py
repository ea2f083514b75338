"""Everything that leaves is given out as text with its place, or the body is refused."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisecops.model.errors import WireError
from aisecops.model.exchange import HttpRequest
from aisecops.model.refusals import Code
from aisecops.wire import json_parts
from aisecops.wire.files.shelf import File
from aisecops.wire.parts import outgoing_parts
from support.wire_samples import CHAT_REQUEST, post

CARD = "4111111111111111"


def parts(body: bytes | str = b"", content_type: str | None = "application/json", **more: Any) -> dict[str, str]:
    raw = body.encode() if isinstance(body, str) else body
    return dict(outgoing_parts(post(raw, content_type=content_type, **more), raw))


def refused(body: bytes | str, content_type: str | None, **more: Any) -> Code:
    with pytest.raises(WireError) as error:
        parts(body, content_type, **more)
    return error.value.code


def test_path_query_and_headers_are_given_out_decoded() -> None:
    found = parts(
        content_type=None, path="/v1/n%C3%A9%2Fe?q=a%20b+c&q2&q=d", x_note="hello", host="a.example", connection="close"
    )
    assert found["path:1"] == "né/e"
    assert found["query:q"] == "d"
    assert ("query:q", "a b c") in outgoing_parts(post(path="/?q=a%20b+c&q=d"), b"")
    assert found["header:x-note"] == "hello"
    assert not {"header:host", "header:connection"} & set(found)


def test_bytes_that_are_no_utf_8_are_given_out_all_the_same() -> None:
    assert parts(content_type=None, path="/%ff%41")["path:0"] == "ÿA"
    assert parts(content_type=None, x_note="caf\udce9 1")["header:x-note"] == "café 1"
    assert "4" in parts(content_type=None, x_note="\ud800 4")["header:x-note"]


def test_every_string_of_a_json_body_has_its_pointer() -> None:
    body = json.dumps(CHAT_REQUEST).encode()
    found = dict(outgoing_parts(post(body), body, files=[]))
    assert found["body:/messages/0/content"] == "be brief"
    assert found["body:/messages/2/tool_calls/0/function/arguments"] == '{"city":"Oslo"}'
    assert found["body:/messages/1/content/1/image_url/url"] == "https://pictures.example/cat.png"


def test_names_are_given_out_once_and_escaped_in_pointers() -> None:
    pairs = outgoing_parts(post(), b'[{"a":1,"b.c":"x"},{"a":"y"}]')
    assert pairs[1:] == [("key:/0", "a"), ("key:/0", "b.c"), ("body:/0/b.c", "x"), ("body:/1/a", "y")]


@pytest.mark.parametrize(
    "name",
    [CARD, "AKIA" + "IOSFODNN7EXAMPLE12345", "078-05-1120", "a@b.example", "John Smith", "a/b", "{0}", "x" * 49, ""],
)
def test_a_name_that_may_itself_be_the_secret_is_no_place(name: str) -> None:
    found = outgoing_parts(post(content_type=None), json.dumps({"a": "x", name: "y"}).encode())
    assert ("body:/{1}", "y") in found
    assert not name or any(text == name for where, text in found if where == "key:")
    assert not any(CARD in where for where, _ in found)


def test_names_of_queries_and_headers_are_looked_at_too() -> None:
    for sent in (post(path=f"/?{CARD}=1"), post(**{CARD: "x"})):
        found = outgoing_parts(sent, b"")
        assert [where for where, text in found if text == CARD] == ["key:"]
        assert not any(CARD in where for where, _ in found)


def test_the_values_of_a_cookie_are_read_together_too() -> None:
    found = dict(outgoing_parts(post(cookie="a=blue-her; b=on-7741"), b""))
    assert found["header:cookie"] == "a=blue-her; b=on-7741"
    assert found["joined:header:cookie"] == "blue-heron-7741"


def test_a_header_s_name_is_looked_at_however_plain_it_looks() -> None:
    found = outgoing_parts(post(**{"blue-heron-7741": "x", "Accept": "y"}), b"")
    assert ("key:", "blue-heron-7741") in found
    assert ("header:blue-heron-7741", "x") in found
    assert not any(text.lower() == "accept" for _, text in found)  # what everybody sends costs no look


@pytest.mark.parametrize(
    ("number", "shown"),
    [(CARD, CARD), ("-411111111111111", "-411111111111111"), ("0.411111111111111", "0.411111111111111")],
)
def test_long_numbers_are_text_too(number: str, shown: str) -> None:
    assert parts(f'{{"n":{number}}}')["body:/n"] == shown


def test_short_numbers_are_not() -> None:
    assert "body:/n" not in parts('{"n":1700000000,"m":true}')


def test_nine_digits_and_more_are_where_their_name_calls_them_somebody_s() -> None:
    said = parts('{"ssn":219099998,"phones":[2025550143],"phone":20255501,"phone_count":219099998,"ssn_at":1700000000}')
    assert {where: text for where, text in said.items() if where.startswith("body:")} == {
        "body:/ssn": "219099998",
        "body:/phones/0": "2025550143",
    }


@pytest.mark.parametrize("body", ["{", '{"a":1,"a":2}', "", "[NaN]"][:2])
def test_a_body_that_says_json_and_is_none_is_refused(body: str) -> None:
    assert refused(body, "application/json") is Code.UNREADABLE


def test_json_in_another_charset_is_refused() -> None:
    assert refused(b"{}", "application/json; charset=utf-16") is Code.UNREADABLE


def test_every_line_of_json_lines_is_read() -> None:
    assert parts('{"a":"x"}\n\n{"a":"y"}\n', "application/x-ndjson")["body:/2/a"] == "y"


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/octet-stream", "application/x-www-form-urlencoded"]
)
def test_json_under_another_label_is_read_as_json_too(content_type: str | None) -> None:
    assert parts('{"a":"\\u0034111"}', content_type)["body:/a"] == "4111"


@pytest.mark.parametrize(
    "body",
    [
        '{"a":"\\u0034111","a":1}',
        '{"a":NaN,"b":"\\u0034"}',
        '\ufeff{"a":"\\u0034111"}',
        "[" * 70 + "]" * 70,
        "[" * 200_000,
    ],
)
def test_loose_json_under_another_label_is_refused(body: str) -> None:
    assert refused(body, "text/plain") is Code.UNREADABLE


def test_text_that_only_begins_like_json_is_text() -> None:
    assert parts("[see below] hello", "text/plain")["body:"] == "[see below] hello"


def test_forms_are_read_field_by_field() -> None:
    assert parts("q=a+b%21&r=", "application/x-www-form-urlencoded")["form:q"] == "a b!"


def test_uploads_are_read_with_their_names() -> None:
    files = {"doc": ("secret name.txt", b"words", "text/plain"), "data": ("d.json", b'{"a":"x"}', "application/json")}
    request = httpx.Request("POST", "https://a.example", data={"note": "hello"}, files=files)
    found = outgoing_parts(post(content_type=request.headers["content-type"]), request.read())
    assert ("upload:note:", "hello") in found
    assert ("upload:doc", "secret name.txt") in found
    assert ("upload:doc:", "words") in found
    assert ("upload:data:/a", "x") in found


def test_what_stands_beside_the_type_of_an_upload_is_read() -> None:
    body = '--b\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: text/plain; note="some words"\r\n\r\nx\r\n--b--\r\n'
    assert parts(body, "multipart/form-data; boundary=b")["upload:a"] == "some words"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("image/png", b"\x89PNG\r\n\0\0"), (None, b"\xff\xfe"), ("application/octet-stream", b"a\0b"), ("text/plain", b"a\0b"),
     ("text/plain; charset=utf-7", b"+AEE-"), ("text/plain; charset=hex", b"61"), ("multipart/mixed; boundary=b", b"--b--"),
     ("multipart/form-data", b"--b--"), ("text/plain, text/html", b"x"), ("application/grpc", b"\0\0\0\0\1a")],
)  # fmt: skip
def test_what_cannot_be_read_as_text_is_refused(content_type: str | None, body: bytes) -> None:
    assert refused(body, content_type) is Code.UNREADABLE


def test_a_file_of_no_text_inside_an_upload_is_refused() -> None:
    request = httpx.Request("POST", "https://a.example", files={"doc": ("a.png", b"\x89PNG\0", "image/png")})
    assert refused(request.read(), request.headers["content-type"]) is Code.UNREADABLE


def test_text_in_a_wide_charset_is_read_both_ways() -> None:
    body = "4111 wide".encode("utf-16-le")
    texts = [text for _, text in outgoing_parts(post(content_type="text/plain; charset=utf-16le"), body)]
    assert "4111 wide" in texts
    narrow = [text for _, text in outgoing_parts(post(content_type="text/plain; charset=utf-16le"), b"4111 narrow!")]
    assert "4111 narrow!" in narrow


def test_the_number_of_parts_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_parts, "MAX_PARTS", 5)
    assert refused('["a","b","c","d","e","f"]', "application/json") is Code.TOO_LARGE


@given(
    st.binary(max_size=80) | st.sampled_from([b'{"a":', b'["x",1]', b"--b--", b"a=%zz&"]),
    st.sampled_from([None, "application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b",
                     "application/x-ndjson", "text/plain; charset=utf-16", "x"]),
    st.text(max_size=20),
)  # fmt: skip
def test_any_request_gives_parts_or_a_wire_error(body: bytes, content_type: str | None, path: str) -> None:
    with contextlib.suppress(WireError):
        for where, text in outgoing_parts(post(content_type=content_type, path="/" + path), body):
            assert where
            assert text


LEAVES = st.text(alphabet="abc:%", max_size=5) | st.integers(0, 9)


@given(
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    )
)
def test_no_string_of_a_document_is_forgotten(document: Any) -> None:
    def strings(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [text for member in value.values() for text in strings(member)]
        if isinstance(value, list):
            return [text for member in value for text in strings(member)]
        return [value] if isinstance(value, str) and value else []

    body = json.dumps(document).encode()
    found = [
        text for where, text in outgoing_parts(post(content_type="application/json"), body) if where.startswith("body:")
    ]
    assert found == strings(document)


PIXELS = b"\x89PNG\r\n\x1a\n"
PICTURE = "iVBORw0KGgo="
FORM = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\nContent-Type: image/png\r\n\r\n\x89PNG\0\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("body", "kind", "file"),
    [
        (b"\x89PNG\0", "image/png", File(where="body:", data=b"\x89PNG\0", reason="body")),
        (b"\xff\xfe\xfd", "application/octet-stream", File(where="body:", data=b"\xff\xfe\xfd", reason="body")),
        (FORM, "multipart/form-data; boundary=b", File(where="upload:f:", data=b"\x89PNG\0", reason="upload")),
        (
            {"image_url": {"url": f"data:image/png;base64,{PICTURE}"}},
            "application/json",
            File(where="body:/image_url/url", data=PIXELS, reason="media"),
        ),
        (
            [{"type": "base64", "media_type": "image/png", "data": PICTURE}],
            "application/json",
            File(where="body:/0/data", data=PIXELS, reason="media"),
        ),
        (
            {"input_audio": {"data": PICTURE, "format": "wav"}},
            "application/json",
            File(where="body:/input_audio/data", data=PIXELS, reason="media"),
        ),
        (
            {"image": {"format": "png", "source": {"bytes": PICTURE}}},
            "application/json",
            File(where="body:/image/source/bytes", data=PIXELS, reason="media"),
        ),
        (
            {"messages": [{"role": "user", "content": "look", "images": [PICTURE]}]},
            "application/json",
            File(where="body:/messages/0/images/0", data=PIXELS, reason="media"),
        ),
    ],
)
def test_what_is_no_text_is_listed_or_refused(body: Any, kind: str, file: File) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    listed: list[File] = []
    outgoing_parts(post(raw, content_type=kind), raw, files=listed)
    assert listed == [file]
    assert refused(raw, kind) is Code.UNREADABLE


def test_a_file_in_base64_is_a_file_and_no_text() -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes):
        data = b"PK\x03\x04" + bytes(range(200)) * 4
        listed: list[File] = []
        body = json.dumps({"name": "a.zip", "content": encode(data).decode()}).encode()
        found = outgoing_parts(post(body), body, files=listed)
        assert listed == [File(where="body:/content", data=data, reason="upload")]
        assert "body:/content" not in dict(found)


def test_a_file_that_looks_like_text_is_both() -> None:
    listed: list[File] = []
    found = outgoing_parts(post(b"%PDF-1.7 all ASCII", content_type="text/plain"), b"%PDF-1.7 all ASCII", files=listed)
    assert ("body:", "%PDF-1.7 all ASCII") in found
    assert [file.where for file in listed] == ["body:"]


def test_text_that_says_it_is_text_is_no_media() -> None:
    said = {"a": "data:text/plain;base64,aGk=", "b": {"media_type": "text/plain", "data": "hi"}, "c": "data: and more"}
    said |= {"d": {"format": "txt", "source": {"bytes": "aGk="}}, "e": {"images": ["cat.png"]}}
    assert parts(json.dumps(said))["body:/c"] == "data: and more"


@pytest.mark.parametrize(
    ("host", "together"),
    [
        ("4012888888881881.relay.example", "4012888888881881"),
        ("4012.8888.8888.1881.relay.example", "4012888888881881"),
        ("api.eu.relay.example", None),
        ("relay.example", None),
    ],
)
def test_the_labels_below_a_domain_are_read_as_one_however_short_each_is(host, together):
    found = dict(
        outgoing_parts(HttpRequest(method="GET", scheme="https", host=host, port=443, path="/", headers=()), b"")
    )
    assert found.get("joined:host:") == together
