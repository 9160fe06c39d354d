"""Reads a PNG picture: 8 bits, RGB or RGBA, not interlaced, as browsers write screenshots."""

import struct
import zlib
from collections import Counter

SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Picture:
    """Width, height, and the colour of each pixel."""

    def __init__(self, data):
        assert data[:8] == SIGNATURE, "not a PNG"
        header, body, at = None, b"", 8
        while at < len(data):
            length, kind = struct.unpack(">I4s", data[at : at + 8])
            chunk = data[at + 8 : at + 8 + length]
            (check,) = struct.unpack(">I", data[at + 8 + length : at + 12 + length])
            assert check == zlib.crc32(kind + chunk), f"{kind} is damaged"
            if kind == b"IHDR":
                header = struct.unpack(">IIBBBBB", chunk)
            elif kind == b"IDAT":
                body += chunk
            at += 12 + length
        self.width, self.height, depth, colour, *ways = header
        assert depth == 8 and colour in (2, 6) and ways == [0, 0, 0], f"another kind of PNG: {header}"
        self._size = 3 if colour == 2 else 4
        self._rows = list(self._unfiltered(zlib.decompress(body)))
        assert len(self._rows) == self.height, "the picture is cut off"

    def pixel(self, x, y):
        return tuple(self._rows[y][x * self._size : x * self._size + 3])

    def shades(self):
        """How often each colour is there."""
        data = b"".join(self._rows)
        return Counter(zip(*(data[channel :: self._size] for channel in range(3))))

    def _unfiltered(self, data):
        stride = self.width * self._size
        above = bytes(stride)
        for start in range(0, len(data), stride + 1):
            above = _row(data[start], data[start + 1 : start + 1 + stride], above, self._size)
            yield above


# https://www.w3.org/TR/png-3/#9Filters
def _row(kind, coded, above, size):
    if kind == 0:
        return coded
    if kind == 2:
        return bytes([(value + up) & 0xFF for value, up in zip(coded, above)])
    assert kind in (1, 3, 4), f"there is no filter {kind}"
    row = bytearray(len(coded))
    for channel in range(size):
        left = corner = 0
        values = bytearray()
        for value, up in zip(coded[channel::size], above[channel::size]):
            if kind == 1:
                guess = left
            elif kind == 3:
                guess = (left + up) // 2
            else:
                by_left, by_up, by_corner = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
                guess = left if by_left <= by_up and by_left <= by_corner else up if by_up <= by_corner else corner
            left, corner = (value + guess) & 0xFF, up
            values.append(left)
        row[channel::size] = values
    return bytes(row)
