"""Families of requests about tokens issued before: refreshing, introspecting, revoking."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from typing import TYPE_CHECKING

from .steps import Conversation, Pairs, Step, post, post_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from .cast import CastClient, DifferentialCast

BOTH = "contacts.read contacts.write"
_INTROSPECT, _REVOKE = "/token/introspect", "/token/revoke"
_ACCESS: Pairs = (("token", "«access»"),)
_REFRESH: Pairs = (("token", "«refresh»"),)
_REFRESH_HINT: Pairs = (("token_type_hint", "refresh_token"),)


def _client(client: CastClient) -> Pairs:
    secret = () if client.secret is None else (("client_secret", client.secret),)
    return (("client_id", client.id), *secret)


def _log_in(cast: DifferentialCast, client: CastClient, scope: str = BOTH) -> Step:
    person = cast.people[0]
    pairs = (("grant_type", "password"), ("username", person.username), ("password", person.password), ("scope", scope))
    return post((*pairs, *_client(client)), captures={"access": "access_token", "refresh": "refresh_token"})


def _refresh(token: str, client: CastClient, *more: tuple[str, str], number: int = 0, differs: str = "") -> Step:
    captures = {f"access{number}": "access_token", f"refresh{number}": "refresh_token"} if number else {}
    pairs = (("grant_type", "refresh_token"), ("refresh_token", token), *_client(client), *more)
    return post(pairs, captures=captures, differs=differs)


def _forged(cast: DifferentialCast, algorithm: str = "HS256", **changed: object) -> str:
    """A refresh token that nobody issued."""
    claims = {
        "client_id": cast.client.id,
        "access_token_id": "ab" * 40,
        "refresh_token_id": "cd" * 40,
        "scope": BOTH,
        "user_id": cast.people[0].id,
        "expire_time": 4102444800,
        "iat": 1601763698,
        **changed,
    }
    header = {"alg": algorithm, "typ": "JWT"}
    head = ".".join(_segment(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
    signature = hmac.digest(b"nobody holds this key", head.encode(), "sha256") if algorithm == "HS256" else b""
    return f"{head}.{_segment(signature)}"


def _segment(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _rotations(cast: DifferentialCast, chance: Random) -> Iterator[Conversation]:
    for index in range(6):
        client = chance.choice((cast.client, cast.other, cast.colon, cast.latin))
        steps = [_log_in(cast, client, chance.choice((BOTH, "contacts.read", "")))]
        for number in range(1, chance.randint(2, 4)):
            token = f"«refresh{number - 1}»" if number > 1 else "«refresh»"
            steps.append(_refresh(token, client, number=number))
        steps.append(_refresh("«refresh»", client))
        yield Conversation(name=f"rotation {index}", steps=tuple(steps))
    begin = (
        _log_in(cast, cast.client),
        _refresh("«refresh»", cast.client, number=1),
        _refresh("«refresh»", cast.client),
    )
    later = _refresh("«refresh1»", cast.client, differs="reuse_ends_the_grant")
    yield Conversation(name="after a reuse", steps=(*begin, later))
    public = (_log_in(cast, cast.public, "contacts.read"), _refresh("«refresh»", cast.public))
    yield Conversation(name="refresh of a public client", steps=public)


def _refresh_scopes(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    client = cast.client
    scopes = (
        "contacts.read", "contacts.write contacts.read", "nothing", "contacts.read nothing mail", "contacts.delete",
        "contacts.read contacts.share", "contacts.read  contacts.write", "contacts.read ", "Contacts.Read",
    )  # fmt: skip
    for text in scopes:
        steps = (_log_in(cast, client), _refresh("«refresh»", client, ("scope", text)))
        yield Conversation(name=f"refresh with scope {text!r}", steps=steps)
    wider = (_log_in(cast, client, "contacts.read"), _refresh("«refresh»", client, ("scope", BOTH)))
    again = _refresh("«refresh»", client)
    yield Conversation(name="refresh with more scope, then without", steps=(*wider, again))
    for text in ("", " contacts.read"):
        step = _refresh("«refresh»", client, ("scope", text), differs="empty_is_missing")
        yield Conversation(name=f"refresh with scope {text!r}", steps=(_log_in(cast, client), step))
    narrowed = _refresh("«refresh»", client, ("scope", "contacts.read"), number=1)
    after = _refresh("«refresh1»", client, differs="scope_as_granted")
    yield Conversation(name="refresh after less scope", steps=(_log_in(cast, client), narrowed, after))


def _bad_refreshes(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    client, begin = cast.client, (_log_in(cast, cast.client),)
    no_token = post((("grant_type", "refresh_token"), *_client(client)))
    yield Conversation(name="refresh without a token", steps=(no_token,))
    tokens = {
        "empty": "",
        "garbage": "not-a-token",
        "three parts": "aaaa.bbbb.cccc",
        "two parts": "aaaa.bbbb",
        "unsigned": _forged(cast, "none"),
        "forged": _forged(cast),
        "forged for another client": _forged(cast, client_id=cast.other.id),
        "forged without an id": _forged(cast, refresh_token_id=None),
    }
    for name, token in tokens.items():
        yield Conversation(name=f"refresh token: {name}", steps=(_refresh(token, client),))
    for how in ("broken", "unsigned", "cut"):
        steps = (*begin, _refresh(f"«refresh:{how}»", client), _refresh("«refresh»", client))
        yield Conversation(name=f"refresh token made {how}", steps=steps)
    foreign = (_refresh("«refresh»", cast.other), _refresh("«refresh»", client))
    yield Conversation(name="refresh token of another client", steps=(*begin, *foreign))
    spent = (_refresh("«refresh»", client, number=1), _refresh("«refresh»", cast.other), _refresh("«refresh1»", client))
    yield Conversation(name="spent refresh token of another client", steps=(*begin, *spent))
    yield Conversation(name="access token as refresh token", steps=(*begin, _refresh("«access»", client)))
    wrong = (("grant_type", "refresh_token"), ("refresh_token", "«refresh»"), ("client_id", client.id))
    unproven = (post(wrong), post((*wrong, ("client_secret", "wrong-secret"))), _refresh("«refresh»", client))
    yield Conversation(name="refresh without the secret", steps=(*begin, *unproven))
    order = _refresh("not-a-token", client, ("scope", "nothing"))
    yield Conversation(name="bad refresh token and bad scope", steps=(order,))
    limited = _refresh("«refresh»", cast.limited)
    yield Conversation(name="refresh by a client without the grant type", steps=(*begin, limited))


def _introspections(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    client, begin = cast.client, (_log_in(cast, cast.client),)
    id_only: Pairs = (("client_id", client.id),)
    asked: dict[str, tuple[Pairs, str]] = {
        "access token": ((*_ACCESS, *_client(client)), ""),
        "access token, right hint": ((*_ACCESS, ("token_type_hint", "access_token"), *_client(client)), ""),
        "access token, wrong hint": ((*_ACCESS, *_REFRESH_HINT, *_client(client)), ""),
        "refresh token": ((*_REFRESH, *_REFRESH_HINT, *_client(client)), ""),
        "refresh token, no hint": ((*_REFRESH, *_client(client)), "hint_is_advisory"),
        "another client asks": ((*_ACCESS, *_client(cast.other)), ""),
        "limited client asks": ((*_ACCESS, *_client(cast.limited)), ""),
        "public client asks": ((*_ACCESS, *_client(cast.public)), "confidential_introspection"),
        "client without client credentials": ((*_ACCESS, *_client(cast.colon)), "own_grant_types"),
        "no client": (_ACCESS, ""),
        "unknown client": ((*_ACCESS, ("client_id", "nobody")), ""),
        "no secret": ((*_ACCESS, *id_only), ""),
        "wrong secret": ((*_ACCESS, *id_only, ("client_secret", "wrong-secret")), ""),
        "no token": (_client(client), ""),
        "empty token": ((("token", ""), *_client(client)), ""),
        "unknown hint": ((*_ACCESS, ("token_type_hint", "id_token"), *_client(client)), ""),
        "garbage": ((("token", "not-a-token"), *_client(client)), ""),
        "broken": ((("token", "«access:broken»"), *_client(client)), ""),
        "unsigned": ((("token", "«access:unsigned»"), *_client(client)), ""),
        "forged": ((("token", _forged(cast)), *_REFRESH_HINT, *_client(client)), ""),
    }
    for name, (pairs, differs) in asked.items():
        steps = (*begin, post(pairs, path=_INTROSPECT, differs=differs))
        yield Conversation(name=f"introspection: {name}", steps=steps)
    as_json = post_json(dict((*_ACCESS, *_client(client))), path=_INTROSPECT)
    yield Conversation(name="introspection: JSON", steps=(*begin, as_json))
    yield Conversation(name="introspection: GET", steps=(Step(method="GET", path=_INTROSPECT),))
    own = post((("grant_type", "client_credentials"), *_client(client)), captures={"access": "access_token"})
    ask = post((*_ACCESS, *_client(client)), path=_INTROSPECT)
    yield Conversation(name="introspection: client's own token", steps=(own, ask))
    ask_refresh = post((*_REFRESH, *_REFRESH_HINT, *_client(client)), path=_INTROSPECT)
    rotated = (*begin, _refresh("«refresh»", client, number=1), ask, ask_refresh)
    yield Conversation(name="introspection: after a refresh", steps=rotated)


def _basic_headers(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    client, right = cast.client, str(cast.client.secret)
    for path, secret in ((_INTROSPECT, right), (_INTROSPECT, "wrong-secret"), (_REVOKE, right)):
        basic = f"Basic {b64encode(f'{client.id}:{secret}'.encode()).decode()}"
        step = post(_ACCESS, path=path, headers=(("Authorization", basic),))
        yield Conversation(name=f"{path} with the Basic secret {secret}", steps=(_log_in(cast, client), step))


def _revocations(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    client, begin = cast.client, (_log_in(cast, cast.client),)
    after = (
        post((*_ACCESS, *_client(client)), path=_INTROSPECT),
        post((*_REFRESH, *_REFRESH_HINT, *_client(client)), path=_INTROSPECT),
        _refresh("«refresh»", client),
    )
    told: dict[str, Pairs] = {
        "access token": (*_ACCESS, *_client(client)),
        "access token, right hint": (*_ACCESS, ("token_type_hint", "access_token"), *_client(client)),
        "refresh token": (*_REFRESH, *_REFRESH_HINT, *_client(client)),
        "garbage": (("token", "not-a-token"), *_client(client)),
        "broken": (("token", "«access:broken»"), *_client(client)),
        "unsigned": (("token", "«access:unsigned»"), *_client(client)),
        "another client's access token": (*_ACCESS, *_client(cast.other)),
        "another client's refresh token": (*_REFRESH, *_REFRESH_HINT, *_client(cast.other)),
    }
    for name, pairs in told.items():
        yield Conversation(name=f"revocation: {name}", steps=(*begin, post(pairs, path=_REVOKE), *after))
    as_json = post_json(dict((*_ACCESS, *_client(client))), path=_REVOKE)
    yield Conversation(name="revocation: JSON", steps=(*begin, as_json, *after))
    twice = (post(told["access token"], path=_REVOKE),) * 2
    yield Conversation(name="revocation: twice", steps=(*begin, *twice))
    untold: dict[str, Pairs] = {
        "no client": _ACCESS,
        "wrong secret": (*_ACCESS, ("client_id", client.id), ("client_secret", "wrong-secret")),
        "no token": _client(client),
    }
    for name, pairs in untold.items():
        step = post(pairs, path=_REVOKE, differs="failure_is_told")
        yield Conversation(name=f"revocation: {name}", steps=(*begin, step, *after))
    unhinted = (
        post((*_REFRESH, *_client(client)), path=_REVOKE),
        _refresh("«refresh»", client, differs="hint_is_advisory"),
    )
    yield Conversation(name="revocation: refresh token, no hint", steps=(*begin, *unhinted))
    yield Conversation(name="revocation: GET", steps=(Step(method="GET", path=_REVOKE),))


TOKEN_FAMILIES: tuple[Callable[[DifferentialCast, Random], Iterator[Conversation]], ...] = (
    _rotations,
    _refresh_scopes,
    _bad_refreshes,
    _introspections,
    _basic_headers,
    _revocations,
)
