"""Rows out of a damaged SQLite file, page by page, without SQLite: what a salvage reads.

Knows the file format (https://www.sqlite.org/fileformat2.html): leaf pages of tables, their overflow chains, and
the write-ahead log, whose frames count up to the last whole commit. Nothing is believed of the rest: interior
pages, indexes, the schema and the free list are not looked at.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

Value = None | int | float | str
Row = tuple[int, tuple[Value, ...]]
"""The row's number, and its columns."""

MAGIC = b"SQLite format 3\0"
USUAL_PAGE = 4096
TABLE_LEAF = 0x0D
WAL_HEADER, FRAME_HEADER = 32, 24
_WHOLE = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of an integer by its serial type."""


def rows(database: bytes, wal: bytes = b"") -> Iterator[Row]:
    """Every row of every table that can be read, in the order of pages; the columns say whose they are."""
    size = _page_size(database, wal)
    pages = {number + 1: database[at : at + size] for number, at in enumerate(range(0, len(database), size))}
    pages.update(committed(wal, size))
    for number, page in pages.items():
        yield from _leaf(page, 100 if number == 1 else 0, size, pages)


def committed(wal: bytes, size: int) -> dict[int, bytes]:
    """The pages of a write-ahead log up to its last whole commit, the latest of each."""
    if len(wal) < WAL_HEADER or wal[:3] != b"\x37\x7f\x06":
        return {}
    order = ">" if wal[3] & 1 else "<"
    salt, total = wal[16:24], _checksum(wal[:24], (0, 0), order)
    found: dict[int, bytes] = {}
    open_: dict[int, bytes] = {}
    for at in range(WAL_HEADER, len(wal) - FRAME_HEADER - size + 1, FRAME_HEADER + size):
        head, page = wal[at : at + FRAME_HEADER], wal[at + FRAME_HEADER : at + FRAME_HEADER + size]
        total = _checksum(page, _checksum(head[:8], total, order), order)
        number, commit = struct.unpack(">II", head[:8])
        if head[8:16] != salt or struct.unpack(">II", head[16:24]) != total:
            break
        open_[number] = page
        if commit:
            found.update(open_)
            open_.clear()
    return found


def frames(wal: bytes) -> int:
    """Frames a log holds of its present round, whether whole or not; the rest are of rounds before."""
    return len(list(_present(wal)))


def missing(wal: bytes, length: int) -> set[int]:
    """The pages that are neither in a file of so many bytes nor in its log, though the log says they are there."""
    heads = [struct.unpack(">II", wal[at : at + 8]) for at in _present(wal) if at + 8 <= len(wal)]
    count = next((total for _, total in reversed(heads) if total), 0)
    size = int.from_bytes(wal[8:12], "big") or USUAL_PAGE
    return set(range(length // size + 1, count + 1)) - {number for number, _ in heads}


def _present(wal: bytes) -> Iterator[int]:
    """Where the frames of the present round begin."""
    size = int.from_bytes(wal[8:12], "big")
    if len(wal) >= WAL_HEADER and 512 <= size <= 65536:
        starts = range(WAL_HEADER, len(wal), FRAME_HEADER + size)
        yield from (at for at in starts if wal[at + 8 : at + 16] == wal[16:24])


def _page_size(database: bytes, wal: bytes) -> int:
    size = int.from_bytes(database[16:18], "big") if database.startswith(MAGIC) else 0
    if not size and len(wal) >= WAL_HEADER:
        size = int.from_bytes(wal[8:12], "big")
    size = 65536 if size == 1 else size
    return size if 512 <= size <= 65536 and not size & (size - 1) else USUAL_PAGE


def _checksum(content: bytes, start: tuple[int, int], order: str) -> tuple[int, int]:
    one, two = start
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for left, right in zip(words[::2], words[1::2], strict=True):
        one = (one + left + two) & 0xFFFFFFFF
        two = (two + right + one) & 0xFFFFFFFF
    return one, two


def _leaf(page: bytes, start: int, size: int, pages: dict[int, bytes]) -> Iterator[Row]:
    if len(page) < start + 8 or page[start] != TABLE_LEAF:
        return
    count = int.from_bytes(page[start + 3 : start + 5], "big")
    for cell in range(min(count, size // 4)):
        at = int.from_bytes(page[start + 8 + 2 * cell : start + 10 + 2 * cell], "big")
        try:
            found = _cell(page, at, size, pages)
        except (IndexError, ValueError, struct.error, KeyError):
            # A cell cut off or overwritten; its neighbours may be whole.
            continue
        if found is not None:
            yield found


def _cell(page: bytes, at: int, size: int, pages: dict[int, bytes]) -> Row | None:
    length, at = _varint(page, at)
    number, at = _varint(page, at)
    most, least = size - 35, (size - 12) * 32 // 255 - 23
    here = length
    if length > most:
        here = least + (length - least) % (size - 4)
        here = here if here <= most else least
    if length > size * len(pages) or at + here > len(page):
        return None
    payload = page[at : at + here]
    if here < length:
        payload += _chain(int.from_bytes(page[at + here : at + here + 4], "big"), length - here, size, pages)
    return number, tuple(_columns(payload))


def _chain(number: int, length: int, size: int, pages: dict[int, bytes]) -> bytes:
    """The rest of a long payload. Raises KeyError where a page of it is missing."""
    found = b""
    for _ in range(length // (size - 4) + 1):
        if len(found) >= length:
            break
        page = pages[number]
        if len(page) < size:
            raise ValueError
        number = int.from_bytes(page[:4], "big")
        found += page[4:]
    return found[:length]


def _columns(payload: bytes) -> Iterator[Value]:
    """The columns of a record. Raises ValueError for one that is none."""
    end, at = _varint(payload, 0)
    kinds: list[int] = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    at = end
    for kind in kinds:
        length = _WHOLE.get(kind, 8 if kind == 7 else (kind - 12) // 2 if kind >= 12 else 0)
        content = payload[at : at + length]
        if len(content) != length:
            raise ValueError
        yield _value(kind, content)
        at += length


def _value(kind: int, content: bytes) -> Value:
    if kind in _WHOLE:
        return int.from_bytes(content, "big", signed=True)
    if kind == 7:
        return float(struct.unpack(">d", content)[0])
    if kind >= 13 and kind % 2:
        return content.decode("utf-8")
    return {8: 0, 9: 1}.get(kind)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for byte in range(9):
        sign = content[at + byte]
        if byte == 8:
            return (value << 8) | sign, at + 9
        value = (value << 7) | (sign & 0x7F)
        if sign < 0x80:
            return value, at + byte + 1
    raise ValueError
