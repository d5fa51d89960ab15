"""An LDAP directory (RFC 4511): an entry is found by a search, and its password verified by a bind as that entry."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from dragoman.core.login_name import canonical
from dragoman.core.ports.directory import NotVerified, Verified
from dragoman.core.value import value
from dragoman.directories.owner import read_owner
from dragoman.elsewhere.faults import Away, ElsewhereFault, Useless
from dragoman.elsewhere.threads import Threads

try:
    import ldap3
    from ldap3.core.exceptions import LDAPException
    from ldap3.utils.conv import escape_bytes, escape_filter_chars
except ImportError as error:
    raise ElsewhereFault(
        f"directory.ldap.url is set, but what speaks LDAP is not installed ({error.name}); install dragoman[migration]"
    ) from None

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping, Sequence

    from dragoman.core.model import ResourceOwner
    from dragoman.core.ports import Attempt
    from dragoman.core.ports.directory import Terms
    from dragoman.core.secret import Secret
    from dragoman.elsewhere.guard import Guard
    from dragoman.elsewhere.threads import Leash

_LARGEST_ANSWERS = 1 << 20
"""Bytes of one connection."""
_MOST_GROUPS = 501
_SUCCESS, _SIZE_LIMIT_EXCEEDED = 0, 4
_NOT_THIS_PASSWORD = frozenset({19, 32, 48, 49, 53})
"""Result codes (RFC 4511 §4.1.9) of a bind that say no: a locked entry, a vanished one, one that has no password."""


@value
class Place:
    """Where the server is, and how it is spoken to."""

    host: str
    port: int
    ldaps: bool
    start_tls: bool
    tls: ssl.SSLContext
    bind_dn: str
    bind_password: Secret
    seconds: float


@value
class Searches:
    """How entries of the directory are found, and which of their attributes make an account."""

    base: str
    filter: str
    find_filter: str
    id_attribute: str
    id_is_binary: bool
    attributes: Mapping[str, str]
    """The attribute that holds a member of an account, by the member's name; the id aside."""
    groups_base: str | None
    groups_filter: str
    group_attribute: str


class LdapDirectory:
    """The directory. A bind for each attempt; a name that it does not have costs a search and no bind."""

    def __init__(self, terms: Terms, place: Place, searches: Searches, guard: Guard, connections: int) -> None:
        """`connections` is how many questions are asked at once, each in a thread that waits for its answer."""
        self._terms = terms
        self._place = place
        self._searches = searches
        self._guard = guard
        self._threads = Threads(connections)

    @property
    def terms(self) -> Terms:
        """What holds for all its accounts."""
        return self._terms

    async def verify(self, login: str, sent: Secret, _attempt: Attempt) -> Verified | NotVerified:
        """Whose password this is. Refuses `temporarily_unavailable`."""
        return await self._guard.ask(lambda: self._threads.run(partial(self._verify, login, sent)))

    async def find(self, owner_id: str) -> ResourceOwner | None:
        """The account as it stands. Refuses `temporarily_unavailable`."""
        return await self._guard.ask(lambda: self._threads.run(partial(self._find, owner_id)))

    def close(self) -> None:
        """Let the threads end."""
        self._threads.close()

    def _verify(self, login: str, sent: Secret, leash: Leash) -> Verified | NotVerified:
        with self._connected(leash) as connection:
            found = self._search(connection, self._searches.filter.replace("{login}", escape_filter_chars(login)))
            if len(found) != 1:
                return NotVerified(why="two entries of the directory have this name" if found else "unknown user")
            if not self._bears(found[0], login):
                return NotVerified(why="the directory's account has other login names")
            if not _bind(connection, found[0]["dn"], sent.reveal()):
                return NotVerified(why="wrong password, or an entry that may not bind")
            self._bind_to_search(connection)
            return Verified(owner=self._owner(connection, found[0]))

    def _find(self, owner_id: str, leash: Leash) -> ResourceOwner | None:
        with self._connected(leash) as connection:
            found = self._search(connection, self._searches.find_filter.replace("{id}", self._escaped(owner_id)))
            if not found:
                return None
            owner = self._owner(connection, found[0])
            if len(found) != 1 or owner.id != owner_id:
                raise Useless("the search by id finds somebody else, or two")
            return owner

    @contextmanager
    def _connected(self, leash: Leash) -> Iterator[ldap3.Connection]:
        """A connection that may search, for one question. Raises Away, Useless."""
        place = self._place
        server = ldap3.Server(
            place.host, place.port, use_ssl=place.ldaps, tls=_Tls(place), get_info=ldap3.NONE,
            connect_timeout=place.seconds,
        )  # fmt: skip
        connection = ldap3.Connection(
            server, auto_bind=ldap3.AUTO_BIND_NONE, auto_referrals=False, receive_timeout=max(1, int(place.seconds))
        )
        closing = ExitStack()  # the library forgets a socket on which it met a fault
        leash.tie(lambda: connection.socket.shutdown(socket.SHUT_RDWR))
        try:
            try:
                connection.open(read_server_info=False)
            finally:
                _hold(connection, closing)
            if place.start_tls:
                connection.start_tls(read_server_info=False)
                _hold(connection, closing)
            self._bind_to_search(connection)
            yield connection
        except (Away, Useless):
            raise
        except Exception as error:  # noqa: BLE001 (the library lets through whatever a strange answer makes of it)
            raise (Away if isinstance(error, (LDAPException, OSError)) else Useless)(
                f"it cannot be asked: {type(error).__name__}"
            ) from None
        finally:
            closing.close()  # without a word to the server, which may not listen

    def _bind_to_search(self, connection: ldap3.Connection) -> None:
        place = self._place
        bound = (
            _bind(connection, place.bind_dn, place.bind_password.reveal())
            if place.bind_dn
            else connection.rebind(authentication=ldap3.ANONYMOUS)
        )
        if not bound:
            raise Away(f"it does not let us search: {_told(connection)}")

    def _search(self, connection: ldap3.Connection, text: str) -> Sequence[Mapping[str, Any]]:
        """The entries that this filter finds, two at most: a second one makes the first ambiguous."""
        searches = self._searches
        wanted = {searches.id_attribute, *searches.attributes.values()}
        return _entries(connection, searches.base, text, sorted(wanted), most=2)

    def _bears(self, entry: Mapping[str, Any], login: str) -> bool:
        """Whether the entry has this very name, for most directories compare names more lightly.

        Asked before its password is tried: each other spelling has a throttle of its own, and what comes after a bind
        that succeeds would tell by the clock that it was right.
        """
        attributes = self._searches.attributes
        names = (value for member in ("username", "email") for value in _values(entry, attributes[member])[:1])
        return canonical(login) in {canonical(name.decode("utf-8", "replace")) for name in names}

    def _owner(self, connection: ldap3.Connection, entry: Mapping[str, Any]) -> ResourceOwner:
        searches = self._searches
        identifiers = _values(entry, searches.id_attribute)
        if len(identifiers) != 1:
            raise Useless("an entry has no id, or several")
        cells: dict[str, object] = {
            member: next(iter(_values(entry, attribute)), None) for member, attribute in searches.attributes.items()
        }
        cells["id"] = identifiers[0].hex() if searches.id_is_binary else identifiers[0]
        return read_owner({**cells, "authorities": self._groups(connection, entry["dn"])})

    def _groups(self, connection: ldap3.Connection, dn: str) -> Sequence[str]:
        searches = self._searches
        if searches.groups_base is None:
            return ()
        text = searches.groups_filter.replace("{dn}", escape_filter_chars(dn))
        groups = _entries(connection, searches.groups_base, text, [searches.group_attribute], most=_MOST_GROUPS)
        return sorted(name.decode() for group in groups for name in _values(group, searches.group_attribute)[:1])

    def _escaped(self, owner_id: str) -> str:
        return escape_bytes(bytes.fromhex(owner_id)) if self._searches.id_is_binary else escape_filter_chars(owner_id)


class _Bounded:
    """A socket from which no more than so much is read: the library would gather an endless message until the end."""

    def __init__(self, wrapped: Any) -> None:  # noqa: ANN401 (a plain socket or one with TLS)
        self.wrapped = wrapped
        self._left = _LARGEST_ANSWERS

    def recv(self, most: int) -> bytes:
        """Read as from a socket. Raises Useless."""
        received: bytes = self.wrapped.recv(most)
        self._left -= len(received)
        if self._left < 0:
            raise Useless(f"its answers are larger than {_LARGEST_ANSWERS} bytes")
        return received

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (all else is the socket's own)
        return getattr(self.wrapped, name)


def _hold(connection: ldap3.Connection, closing: ExitStack) -> None:
    """Read no more than so much from its socket, and close it at the end."""
    if connection.socket is not None:
        connection.socket = _Bounded(connection.socket)
        closing.callback(connection.socket.wrapped.close)


class _Tls(ldap3.Tls):
    """TLS as Python itself checks it, names included; the library's own way is of another time."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._host = place.host
        self._context = place.tls

    def wrap_socket(self, connection: ldap3.Connection, do_handshake: bool = False) -> None:  # noqa: ARG002
        """Shake hands before anything is said, whatever is asked for."""
        plain = connection.socket.wrapped if isinstance(connection.socket, _Bounded) else connection.socket
        connection.socket = self._context.wrap_socket(plain, server_hostname=self._host)


def _bind(connection: ldap3.Connection, dn: str, password: str) -> bool:
    """Whether this is the entry's password. Without one, or without a DN, a bind succeeds for anybody (RFC 4513 §5.1).

    The password goes as the bytes that were received: prepared (RFC 4013), another one might become of it, or none.
    """
    sent = password.encode()
    if not dn.strip() or not sent:
        return False
    if connection.rebind(user=dn, password=sent, authentication=ldap3.SIMPLE):
        return True
    if connection.result["result"] in _NOT_THIS_PASSWORD:
        return False
    raise Useless(f"a bind ends with {_told(connection)}")


def _entries(
    connection: ldap3.Connection, base: str, text: str, attributes: Sequence[str], *, most: int
) -> Sequence[Mapping[str, Any]]:
    """What a search finds, and no referrals (RFC 4511 §4.1.10)."""
    connection.search(base, text, search_scope=ldap3.SUBTREE, attributes=attributes, size_limit=most)
    if connection.result["result"] not in {_SUCCESS, _SIZE_LIMIT_EXCEEDED}:
        raise Useless(f"a search ends with {_told(connection)}")
    return [one for one in connection.response or () if one.get("type") == "searchResEntry"]


def _values(entry: Mapping[str, Any], attribute: str) -> list[bytes]:
    """The values of an attribute, whose name is written in whatever case (RFC 4512 §2.5)."""
    raw: Mapping[str, list[bytes]] = entry["raw_attributes"]
    return next((values for name, values in raw.items() if name.lower() == attribute.lower()), [])


def _told(connection: ldap3.Connection) -> str:
    """The code and its name; never the server's own text."""
    return f"{connection.result['result']} {connection.result['description']}"
