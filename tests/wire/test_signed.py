from __future__ import annotations

import pytest

from aisecops.wire.signed import body_is_signed, query_is_signed
from support.wire_samples import post

SIGNED = "AWS4-HMAC-SHA256 Credential=AK/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00"


@pytest.mark.parametrize(
    ("request_", "signed"),
    [
        (post(b"{}", Authorization=SIGNED), True),
        (post(b"{}", Authorization=SIGNED.replace("HMAC-SHA256", "ECDSA-P256-SHA256")), True),
        (post(b"{}", path="/x?a=b&X-Amz-Signature=00"), True),
        (post(b"{}", Signature_Input='sig1=("content-digest");created=1'), True),
        (post(b"{}", Authorization="Bearer bedrock-api-key-x"), False),
        (post(b"{}", path="/x?a=X-Amz-Signature"), False),
        (post(b"{}"), False),
    ],
)
def test_a_signature_is_seen_where_it_stands(request_, signed):
    assert body_is_signed(request_) is signed


@pytest.mark.parametrize(
    ("request_", "signed"),
    [
        (post(b"", Authorization=SIGNED, path="/x?a=b"), True),
        (post(b"", path="/x?a=b&X-Amz-Signature=00"), True),
        (post(b"", path="/b/o?X-Goog-Signature=00&a=b"), True),
        (post(b"", path="/c/b?sv=2024&sig=00"), True),
        (post(b"", path="/d?Expires=1&Signature=00&Key-Pair-Id=K"), True),
        (post(b"", path="/x?a=b", Authorization='OAuth realm="", oauth_signature="00"'), True),
        (post(b"", path="/x?a=b", Authorization='Hawk id="a", mac="00"'), True),
        (post(b"", path="/x?a=b", X_Request_Signature="00"), True),
        (post(b"", path="/x?a=b", Authorization="OAuth some-token"), False),
        (post(b"", path="/x?a=b&significant=1", Authorization="Bearer x"), False),
    ],
)
def test_a_query_that_may_be_signed_is_taken_for_signed(request_, signed):
    assert query_is_signed(request_) is signed
