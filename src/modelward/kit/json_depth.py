"""How deep a JSON text is nested, found out before anything is made of it: Python's readers give up on deep ones."""

import re

import numpy as np

from modelward.errors import Invalid

MAX_DEPTH = 20

# Possessive, and content with a text that does not end: it takes time in proportion to the body, whatever it holds.
_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_SIGN = np.zeros(256, dtype=np.int8)
_SIGN[[ord("["), ord("{")]] = 1
_SIGN[[ord("]"), ord("}")]] = -1


def check_depth(body: bytes) -> None:
    """Refuse what is not UTF-8 or nested deeper than 20 levels. Whether it is JSON at all is for its reader to say.

    Raises:
        Invalid: it is.
    """
    if b"\0" in body or not _is_text(body):
        raise Invalid("The body is not UTF-8 text: JSON is sent as UTF-8.")
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return
    if depth_of(body) > MAX_DEPTH:
        raise Invalid(f"The body is nested deeper than {MAX_DEPTH} levels: send flatter JSON.")


def depth_of(body: bytes) -> int:
    """The deepest nesting of arrays and objects; brackets within texts do not count."""
    bare = _TEXT.sub(b"", body)
    if not bare:
        return 0
    return int(np.cumsum(_SIGN[np.frombuffer(bare, dtype=np.uint8)], dtype=np.int32).max())


def _is_text(body: bytes) -> bool:
    try:
        return body.isascii() or bool(body.decode())
    except UnicodeDecodeError:
        return False
