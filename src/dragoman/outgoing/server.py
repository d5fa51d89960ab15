"""Another server: one pool of connections, and bounds on everything that it may do to us.

Its answers go to clients or decide log-ins, so nothing is followed, guessed or tried again: no redirect, no proxy or
credentials from the environment, no cookie, no second try. httpx comes with the extra `migration`.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dragoman.core.errors import Fault
from dragoman.dialects.wire import WireResponse

if TYPE_CHECKING:
    import httpx

    from dragoman.dialects.wire import Headers

LONGEST_ANSWER = 2**20
"""Bytes of an answer's body; more is no answer."""
_KEPT_SECONDS = 4.0
"""For how long a connection waits for the next request: less than most servers keep theirs, so none ends under one."""


class NoAnswer(Exception):
    """There is none. The text says why, and holds nothing that was sent or received."""


class TooLong(NoAnswer):
    """There is one, with more bytes than may be."""


class Unsendable(Exception):
    """The request cannot be written as HTTP/1.1; nothing was sent."""


class NotInstalled(Fault):
    """Another server is to be asked, and what asks it is not there."""


class OtherServer:
    """Requests to one server over HTTP/1.1."""

    def __init__(
        self,
        url: str,
        *,
        seconds: float,
        most_at_once: int,
        tls: ssl.SSLContext | None = None,
        longest: int = LONGEST_ANSWER,
    ) -> None:
        """`url` stands before every path; `seconds` bound a whole exchange, `longest` the bytes of an answer's body.

        Without `tls` it has to be whom the system trusts. Raises NotInstalled.
        """
        try:
            import httpx  # noqa: PLC0415 (only whoever migrates pays for it)
        except ImportError as error:
            raise NotInstalled(
                f"{urlsplit(url).hostname} is to be asked (directory.http.url, or the old_server_url of a mount), but "
                f"what asks over HTTP is not installed ({error.name}); install dragoman[migration], or take it out"
            ) from None
        self._httpx = httpx
        self._url = httpx.URL(url.rstrip("/") + "/")
        self._prefix = self._url.raw_path.rstrip(b"/")
        self._seconds = seconds
        self._most_at_once = most_at_once
        self._longest = longest
        self._under_way = 0
        limits = httpx.Limits(
            max_connections=most_at_once, max_keepalive_connections=most_at_once, keepalive_expiry=_KEPT_SECONDS
        )
        self._transport = httpx.AsyncHTTPTransport(
            verify=tls or ssl.create_default_context(),
            http1=True,
            http2=False,
            limits=limits,
            trust_env=False,
            retries=0,
        )

    async def ask(self, method: str, target: bytes, headers: Headers, body: bytes) -> WireResponse:
        """The answer, as it came. `target` is path and query, to be put behind the URL's own path.

        Raises NoAnswer, TooLong, Unsendable.
        """
        if self._under_way >= self._most_at_once:
            raise NoAnswer("as many requests as may be are on their way")
        httpx = self._httpx
        request = httpx.Request(
            method,
            self._url,
            headers=list(headers),
            content=body,
            extensions={"target": self._prefix + target, "timeout": httpx.Timeout(self._seconds).as_dict()},
        )
        self._under_way += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await self._exchange(request)
        except TimeoutError:
            raise NoAnswer(f"no whole answer within {self._seconds:g} s") from None
        except httpx.LocalProtocolError:
            raise Unsendable("not HTTP/1.1") from None
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise NoAnswer(type(error).__name__) from None
        finally:
            self._under_way -= 1

    async def _exchange(self, request: httpx.Request) -> WireResponse:
        response = await self._transport.handle_async_request(request)
        try:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.aiter_raw():  # without any content coding undone
                size += len(chunk)
                if size > self._longest:
                    raise TooLong(f"an answer longer than {self._longest} bytes")
                chunks.append(chunk)
        finally:
            await response.aclose()
        return WireResponse(status=response.status_code, headers=tuple(response.headers.raw), body=b"".join(chunks))

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()
