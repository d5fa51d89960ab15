"""A service of the operator's that is asked over HTTP; docs/accounts-elsewhere.md is its contract."""

from __future__ import annotations

import hmac
import ssl
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from dragoman.core.directory import NotVerified, Verified
from dragoman.core.value import value
from dragoman.directories.faults import Away, DirectoryFault, Useless
from dragoman.directories.owner import read_owner

try:
    import httpx
except ImportError as error:
    raise DirectoryFault(
        f"directory.http.url is set, but what asks over HTTP is not installed ({error.name}); "
        "install dragoman[migration]"
    ) from None

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dragoman.core.directory import Terms
    from dragoman.core.model import ResourceOwner
    from dragoman.core.ports import Attempt
    from dragoman.core.secret import Secret
    from dragoman.directories.guard import Guard

Told = TypeVar("Told", "VerifyAnswer", "FindAnswer")

_LARGEST_ANSWER = 65536
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
    """One question after another, each a POST: no redirect is followed, no proxy of the environment used."""

    def __init__(self, place: Place, now: Callable[[], int]) -> None:
        """`now` gives epoch seconds."""
        self._place = place
        self._now = now
        self._client = httpx.AsyncClient(
            verify=place.tls, follow_redirects=False, trust_env=False, timeout=place.seconds,
            headers={"User-Agent": "dragoman"},
        )  # fmt: skip

    async def ask(self, question: Mapping[str, str], kind: type[Told]) -> ResourceOwner | None:
        """The account of the answer, if there is one. Raises Away, Useless."""
        body = msgspec.json.encode(question)
        try:
            async with self._client.stream(
                "POST", self._place.url, content=body, headers=self._headers(body)
            ) as response:
                _check_head(response)
                answer = msgspec.json.decode(await _bounded(response), type=kind)
        except (httpx.TransportError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError) as error:
            raise Away(f"it cannot be reached: {type(error).__name__}") from None
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise Useless("its answer is not what the contract says") from None
        return _account_of(answer)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _headers(self, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": _JSON, "Accept": _JSON, "Accept-Encoding": "identity"}
        if self._place.bearer is not None:
            headers["Authorization"] = f"Bearer {self._place.bearer.reveal()}"
        if self._place.signing_key is not None:
            headers["Dragoman-Signature"] = _signature(self._place.signing_key, self._now(), body)
        return headers


def _signature(key: Secret, now: int, body: bytes) -> str:
    """What shows who asked what and when: the time, and the HMAC-SHA-256 over time, full stop and body."""
    code = hmac.digest(key.reveal().encode(), b"%d." % now + body, "sha256")
    return f"t={now},v1={code.hex()}"


def _check_head(response: httpx.Response) -> None:
    """Anything but a plain answer is none: a redirect would carry the password to who knows where."""
    if response.status_code != _OK:
        raise Useless(f"it answers with the status {response.status_code}")
    if response.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise Useless("its answer is not JSON")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise Useless("its answer is compressed")


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            raise Useless(f"its answer is larger than {_LARGEST_ANSWER} bytes")
    return bytes(body)


def _account_of(answer: VerifyAnswer | FindAnswer) -> ResourceOwner | None:
    """Raises Useless where the result and the account contradict each other."""
    positive = answer.result in {"verified", "found"}
    if positive != (answer.account is not None):
        raise Useless("its answer contradicts itself")
    if answer.account is None:
        return None
    cells: dict[str, Any] = msgspec.structs.asdict(answer.account)
    return read_owner(cells)
