"""What H.264 says of a picture in front of its pixels: whether it may be copied as it is.

ITU-T H.264 (08/2021), 7.3.2.1.1 (sequence parameter set), 7.3.2.2 (picture parameter set), 7.3.3
(slice header), 8.2.1 (picture order count).
"""
from __future__ import annotations

from typing import NamedTuple

from il_ros.images.h264 import Bits, HEAD, KEY_SLICE, PARAMETERS, SCALED, SLICE, units

PICTURE_PARAMETERS = 8      # nal_unit_type
HARMLESS = (6, 9, 12)       # further information, delimiters, filling
FORWARD = (0, 2, 5, 7)      # slice_type: P and I, which need no later picture


class Order(NamedTuple):
    """How a sequence numbers its pictures.

    Attributes:
        frame_bits: Of frame_num.
        shown_bits: Of pic_order_cnt_lsb; 0 where pictures are shown in the order of the stream.
        pictures: Identifiers of the picture parameters that came with it.
    """

    frame_bits: int
    shown_bits: int
    pictures: frozenset[int]


class Picture(NamedTuple):
    """One picture.

    Attributes:
        key: It needs no other, and brings its parameters along.
        order: Of its sequence.
        shown: Its pic_order_cnt_lsb.
        parameters: The sequence parameter set of a key picture.
    """

    key: bool
    order: Order
    shown: int
    parameters: bytes


def read_picture(data: bytes, order: Order | None) -> Picture | None:
    """Return what is known of a picture; None where it cannot be copied into a file.

    It can be where it is one progressive frame in 4:2:0 of 8 bits, of P and I slices alone, and
    all that it refers to came with its key picture.

    Args:
        data: One picture, Annex B.
        order: Of its sequence; None before its key picture.
    """
    sets, pictures, slices = list[bytes](), set[int](), list[tuple[int, int, bytes]]()
    for kind, _, unit in units(data):
        if kind == PARAMETERS:
            sets.append(unit)
        elif kind == PICTURE_PARAMETERS:
            pictures.add(Bits(unit[:HEAD]).golomb())
        elif kind in (SLICE, KEY_SLICE):
            slices.append((kind, Bits(unit[:HEAD]).golomb(), unit))
        elif kind not in HARMLESS:
            return None
    kinds, firsts = {kind for kind, _, _ in slices}, [first for _, first, _ in slices]
    if len(kinds) != 1 or firsts.count(0) != 1 or firsts[0] != 0:
        return None
    key = kinds == {KEY_SLICE}
    if key != bool(sets) or key != bool(pictures) or len(sets) > 1:
        return None
    if key:
        order = _order(Bits(sets[0]), frozenset(pictures))
    if order is None:
        return None
    shown = [_shown(Bits(unit[:HEAD]), key, order) for _, _, unit in slices]
    return None if None in shown else Picture(key, order, shown[0] or 0, b''.join(sets))


def shown_after(picture: Picture, before: Picture) -> bool:
    """Tell whether a picture is shown after another one of its sequence."""
    if not (bits := picture.order.shown_bits):
        return True
    return 0 < (picture.shown - before.shown) % (1 << bits) < 1 << (bits - 1)


def _order(bits: Bits, pictures: frozenset[int]) -> Order | None:
    """Read a sequence parameter set; None where its pictures cannot be copied."""
    profile = bits.read(8)
    bits.read(16)
    bits.golomb()   # seq_parameter_set_id
    if profile in SCALED:
        plain = bits.golomb() == 1 and bits.golomb() == 0 and bits.golomb() == 0
        if not plain or bits.read(2):   # transform bypass, scaling lists
            return None
    frame_bits = bits.golomb() + 4
    kind = bits.golomb()
    if kind == 1:
        return None
    shown_bits = bits.golomb() + 4 if kind == 0 else 0
    bits.golomb()   # max_num_ref_frames
    gaps = bits.read(1)
    bits.golomb()   # width and height in macroblocks
    bits.golomb()
    progressive = bits.read(1)
    return Order(frame_bits, shown_bits, pictures) if progressive and not gaps else None


def _shown(bits: Bits, key: bool, order: Order) -> int | None:
    """Return the pic_order_cnt_lsb of a slice; None where it needs what may not be there."""
    bits.golomb()   # first_mb_in_slice
    if bits.golomb() not in FORWARD or bits.golomb() not in order.pictures:
        return None
    bits.read(order.frame_bits)
    if key:
        bits.golomb()   # idr_pic_id
    return bits.read(order.shown_bits) if order.shown_bits else 0
