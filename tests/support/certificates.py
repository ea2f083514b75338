"""Certificates made at run time: authorities, what they sign, and everything that may be wrong with it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import itertools
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
_numbers = itertools.count(1)


def general(text: str) -> x509.GeneralName:
    """`text` as the kind of name that its form says."""
    if "://" in text:
        return x509.UniformResourceIdentifier(text)
    if "@" in text:
        return x509.RFC822Name(text)
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


class Certified:
    """A key with its certificate, and the chain up to the authority (without it)."""

    def __init__(self, folder: Path, key: ec.EllipticCurvePrivateKey, chain: list[x509.Certificate]) -> None:
        stem = folder / f"certified-{next(_numbers)}"
        self.key, self.certificate = key, chain[0]
        self.certificate_file, self.key_file = stem.with_suffix(".pem"), stem.with_suffix(".key")
        self.certificate_file.write_bytes(b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain))
        self.key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )

    @property
    def pair(self) -> tuple[str, str]:
        return str(self.certificate_file), str(self.key_file)


class Authority:
    """An authority, perhaps below another one. `file` is its certificate."""

    def __init__(self, folder: Path, name: str, above: Authority | None = None) -> None:
        self._folder, self._above = folder, above
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        signer = above or self
        self.certificate = signer.signed(
            self.name, self.key, x509.BasicConstraints(ca=True, path_length=None), _SIGNS_CERTIFICATES
        )
        self.file = folder / f"{name.replace(' ', '-')}-{next(_numbers)}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def certified(
        self,
        *names: str,
        use: x509.ObjectIdentifier | None = CLIENT,
        begins_days: float = -1,
        ends_days: float = 1,
    ) -> Certified:
        """A certificate with these names, for clients unless `use` says otherwise."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
        extensions: list[x509.ExtensionType] = [x509.BasicConstraints(ca=False, path_length=None)]
        if names:
            extensions.append(x509.SubjectAlternativeName([general(name) for name in names]))
        if use is not None:
            extensions.append(x509.ExtendedKeyUsage([use]))
        certificate = self.signed(subject, key, *extensions, begins_days=begins_days, ends_days=ends_days)
        chain, above = [certificate], self
        while above._above is not None:
            chain.append(above.certificate)
            above = above._above
        return Certified(self._folder, key, chain)

    def revoking(self, *certified: Certified) -> bytes:
        """A revocation list in PEM."""
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.name, last_update=now - dt.timedelta(hours=1), next_update=now + dt.timedelta(days=1)
        )
        for one in certified:
            revoked = x509.RevokedCertificateBuilder(
                serial_number=one.certificate.serial_number, revocation_date=now - dt.timedelta(hours=1)
            )
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *extensions: x509.ExtensionType,
        begins_days: float = -1,
        ends_days: float = 1,
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + dt.timedelta(days=begins_days))
            .not_valid_after(now + dt.timedelta(days=ends_days))
        )
        identified = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        for extension in (*extensions, identified, x509.SubjectKeyIdentifier.from_public_key(key.public_key())):
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())
