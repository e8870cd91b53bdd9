"""Many columns' summaries as one value of a row, from which one column can be read without unpacking the others.

Layout, little-endian: ``MWP1``, rows (u64), number of columns (u32); per column the lengths of its name and its bytes
(u16, u32), its kind (``n`` or ``c``) and its name; then the summaries' own bytes in that order.
"""

import struct
from collections.abc import Collection, Iterable, Mapping

from modelward.stats import CategoricalSummary, NumericSummary, Profile

Summary = NumericSummary | CategoricalSummary

_MAGIC = b"MWP1"
_HEAD = struct.Struct("<4sQI")
_ENTRY = struct.Struct("<HIc")


def pack(profile: Profile) -> bytes:
    """The profile as bytes."""
    heads: list[bytes] = [_HEAD.pack(_MAGIC, profile.rows, len(profile.columns))]
    bodies: list[bytes] = []
    for name, summary in profile.columns.items():
        body, label = summary.to_bytes(), name.encode()
        heads.append(_ENTRY.pack(len(label), len(body), _letter(summary)) + label)
        bodies.append(body)
    return b"".join(heads + bodies)


def unpack(payload: bytes, columns: Collection[str] | None = None) -> Profile:
    """The profile, or only the named columns of it.

    Raises:
        ValueError: these bytes are not a payload of this version.
    """
    wanted: dict[str, Summary] = {}
    offset = _HEAD.size
    rows, entries, offset = _entries(payload)
    for name, letter, size in entries:
        if columns is None or name in columns:
            wanted[name] = summary_from(letter, payload[offset : offset + size])
        offset += size
    return Profile(rows=rows, columns=wanted)


def pack_summary(summary: Summary) -> bytes:
    """One summary as bytes that say their own kind."""
    return _letter(summary) + summary.to_bytes()


def unpack_summary(payload: bytes) -> Summary:
    """The summary of `pack_summary`."""
    return summary_from(payload[:1], payload[1:])


def summary_from(letter: bytes, body: bytes) -> Summary:
    """A summary from its kind's letter and its bytes."""
    return NumericSummary.from_bytes(body) if letter == b"n" else CategoricalSummary.from_bytes(body)


def merge_payloads(payloads: Iterable[bytes], columns: Collection[str] | None = None) -> Profile:
    """One k-way merge of many payloads; none give an empty profile."""
    return merge_profiles([unpack(payload, columns) for payload in payloads])


def merge_profiles(profiles: Iterable[Profile]) -> Profile:
    """One k-way merge; a single profile is handed back as it is, so that merging it loses nothing."""
    some = [profile for profile in profiles if profile.rows or profile.columns]
    if not some:
        return EMPTY
    return some[0] if len(some) == 1 else Profile.merge(some)


def _letter(summary: Summary) -> bytes:
    return b"n" if isinstance(summary, NumericSummary) else b"c"


def _entries(payload: bytes) -> tuple[int, list[tuple[str, bytes, int]], int]:
    try:
        magic, rows, count = _HEAD.unpack_from(payload)
        if magic != _MAGIC:
            raise ValueError("these bytes are not a profile of this version")
        offset, entries = _HEAD.size, []
        for _ in range(count):
            name_length, size, letter = _ENTRY.unpack_from(payload, offset)
            offset += _ENTRY.size
            entries.append((payload[offset : offset + name_length].decode(), letter, size))
            offset += name_length
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError("these bytes are cut short or damaged") from error
    return rows, entries, offset


def restricted(profile: Profile, keep: Mapping[str, object] | Collection[str]) -> Profile:
    """The profile with only those columns."""
    return Profile(rows=profile.rows, columns={name: entry for name, entry in profile.columns.items() if name in keep})


EMPTY = Profile(rows=0, columns={})
