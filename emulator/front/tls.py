"""Certificates for the host names that the emulator answers as: an authority kept on disk, a leaf for each host."""

import datetime
import os
import re
import ssl
import threading
import time
from functools import cached_property
from pathlib import Path

import certifi
import trustme
from cryptography import x509

from emulator.identity.private_file import write_private

INTERCEPTED = re.compile(
    r"management\.azure\.com|login\.microsoftonline\.com"
    r"|([a-z0-9-]+\.)+(blob|dfs)\.core\.windows\.net|([a-z0-9-]+\.)+(api\.azureml\.ms|experiments\.azureml\.net)"
    r"|[a-z0-9]{5,50}\.azurecr\.io"
    r"|azuremlschemas(prod)?\.azureedge\.net"
)
"""The only host names the emulator answers as, matched whole and in lower case."""

LEAF_DAYS = 30
RENEW_DAYS = 10
"""A leaf, or the authority, with less than this left is made anew."""
_MOST_HOSTS = 512
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
"""Each is written once: clients load all of them again for every connection."""


class Certificates:
    """The authority under a state folder, and a server context for each host asked for."""

    def __init__(self, state: Path) -> None:
        self.bundle = state / "ca.pem"
        """What clients are to trust: this authority the public ones of certifi, and those this machine trusts."""
        self._authority_file = state / "authority.pem"
        self._key_file = state / "authority-key.pem"
        self._lock = threading.Lock()
        self._contexts: dict[str, tuple[ssl.SSLContext, float]] = {}
        certificate = self._authority.cert_pem.bytes()
        trusted = certificate + Path(certifi.where()).read_bytes() + _trusted_here()
        self.bundle.write_bytes(b"\n".join(dict.fromkeys(_CERTIFICATE.findall(trusted))) + b"\n")

    @cached_property
    def _authority(self) -> trustme.CA:
        if self._authority_file.exists() and self._key_file.exists():
            pem = self._authority_file.read_bytes()
            left = x509.load_pem_x509_certificate(pem).not_valid_after_utc - datetime.datetime.now(datetime.UTC)
            if left > datetime.timedelta(days=RENEW_DAYS):
                return trustme.CA.from_pem(pem, self._key_file.read_bytes())
        authority = trustme.CA(organization_name="Signalbox emulator")
        write_private(self._key_file, authority.private_key_pem.bytes())
        self._authority_file.write_bytes(authority.cert_pem.bytes())
        return authority

    def context(self, host: str) -> ssl.SSLContext:
        """For a server that is `host`; the handshake fails when the client names another one (SNI)."""
        with self._lock:
            known = self._contexts.get(host)
            if known is None or known[1] <= time.time():
                while len(self._contexts) >= _MOST_HOSTS:
                    del self._contexts[next(iter(self._contexts))]
                known = self._contexts[host] = (self._made(host), time.time() + (LEAF_DAYS - RENEW_DAYS) * 86_400)
            return known[0]

    def _made(self, host: str) -> ssl.SSLContext:
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=LEAF_DAYS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._authority.issue_cert(host, not_after=until).configure_cert(context)

        def named(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> int | None:
            return None if name is None or name.lower() == host else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

        context.sni_callback = named
        return context


def _trusted_here() -> bytes:
    """Authorities that this machine's own settings name, such as a company's: clients keep trusting them."""
    files = {os.environ.get(name, "") for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")}
    return b"".join(b"\n" + Path(file).read_bytes() for file in sorted(files) if file and Path(file).is_file())
