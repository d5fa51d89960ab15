"""What is switched on that RFC 9700 forbids or advises against: told at each start, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dragoman.core.model import Client
    from dragoman.http.mount import Mount

_SHOWN = 5
_NEEDS = {
    "query_credentials": "credentials in the query string (RFC 9700 §2.4, RFC 6749 §2.3.1)",
    "get_credentials": "credentials in GET requests (RFC 6749 §3.2)",
}
_IN_THE_URL = frozenset({"query_credentials", "get_credentials"})
_LOGS = "whatever stands in front of this server must write no query into its logs (docs/proxies.md)"


def list_exposures(mounts: Sequence[Mount], clients: Iterable[Client]) -> tuple[str, ...]:
    """A sentence for each, with the clients concerned."""
    password: list[str] = []
    shared: list[str] = []
    by_dialect: dict[str, list[str]] = {mount.dialect.name: [] for mount in mounts}
    signing_shared = {mount.dialect.name for mount in mounts if _signs_with_shared_key(mount)}
    for client in clients:
        usable = client.dialects & by_dialect.keys()
        if usable and "password" in client.grant_types:
            password.append(client.id)
        if usable & signing_shared and client.shared_key_signature:
            shared.append(client.id)
        for dialect in usable:
            by_dialect[dialect].append(client.id)
    sentences = [
        _sentence("the password grant (RFC 9700 §2.4)", password),
        _sentence("access tokens signed with a shared key, HS256", shared),
    ]
    for mount in mounts:
        concerned = by_dialect[mount.dialect.name]
        for path in mount.paths_of("token")[:1]:
            sentences.extend(_sentence(f"{_NEEDS[need]} at {path}", concerned) for need in mount.dialect.words.needs)
            if concerned and _IN_THE_URL & set(mount.dialect.words.needs):
                sentences.append(f"URLs that hold secrets at {path}: {_LOGS}")
            if mount.account_state_shown:
                sentences.append(f"account states are shown at {path}")
        if mount.shared_key_shown:
            sentences.extend(f"the shared key is shown at {path}" for path in mount.paths_of("key")[:1])
    return tuple(sentence for sentence in sentences if sentence)


def _signs_with_shared_key(mount: Mount) -> bool:
    return (mount.dialect.words.access_token.algorithm or "").startswith("HS")


def _sentence(what: str, clients: Sequence[str]) -> str:
    if not clients:
        return ""
    named = ", ".join(clients[:_SHOWN])
    more = len(clients) - _SHOWN
    return f"{what} for {named}" + (f" and {more} more" if more > 0 else "")
