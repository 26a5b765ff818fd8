"""The errors of the library.

PlacetError
├── ContractError        a message, file or argument that breaks the contract; carries a closed `code`
│   ├── DecodeError      bytes that are not a well-formed message of their type
│   └── VerificationError  a message, grant, file or proof that is not what it claims to be
└── (outcomes and clients: see placet.gate, placet.executor)

Rules: parsers and verifiers raise only these; no sentence quotes a value of the message.
"""

from __future__ import annotations


class PlacetError(Exception):
    """Base of everything this library raises on purpose."""


class ContractError(PlacetError):
    """Something breaks the contract.

    `code` is a stable identifier for machines (`duplicate_key`, `bad_signature`, …); the text is for people and
    names places, never values.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence


class DecodeError(ContractError):
    """Bytes that are not a well-formed message of their type."""


class VerificationError(ContractError):
    """A message, grant, trust file or proof that is not what it claims to be."""
