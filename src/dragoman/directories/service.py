"""A service of the operator's that is asked over HTTP; docs/accounts-elsewhere.md is its contract."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec

from dragoman.core.ports.directory import NotVerified, Verified
from dragoman.core.value import value
from dragoman.directories.owner import read_owner
from dragoman.elsewhere.faults import Away, Useless
from dragoman.outgoing.answers import headers_of
from dragoman.outgoing.server import NoAnswer, OtherServer, TooLong, Unsendable

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from dragoman.core.model import ResourceOwner
    from dragoman.core.ports import Attempt
    from dragoman.core.ports.directory import Terms
    from dragoman.core.secret import Secret
    from dragoman.dialects.wire import Headers, WireResponse
    from dragoman.elsewhere.guard import Guard

Told = TypeVar("Told", "VerifyAnswer", "FindAnswer")

_LONGEST_ANSWER = 65536
_JSON = "application/json"
_OK = 200


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account in an answer."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    username: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    authorities: tuple[str, ...] = ()
    enabled: bool = True
    locked: bool = False
    expired: bool = False
    password_expired: bool = False


class VerifyAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is answered to `verify`."""

    result: Literal["verified", "not_verified"]
    account: Account | None = None


class FindAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is answered to `find`."""

    result: Literal["found", "not_found"]
    account: Account | None = None


@value
class Place:
    """Where the service is, and what shows who asks."""

    url: str
    bearer: Secret | None
    signing_key: Secret | None
    tls: ssl.SSLContext
    seconds: float
    connections: int


class HttpDirectory:
    """The directory. The service does its own checking; what it costs for an unknown name is its own affair."""

    def __init__(self, terms: Terms, asking: Asking, guard: Guard) -> None:
        self._terms = terms
        self._asking = asking
        self._guard = guard

    @property
    def terms(self) -> Terms:
        """What holds for all its accounts."""
        return self._terms

    async def verify(self, login: str, sent: Secret, _attempt: Attempt) -> Verified | NotVerified:
        """Whose password this is. Refuses `temporarily_unavailable`."""
        question = {"question": "verify", "login": login, "password": sent.reveal()}
        answer = await self._guard.ask(lambda: self._asking.ask(question, VerifyAnswer))
        if answer is None:
            return NotVerified(why="unknown user or wrong password")
        return Verified(owner=answer)

    async def find(self, owner_id: str) -> ResourceOwner | None:
        """The account as it stands. Refuses `temporarily_unavailable`."""

        async def question() -> ResourceOwner | None:
            found = await self._asking.ask({"question": "find", "id": owner_id}, FindAnswer)
            if found is not None and found.id != owner_id:
                raise Useless("it answers with another account than it was asked for")
            return found

        return await self._guard.ask(question)


class Asking:
    """One question after another, each a POST of its own: nothing of one person's answer is in the next one's."""

    def __init__(self, place: Place, now: Callable[[], int]) -> None:
        """`now` gives epoch seconds. Raises NotInstalled."""
        self._place = place
        self._now = now
        origin, self._target = _parts(place.url)
        self._server = OtherServer(
            origin, seconds=place.seconds, most_at_once=place.connections, tls=place.tls, longest=_LONGEST_ANSWER
        )

    async def ask(self, question: Mapping[str, str], kind: type[Told]) -> ResourceOwner | None:
        """The account of the answer, if there is one. Raises Away, Useless."""
        body = msgspec.json.encode(question)
        try:
            response = await self._server.ask("POST", self._target, self._headers(body), body)
            _check_head(response)
            answer = msgspec.json.decode(response.body, type=kind)
        except TooLong as endless:
            raise Useless(str(endless)) from None
        except NoAnswer as away:
            raise Away(f"it cannot be reached: {away}") from None
        except Unsendable:
            raise Useless("the question cannot be written as HTTP/1.1") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise Useless("its answer is not what the contract says") from None
        return _account_of(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._server.close()

    def _headers(self, body: bytes) -> Headers:
        headers = {
            "Content-Type": _JSON, "Accept": _JSON, "Accept-Encoding": "identity", "User-Agent": "dragoman",
        }  # fmt: skip
        if self._place.bearer is not None:
            headers["Authorization"] = f"Bearer {self._place.bearer.reveal()}"
        if self._place.signing_key is not None:
            headers["Dragoman-Signature"] = _signature(self._place.signing_key, self._now(), body)
        return tuple((name.encode(), text.encode()) for name, text in headers.items())


def _parts(url: str) -> tuple[str, bytes]:
    """The server, and what of the URL is asked of it."""
    parts = urlsplit(url)
    path = parts.path or "/"
    return f"{parts.scheme}://{parts.netloc}", (f"{path}?{parts.query}" if parts.query else path).encode()


def _signature(key: Secret, now: int, body: bytes) -> str:
    """What shows who asked what and when: the time, and the HMAC-SHA-256 over time, full stop and body."""
    code = hmac.digest(key.reveal().encode(), b"%d." % now + body, "sha256")
    return f"t={now},v1={code.hex()}"


def _check_head(response: WireResponse) -> None:
    """Anything but a plain answer is none: a redirect would carry the password to who knows where."""
    if response.status != _OK:
        raise Useless(f"it answers with the status {response.status}")
    headers = headers_of(response)
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise Useless("its answer is not JSON")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Useless("its answer is compressed")


def _account_of(answer: VerifyAnswer | FindAnswer) -> ResourceOwner | None:
    """Raises Useless where the result and the account contradict each other."""
    positive = answer.result in {"verified", "found"}
    if positive != (answer.account is not None):
        raise Useless("its answer contradicts itself")
    if answer.account is None:
        return None
    cells: dict[str, Any] = msgspec.structs.asdict(answer.account)
    return read_owner(cells)
