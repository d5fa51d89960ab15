"""The machine's own limit: read the form and answer a token, on uvicorn with the parser and the loop that Dragoman has.

As it comes, uvicorn writes a line for each request, as Dragoman does. With `--silent` it writes none.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]

_BODY = b'{"access_token":"' + b"x" * 480 + b'","token_type":"Bearer","expires_in":3600,"scope":"read"}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]


async def application(
    _scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """One exchange."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    dict(parse_qsl(body.decode()))
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})


if __name__ == "__main__":
    told = {"access_log": False, "log_level": "error", "server_header": False} if "--silent" in sys.argv else {}
    uvicorn.run(application, port=int(sys.argv[1]), http="httptools", loop="uvloop", lifespan="off", **told)
