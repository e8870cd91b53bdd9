"""Asking the identity provider, within bounds: it may be slow, endless, or send us elsewhere."""

import ssl
from collections.abc import Iterator
from functools import cache
from time import monotonic
from typing import Any

import httpx2
from authlib.integrations.httpx_client import OAuth2Client

PATIENCE = 5.0
"""Seconds that the provider may be silent, and that the body of an answer may take."""
LARGEST = 512 * 1024
"""Bytes of an answer."""


class _Bounded(httpx2.SyncByteStream):
    """A body that ends in an error when it is too large or takes too long."""

    def __init__(self, body: httpx2.SyncByteStream) -> None:
        self._body = body
        self._until = monotonic() + PATIENCE

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._body:
            size += len(part)
            if size > LARGEST or monotonic() > self._until:
                raise httpx2.ReadError(f"the answer is longer than {LARGEST} bytes or {PATIENCE:g} seconds")
            yield part

    def close(self) -> None:
        self._body.close()


def _bound(response: httpx2.Response) -> None:
    # We asked for nothing compressed: a small body that becomes a huge one is not what an honest provider sends.
    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.ReadError("the answer is compressed, which was not asked for")
    assert isinstance(response.stream, httpx2.SyncByteStream)
    response.stream = _Bounded(response.stream)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we trust. Reading that takes a tenth of a second, which strangers could ask of us again and again."""
    return httpx2.create_ssl_context()


def client(**known: Any) -> Any:
    """Authlib's client of OAuth 2, to be closed. It goes where it is told and follows nobody elsewhere."""
    return OAuth2Client(
        timeout=PATIENCE,
        follow_redirects=False,
        verify=_trusted(),
        headers={"accept": "application/json", "accept-encoding": "identity"},
        event_hooks={"response": [_bound]},
        **known,
    )


def json_of(response: httpx2.Response) -> dict[str, Any]:
    """The JSON object that was answered.

    Raises:
        httpx2.HTTPError: the answer is an error, or a redirect.
        ValueError: it is not a JSON object.
    """
    response.raise_for_status()
    told = response.json()
    if not isinstance(told, dict):
        raise ValueError("the answer is not a JSON object")  # noqa: TRY004 - as for what is not JSON at all
    return told
