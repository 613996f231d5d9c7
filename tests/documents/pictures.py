"""A picture of a page as a reader of codes takes it: PNG, unpacked to grey points, by the standard alone."""

from __future__ import annotations

import struct
import zlib

import zxingcpp

GREYS = {0: 1, 2: 3, 6: 4}


def codes(png: bytes) -> list[str]:
    """The text of every code that the reader finds in a picture."""
    return [one.text for one in zxingcpp.read_barcodes(grey(png))]


def grey(png: bytes) -> memoryview:
    """The points of a PNG of eight bits a channel, row by row, as one grey each."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert png[:8] == b"\x89PNG\r\n\x1a\n" and depth == 8 and kind in GREYS
    step = GREYS[kind]
    packed, place = b"", 8
    while place < len(png):
        (size,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            packed += png[place + 8 : place + 8 + size]
        place += 12 + size
    rows, before, wide = [], bytes(width * step), width * step + 1
    data = zlib.decompress(packed)
    for number in range(height):
        before = _unfiltered(data[number * wide : (number + 1) * wide], before, step)
        rows.append(before[0::step] if step == 1 else bytes(sum(one) // 3 for one in _colours(before, step)))
    return memoryview(b"".join(rows)).cast("B", (height, width))


def _colours(row: bytes, step: int) -> zip[tuple[int, int, int]]:
    return zip(row[0::step], row[1::step], row[2::step], strict=True)


def _unfiltered(line: bytes, above: bytes, step: int) -> bytes:
    """A row of points without the filter that its first byte names."""
    kind, row = line[0], bytearray(line[1:])
    for place in range(len(row)) if kind else ():
        left = row[place - step] if place >= step else 0
        corner = above[place - step] if place >= step else 0
        up = above[place]
        added = (0, left, up, (left + up) // 2, _nearest(left, up, corner))
        row[place] = (row[place] + added[kind]) & 0xFF
    return bytes(row)


def _nearest(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))
