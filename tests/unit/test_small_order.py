"""Public keys that are no keys: points of small order, derived from the curve, refused wherever a key is read."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from placet.catalogue import Role
from placet.checkpoint import CheckpointError, VerifierKey
from placet.errors import DecodeError
from placet.keys import PublicJwk, Signer, encode_base64url, is_small_order
from placet.trust import Service, Trust, TrustedKey
from tests.factories import NOW, World, trusted

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def plus(one: Point, other: Point) -> Point:
    """RFC 8032 §5.1.4, in affine coordinates."""
    (x1, y1), (x2, y2) = one, other
    k = D * x1 * x2 * y1 * y2
    return (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P


def x_of(y: int) -> int | None:
    """RFC 8032 §5.1.3: an x for this y, or None where there is none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    root = root if root * root % P == square else root * pow(2, (P - 1) // 4, P) % P
    return root if root * root % P == square else None


def times_eight(y: int) -> Point | None:
    x = x_of(y % P)
    if x is None:
        return None
    point = (x, y % P)
    for _ in range(3):
        point = plus(point, point)
    return point


# The smaller y of a point of order 8; that it is one, the first test shows.
EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
YS = (0, 1, P - 1, EIGHTH, P - EIGHTH, P, P + 1)
SPELLINGS = [(y | sign << 255).to_bytes(32, "little") for y in YS for sign in (0, 1)]


def test_the_table_is_every_spelling_of_the_points_whose_eightfold_is_neutral() -> None:
    assert len(set(SPELLINGS)) == 8 + 6
    assert [times_eight(y) for y in YS] == [NEUTRAL] * len(YS)
    points = {(x, y % P) for y in YS for x in (x_of(y % P), -(x_of(y % P) or 0) % P)}
    assert len(points) == 8, "the whole group of order 8"
    assert all(is_small_order(raw) for raw in SPELLINGS)


def test_other_keys_are_not_of_small_order() -> None:
    assert times_eight(4 * pow(5, -1, P)) != NEUTRAL  # the base point
    assert not is_small_order((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
    assert not any(is_small_order(Signer.generate("/x").public.raw) for _ in range(100))


def test_under_the_neutral_point_anything_is_signed() -> None:
    neutral = (1).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), b"whatever")  # and nobody signed it


@pytest.mark.parametrize("raw", SPELLINGS, ids=bytes.hex)
def test_such_a_key_is_refused(raw: bytes) -> None:
    jwk = PublicJwk(kty="OKP", crv="Ed25519", x=encode_base64url(raw))
    with pytest.raises(DecodeError, match="small order"):
        _ = jwk.key
    with pytest.raises(CheckpointError, match="small order"):
        VerifierKey("placet.test/ledger", raw)


def test_no_trust_file_enrols_one() -> None:
    world = World()
    key: TrustedKey = trusted(world.services[Role.LEDGER], NOW)
    nobody = PublicJwk(kty="OKP", crv="Ed25519", x=encode_base64url((1).to_bytes(32, "little")))
    services = {**world.document().services, Role.LEDGER: Service(keys=(key.model_copy(update={"jwk": nobody}),))}
    with pytest.raises(DecodeError, match="small order"):
        Trust.verify(world.trust_file(services=services), world.root.public)
