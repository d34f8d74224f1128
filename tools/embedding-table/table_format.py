"""The file `static_table.rs` reads. All numbers little-endian, nothing aligned, sections in this order:

    header         64 bytes: magic "M0STATIC", then u32 each: format version (1), dimensions, vocabulary size,
                   hash slots, longest token in bytes, character entries, bytes of replacements, bytes of tokens;
                   then the model's name, padded with NUL to 24 bytes
    vectors        i8[dimensions] per token: direction, in steps of 1/64 (unit length before rounding)
    inverse norms  f32 per token: 1 / length of the rounded vector; 0 for [UNK], which is token 0
    weights        f32 per token: how much it counts in the mean of a text, 0 to 1
    hash slots     u16 each: token id or 0xFFFF; open addressing, next slot on a collision
    token ends     u32 per token: where its text ends in `tokens`
    characters     12 bytes each: u32 first, u32 last, u8 action, u8 length, u16 offset into `replacements`
    replacements   UTF-8
    tokens         UTF-8, one after the other in id order, "##" marking continuations

Vectors are rounded to so few steps because more bits change no ranking and only make the file harder to compress.
"""

import struct

import numpy as np

MAGIC = b"M0STATIC"
FORMAT_VERSION = 1
STEPS = 64
EMPTY = 0xFFFF


def quantise(directions):
    """Unit vectors to i8 steps and the inverse norms of what was rounded; zero vectors stay zero."""
    rounded = np.clip(np.rint(directions * STEPS), -127, 127).astype(np.int8)
    norms = np.sqrt((rounded.astype(np.int64) ** 2).sum(1).astype(np.float64))
    inverse = np.divide(1.0, norms, out=np.zeros_like(norms), where=norms > 0)
    return rounded, inverse.astype(np.float32)


def slot_of(token, mask):
    """FNV-1a over the UTF-8 bytes, spread by a multiplication; the same function stands in `static_table.rs`."""
    state = 0x811C9DC5
    for byte in token:
        state = ((state ^ byte) * 0x01000193) & 0xFFFFFFFF
    return ((state * 0x9E3779B1) & 0xFFFFFFFF) >> 16 & mask


def hash_slots(tokens):
    size = 1 << (2 * len(tokens) - 1).bit_length()
    assert size <= 0x10000 and len(tokens) < EMPTY, "ids and slots are 16 bits"
    slots = np.full(size, EMPTY, "<u2")
    for number, token in enumerate(tokens):
        place = slot_of(token, size - 1)
        while slots[place] != EMPTY:
            place = (place + 1) % size
        slots[place] = number
    return slots


def character_section(entries):
    text, places, packed = b"", {}, []
    for first, last, action, replacement in entries:
        encoded = replacement.encode()
        if encoded not in places:
            places[encoded] = len(text)
            text += encoded
        packed.append(struct.pack("<IIBBH", first, last, action, len(encoded), places[encoded]))
    return b"".join(packed), text


def serialise(model, tokens, directions, weights, character_entries):
    vectors, inverse_norms = quantise(directions)
    texts = [token.encode() for token in tokens]
    slots = hash_slots(texts)
    characters, replacements = character_section(character_entries)
    ends = np.cumsum([len(text) for text in texts]).astype("<u4")
    header = MAGIC + struct.pack(
        "<8I",
        FORMAT_VERSION,
        vectors.shape[1],
        len(texts),
        len(slots),
        max(map(len, texts)),
        len(character_entries),
        len(replacements),
        int(ends[-1]),
    )
    header += model.encode().ljust(24, b"\0")
    assert len(header) == 64
    return b"".join(
        [
            header,
            vectors.tobytes(),
            inverse_norms.astype("<f4").tobytes(),
            weights.astype("<f4").tobytes(),
            slots.tobytes(),
            ends.tobytes(),
            characters,
            replacements,
            b"".join(texts),
        ]
    )
