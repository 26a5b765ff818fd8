"""Keccak-256 as Ethereum uses it: the hash of before SHA-3 was standardised, which hashlib does not have.

After the Keccak team's reference (FIPS 202 with the padding byte 0x01 instead of 0x06), one block: what is hashed here
are addresses of 40 characters.
"""

from __future__ import annotations

from typing import Final

_WORD: Final = (1 << 64) - 1
_RATE: Final = 136
LONGEST: Final = _RATE - 1
"""Bytes that fit into one block."""


def _round_constants() -> tuple[int, ...]:
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for bit in range(7):
            if register & 1:
                constant |= 1 << ((1 << bit) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _moves() -> tuple[tuple[int, int, int], ...]:
    """Of rho and pi: lane from, lane to, bits to turn by."""
    moves, x, y = [], 1, 0
    for step in range(24):
        to_x, to_y = y, (2 * x + 3 * y) % 5
        moves.append((x + 5 * y, to_x + 5 * to_y, (step + 1) * (step + 2) // 2 % 64))
        x, y = to_x, to_y
    return tuple(moves)


_CONSTANTS: Final = _round_constants()
_MOVES: Final = _moves()


def keccak_256(data: bytes) -> bytes:
    """32 bytes; `data` is no longer than LONGEST."""
    if len(data) > LONGEST:
        raise ValueError("one block only")
    block = bytearray(data + b"\x01" + bytes(_RATE - 1 - len(data)))
    block[-1] |= 0x80
    lanes = [int.from_bytes(block[at : at + 8], "little") for at in range(0, _RATE, 8)] + [0] * 8
    for constant in _CONSTANTS:
        c0, c1, c2, c3, c4 = (lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5))
        mixed = [
            before ^ ((after << 1 | after >> 63) & _WORD)
            for before, after in ((c4, c1), (c0, c2), (c1, c3), (c2, c4), (c3, c0))
        ] * 5
        lanes = [lane ^ mix for lane, mix in zip(lanes, mixed, strict=True)]
        moved = lanes[:]
        for source, target, by in _MOVES:
            lane = lanes[source]
            moved[target] = (lane << by | lane >> (64 - by)) & _WORD
        lanes = []
        for y in (0, 5, 10, 15, 20):
            r0, r1, r2, r3, r4 = moved[y : y + 5]
            lanes += [r0 ^ (~r1 & r2), r1 ^ (~r2 & r3), r2 ^ (~r3 & r4), r3 ^ (~r4 & r0), r4 ^ (~r0 & r1)]
        lanes[0] ^= constant
    return b"".join(lane.to_bytes(8, "little") for lane in lanes[:4])
