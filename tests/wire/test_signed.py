from __future__ import annotations

import pytest

from aisecops.wire.signed import body_is_signed
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
