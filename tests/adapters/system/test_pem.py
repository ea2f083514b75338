"""Certificates in PEM text."""

from __future__ import annotations

import base64

from aisecops.adapters.system.pem import certificates_in, joined


def block(data, width=64, eol="\n", label="CERTIFICATE"):
    body = base64.b64encode(data).decode()
    lines = [body[at : at + width] for at in range(0, len(body), width)]
    return eol.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def test_certificates_are_found_between_remarks_and_keys():
    text = b"# a remark\n" + block(b"one" * 40) + block(b"secret" * 20, label="PRIVATE KEY") + block(b"two" * 40)

    assert certificates_in(text) == [block(b"one" * 40), block(b"two" * 40)]


def test_the_same_certificate_written_in_two_ways_stands_once():
    both = certificates_in(block(b"one" * 40, width=76, eol="\r\n") + block(b"one" * 40))

    assert joined(both) == block(b"one" * 40)


def test_of_nothing_comes_nothing():
    assert certificates_in(b"") == []
    assert certificates_in(b"-----BEGIN CERTIFICATE-----\n") == []
    assert joined([]) == b""
