"""The local certificate authority, which lets the gateway see into TLS, and whom clients and gateway trust.

Knows files and certificates. The authority's files have the names the host program looks for, so that it
takes ours (P-256, quick) and makes none of its own. Single servers' certificates are made by the host.
"""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Iterable, Sequence
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aisecops.adapters.system.certifying import begun, new_key, pair_in, private_pem, usage
from aisecops.adapters.system.files import PRIVATE, PUBLIC, locked, made_folder, write_whole
from aisecops.adapters.system.pem import certificates_in, joined
from aisecops.gateway.ports import Clock
from aisecops.model.errors import ConfigError

NAME = "aisecops gateway CA"
LIFETIME = dt.timedelta(days=3 * 365)
BACKDATED = dt.timedelta(days=1)
"""For clients whose clock is behind."""

_SYSTEM_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")

# ffdhe2048 (RFC 7919 A.1). Laid down because the host would otherwise write it itself, and each worker over the other.
_DH_PARAMETERS = b"""\
-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""


class CertificateAuthority:
    """The authority in `certs/`: `mitmproxy-ca.pem` is key and certificate (0600), `mitmproxy-ca-cert.pem` public."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._own = folder / "mitmproxy-ca.pem"
        self._dh = folder / "mitmproxy-dhparam.pem"
        self.certificate_path = folder / "mitmproxy-ca-cert.pem"

    def create_if_missing(self) -> None:
        """Make the authority once; of several processes that start at once, one does. Complete on return.

        One that is already there is kept, also when it is not ours. Raises ConfigError when it cannot be
        used: open to others, over, not an authority, or of two halves that do not belong together.
        """
        if not self._own.exists() or not self._dh.exists():
            with locked(made_folder(self._folder)):
                if not self._dh.exists():
                    write_whole(self._dh, _DH_PARAMETERS, mode=PUBLIC)
                if not self._own.exists():
                    write_whole(self._own, _new_authority(self._now()), mode=PRIVATE)
        public = self.certificate().public_bytes(serialization.Encoding.PEM)
        _write_changed(self.certificate_path, public)

    def certificate(self) -> x509.Certificate:
        """The authority's certificate, checked; raises ConfigError."""
        mend = f"restore `{self._own}`, or remove it to have a new one made; clients must then trust that one"
        certificate, key = pair_in(self._own, "the certificate authority", mend)
        if key.public_key() != certificate.public_key():
            raise ConfigError(f"key and certificate in `{self._own}` do not belong together", mend)
        if not _is_authority(certificate):
            raise ConfigError(f"the certificate in `{self._own}` is not an authority's", mend)
        if not certificate.not_valid_before_utc <= self._now() < certificate.not_valid_after_utc:
            raise ConfigError(f"the certificate authority `{self._own}` is over, or not valid yet", mend)
        return certificate

    def bundle(self, extra: Sequence[Path] = ()) -> Path:
        """`bundle.pem`, what clients trust: the system's authorities, `extra`, and ours. Written when it changes.

        Whole, because the variables that name it replace a client's own set. Raises ConfigError for an
        `extra` without certificates.
        """
        ours = self.certificate().public_bytes(serialization.Encoding.PEM)
        blocks = [*self._known(extra), *certificates_in(ours)]
        return _write_changed(self._folder / "bundle.pem", joined(blocks))

    def upstream_bundle(self, extra: Sequence[Path] = ()) -> Path:
        """`upstream.pem`, what the gateway trusts: the system's authorities and `extra`, never ours."""
        ours = certificates_in(self.certificate().public_bytes(serialization.Encoding.PEM))
        blocks = [block for block in self._known(extra) if block not in ours]
        return _write_changed(self._folder / "upstream.pem", joined(blocks))

    def _known(self, extra: Iterable[Path]) -> list[bytes]:
        blocks = certificates_in(self._system_file().read_bytes())
        for path in extra:
            blocks += authorities_in(path)
        return blocks

    def _system_file(self) -> Path:
        # SSL_CERT_FILE, which this honours, is our own bundle when we are started from `aisecops env`
        paths = ssl.get_default_verify_paths()
        candidates = [Path(name) for name in (paths.cafile, paths.openssl_cafile, *_SYSTEM_FILES) if name]
        own = self._folder.resolve()
        usable = (path for path in candidates if path.is_file() and not path.resolve().is_relative_to(own))
        return next(usable, Path(certifi.where()))

    def _now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._clock.now_ms() / 1000, dt.UTC)


def _new_authority(now: dt.datetime) -> bytes:
    """Key and self-signed certificate, PEM. It can sign servers and nothing below (path length 0)."""
    key = new_key()
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, NAME), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "aisecops")]
    )
    begins = now - BACKDATED
    certificate = (
        begun(name, name, key, begins=begins, ends=begins + LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage(signs_certificates=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return private_pem(key) + certificate.public_bytes(serialization.Encoding.PEM)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def authorities_in(path: Path) -> list[bytes]:
    """The certificates in a file that the settings name. Raises ConfigError when there are none."""
    mend = "`upstream.ca` must name files with certificates in PEM"
    try:
        content = path.read_bytes()
        x509.load_pem_x509_certificates(content)
    except OSError as error:
        raise ConfigError(f"the extra authority `{path}` cannot be read", mend) from error
    except ValueError as error:
        raise ConfigError(f"the extra authority `{path}` holds no certificate", mend) from error
    return certificates_in(content)


def _write_changed(path: Path, data: bytes) -> Path:
    if not path.exists() or path.read_bytes() != data:
        write_whole(path, data, mode=PUBLIC)
    return path
