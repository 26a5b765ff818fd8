"""Private keys in the forms that files have.

Rules: a key that is cut off is a key all the same; one whose lines were joined by escapes is, too.
Public keys and certificates are none.
"""

from __future__ import annotations

import re
from typing import Final

from services.classifier.analysis.credentials.rule import Rule

_KIND: Final = "PRIVATE_KEY"

RULES: Final = (
    Rule(
        _KIND, "pem_private_key",
        re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[\s\S]){0,20000}"
                   r"(?:-----END [A-Z0-9 ]{0,40}-----)?"),
        ("private key",), score=1.0, source="RFC 7468; RFC 9580 (OpenPGP); OpenSSH PROTOCOL.key",
    ),
    Rule(
        _KIND, "ssh2_private_key",
        re.compile(r"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----(?:(?!---- )[\s\S])"
                   r"{0,20000}(?:---- END [A-Z0-9 ]{0,40} ----)?"),
        ("ssh2 encrypted private key",), score=1.0, source="SSH Communications: private key format",
    ),
    Rule(_KIND, "putty_private_key", re.compile(r"PuTTY-User-Key-File-\d: [\s\S]{0,20000}"), ("putty-user-key",),
         score=1.0,
         source="PuTTY: PPK file format"),
    Rule(
        _KIND, "base64_private_key",
        re.compile(r"(?<![A-Za-z0-9+/])LS0tLS1CRUdJTi[A-Za-z0-9+/]{0,48}?(?:UFJJVkFURSBLRV|QUklWQVRFIEtFW|"
                   r"BSSVZBVEUgS0VZ)"
                   r"[A-Za-z0-9+/\s]{0,20000}={0,2}"),
        ("ls0tls1crudjti",), score=1.0, source="RFC 7468 in base64, as kubeconfig and Secrets hold it",
    ),
    Rule(
        _KIND, "json_web_key",
        re.compile(r"[\"']?kty\\{0,3}[\"']\s{0,3}:[^{}]{0,2000}?[\"'](?:d|k)"
                   r"\\{0,3}[\"']\s{0,3}:\s{0,3}\\{0,3}[\"']([A-Za-z0-9_-]{16,1000})"),
        ("kty",), source="RFC 7517, RFC 7518",
    ),
    Rule(
        _KIND, "xml_private_key", re.compile(r"<RSAKeyValue>(?:(?!</RSAKeyValue>)[\s\S])"
                                             r"{0,4000}?<D>([A-Za-z0-9+/=\s]{40,2000})</D>"),
        ("rsakeyvalue",), source="W3C XML Signature: RSAKeyValue, as .NET writes private keys",
    ),
)  # fmt: skip
