"""A request's body: unpacked within bounds, mended where JSON is bent, and cut into items."""

import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from modelward.errors import Invalid
from modelward.ingest.reasons import Reason
from modelward.ingest.schemas import ABSENT, Envelope, Item, Rejected
from modelward.ingest.values import whole_of

UNPACKED_BYTES = 50_000_000
"""What a compressed body may unpack to."""

_CODINGS = {b"gzip": "gzip", b"x-gzip": "gzip", b"zstd": "zstd"}
_SHARED = ("project_id", "project", "model_id", "model", "model_name", "endpoint")

_envelope = msgspec.json.Decoder(Envelope)
_item = msgspec.json.Decoder(Item)
_items = msgspec.json.Decoder(list[Item])
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class TooLarge(Invalid):
    """The body, or what it unpacks to, is larger than allowed."""


class UnknownCoding(Invalid):
    """The body is packed, or typed, in a way that is not understood."""


class Cut:
    """The items of a body in their order, those that are none, and whether one was sent by itself."""

    def __init__(self, items: Sequence[Item], *, places: Sequence[int] | None = None, single: bool = False) -> None:
        self.items = items
        self.places = places if places is not None else range(len(items))  # where each item stood in the request
        self.rejected: list[Rejected] = []
        self.single = single


def unpacked(body: bytes, coding: bytes, *, limit: int = UNPACKED_BYTES) -> bytes:
    """The body without its Content-Encoding.

    Raises:
        UnknownCoding: neither gzip nor zstd.
        TooLarge: it unpacks to more than `limit` bytes.
        Invalid: it is damaged.
    """
    if coding in (b"", b"identity"):
        return body
    codec = _CODINGS.get(coding)
    if codec is None:
        raise UnknownCoding("The Content-Encoding is not understood: send the body plain, or packed with gzip or zstd.")
    try:
        plain: bytes = pa.CompressedInputStream(pa.BufferReader(body), codec).read(limit + 1)
    except (OSError, pa.ArrowException) as error:
        raise Invalid(f"The body could not be unpacked as {codec}: send it whole, or without compression.") from error
    if len(plain) > limit:
        raise TooLarge(f"The body unpacks to more than {limit:,} bytes: send fewer events at once.")
    return plain


def cut(body: bytes, *, lines: bool, lists: Sequence[str]) -> Cut:
    """The items of a JSON body: one, a list, a list under one of the names `lists`, or a line each.

    Raises:
        Invalid: it is not JSON, or not of these shapes.
    """
    if not body.isascii():
        _check_text(body)
    if lines:
        return _cut_lines(body)
    try:
        return _cut(body, lists)
    except msgspec.ValidationError:
        raise Invalid("The body must be an object, or a list of objects: send one event or many.") from None
    except (msgspec.DecodeError, RecursionError):
        # NaN and Infinity are no JSON, but what many programs write; all else that is bent stays refused.
        return _cut(mended(body), lists)


def _cut(body: bytes, lists: Sequence[str]) -> Cut:
    if body.lstrip()[:1] == b"[":
        return _cut_list(body)
    envelope = _envelope.decode(body)
    inner = next((raw for name in lists if (raw := getattr(envelope, name)) is not ABSENT), ABSENT)
    if inner is ABSENT:
        return Cut([envelope], single=True)
    found = _cut_list(inner)
    shared = [name for name in _SHARED if getattr(envelope, name) is not ABSENT]
    for item in found.items if shared else ():
        _share(envelope, item, shared)
    return found


def _share(envelope: Envelope, item: Item, names: list[str]) -> None:
    for name in names:
        if getattr(item, name) is ABSENT:
            setattr(item, name, getattr(envelope, name))


def _cut_list(body: bytes | msgspec.Raw) -> Cut:
    try:
        return Cut(_items.decode(body))
    except msgspec.ValidationError:
        return _each(_raws.decode(body))


def _cut_lines(body: bytes) -> Cut:
    try:
        return Cut(_item_lines(body))
    except (msgspec.DecodeError, RecursionError):
        return _each([line for line in body.splitlines() if line.strip()])


def _item_lines(body: bytes) -> list[Item]:
    return _item.decode_lines(body)


def _each(texts: Sequence[bytes | msgspec.Raw]) -> Cut:
    """Each text by itself: those that are no items are named, and do not lose the others."""
    items, places, rejected = [], [], []
    for place, text in enumerate(texts):
        try:
            items.append(_one(text))
            places.append(place)
        except msgspec.ValidationError as error:
            rejected.append(Rejected(place, Reason.MALFORMED.value, f"This is not an event: {error}."))
        except (msgspec.DecodeError, RecursionError, Invalid):
            rejected.append(Rejected(place, Reason.MALFORMED.value, "This is not JSON."))
    found = Cut(items, places=places)
    found.rejected = rejected
    return found


def _one(text: bytes | msgspec.Raw) -> Item:
    try:
        return _item.decode(text)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return _item.decode(mended(bytes(text)))


def mended(body: bytes) -> bytes:
    """The same JSON with null for NaN, and with the texts "Infinity" and "-Infinity" for what has no JSON number.

    Raises:
        Invalid: it is not JSON even so.
    """
    try:
        decoded = json.loads(body, parse_constant=_constant, parse_float=_float, parse_int=_whole)
        return msgspec.json.encode(decoded)
    except (ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        said = f" ({error})" if isinstance(error, json.JSONDecodeError) else ""
        raise Invalid(f"The body is not valid JSON{said}.") from None


def _constant(name: str) -> str | None:
    return None if name == "NaN" else name


def _float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else ("Infinity" if number > 0 else "-Infinity")


def _whole(text: str) -> int | float | str:
    number = whole_of(text)
    return _float(text) if isinstance(number, float) else number


def _check_text(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(f"The body is not UTF-8 text (at byte {error.start}).") from None


def encoded(value: Any) -> bytes:
    """The value as JSON."""
    return msgspec.json.encode(value)
