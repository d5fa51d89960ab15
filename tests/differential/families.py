"""Families of token requests without a history: grant types, clients, people, scope, and how a body is written."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from .steps import FORM, Conversation, Pairs, Step, form, post, post_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from .cast import CastClient, CastPerson, DifferentialCast

PASSWORD: Pairs = (("grant_type", "password"),)
CLIENT_CREDENTIALS: Pairs = (("grant_type", "client_credentials"),)
_AUTHENTICATIONS = ("body", "basic", "id in body", "secret in body")


def basic(text: str, charset: str = "utf-8") -> Pairs:
    """A Basic header with this text encoded."""
    return (("Authorization", f"Basic {b64encode(text.encode(charset)).decode()}"),)


def credentials(client: CastClient) -> Pairs:
    """A client's id and, if it has one, secret as parameters."""
    secret = () if client.secret is None else (("client_secret", client.secret),)
    return (("client_id", client.id), *secret)


def login(person: CastPerson) -> Pairs:
    """A person's name and password as parameters."""
    return (("username", person.username), ("password", person.password))


def _one(name: str, step: Step) -> Conversation:
    return Conversation(name=name, steps=(step,))


def _authenticated(client: CastClient, how: str) -> tuple[Pairs, Pairs]:
    """Parameters and headers."""
    match how:
        case "basic":
            return (), basic(f"{client.id}:{client.secret}")
        case "id in body":
            return (("client_id", client.id),), basic(f"somebody:{client.secret}")
        case "secret in body":
            return (("client_secret", str(client.secret)),), basic(f"{client.id}:not-the-secret")
        case _:
            return credentials(client), ()


def _subset(names: tuple[str, ...], chance: Random) -> Pairs:
    chosen = chance.sample(names, chance.randint(0, len(names)))
    return (("scope", " ".join(chosen)),) if chosen else ()


def _good_passwords(cast: DifferentialCast, chance: Random) -> Iterator[Conversation]:
    for number in range(36):
        client = chance.choice((cast.client, cast.other, cast.public, cast.colon, cast.latin))
        how = chance.choice(_AUTHENTICATIONS) if client in (cast.client, cast.other) else "body"
        parameters, headers = _authenticated(client, how)
        pairs = [*PASSWORD, *parameters, *login(chance.choice(cast.people)), *_subset(client.scope, chance)]
        chance.shuffle(pairs)
        if chance.random() < 0.25:
            yield _one(f"password {number} as JSON", post_json(dict(pairs), headers=headers))
        else:
            yield _one(f"password {number}", post(tuple(pairs), headers=headers))


def _good_client_credentials(cast: DifferentialCast, chance: Random) -> Iterator[Conversation]:
    for number in range(14):
        client = chance.choice((cast.client, cast.other, cast.limited))
        parameters, headers = _authenticated(client, chance.choice(_AUTHENTICATIONS))
        besides = login(cast.people[0]) if chance.random() < 0.3 else ()
        pairs = (*CLIENT_CREDENTIALS, *parameters, *besides, *_subset(client.scope, chance))
        yield _one(f"client credentials {number}", post(pairs, headers=headers))


def _grant_types(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    rest = (*credentials(cast.client), *login(cast.people[0]))
    yield _one("no grant type", post(rest))
    names = (
        "",
        "Password",
        "password ",
        " password",
        "implicit",
        "authorization_code",
        "custom:thing",
        "pass\nword",
        "密码",
    )
    for name in names:
        yield _one(f"grant type {name!r}", post((("grant_type", name), *rest)))
    yield _one("grant type of another client", post((*PASSWORD, *credentials(cast.limited), *login(cast.people[0]))))
    yield _one("public client credentials", post((*CLIENT_CREDENTIALS, *credentials(cast.public))))
    yield _one("client credentials of another client", post((*CLIENT_CREDENTIALS, *credentials(cast.colon))))


def _clients(cast: DifferentialCast, chance: Random) -> Iterator[Conversation]:
    rest = (*PASSWORD, *login(cast.people[0]))
    identifier, secret = cast.client.id, str(cast.client.secret)
    bad: dict[str, Pairs] = {
        "no client": (),
        "empty client": (("client_id", ""),),
        "secret alone": (("client_secret", secret),),
        "unknown client": (("client_id", "nobody"), ("client_secret", "whatever-it-is")),
        "unknown client without a secret": (("client_id", "nobody"),),
        "client in capitals": (("client_id", identifier.upper()), ("client_secret", secret)),
        "client with a space": (("client_id", f"{identifier} "), ("client_secret", secret)),
        "no secret": (("client_id", identifier),),
        "empty secret": (("client_id", identifier), ("client_secret", "")),
        "secret of a public client": (("client_id", cast.public.id), ("client_secret", "not-a-secret")),
        "empty secret of a public client": (("client_id", cast.public.id), ("client_secret", "")),
        "other client's secret": (("client_id", identifier), ("client_secret", str(cast.other.secret))),
    }
    for name, parameters in bad.items():
        yield _one(name, post((*rest, *parameters)))
    for number in range(8):
        place = chance.randrange(len(secret))
        wrong = chance.choice((secret[:place], f"{secret}{place}", secret[:place] + "\u00e9" + secret[place + 1 :]))
        yield _one(f"wrong secret {number}", post((*rest, ("client_id", identifier), ("client_secret", wrong))))


def _basic_headers(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    rest = (*PASSWORD, *login(cast.people[0]))
    identifier, secret = cast.client.id, str(cast.client.secret)
    right = f"{identifier}:{secret}"
    encoded = basic(right)[0][1].removeprefix("Basic ")
    headers: dict[str, Pairs] = {
        "wrong secret": basic(f"{identifier}:not-the-secret"),
        "unknown client": basic("nobody:whatever-it-is"),
        "no colon": basic(identifier),
        "no id": basic(f":{secret}"),
        "no secret": basic(f"{identifier}:"),
        "only a colon": basic(":"),
        "second colon": basic(f"{right}:more"),
        "second and third colon": basic(f"{right}::"),
        "colon in the secret": basic(f"{cast.colon.id}:{cast.colon.secret}"),
        "latin-1": basic(f"{cast.latin.id}:{cast.latin.secret}", "latin-1"),
        "utf-8": basic(f"{cast.latin.id}:{cast.latin.secret}"),
        "percent": basic(right.replace("-", "%2D")),
        "public client": basic(f"{cast.public.id}:"),
        "lower case": (("Authorization", f"basic {encoded}"),),
        "upper case": (("Authorization", f"BASIC {encoded}"),),
        "bearer": (("Authorization", f"Bearer {encoded}"),),
        "scheme alone": (("Authorization", "Basic"),),
        "nothing encoded": (("Authorization", "Basic %%%"),),
        "no padding": (("Authorization", f"Basic {encoded.rstrip('=')}"),),
        "a space inside": (("Authorization", f"Basic {encoded[:8]} {encoded[8:]}"),),
    }
    for name, header in headers.items():
        yield _one(f"Basic: {name}", post(rest, headers=header))
    wrong = basic("nobody:not-the-secret")
    yield _one("Basic beside right parameters", post((*rest, *credentials(cast.client)), headers=wrong))
    yield _one("Basic beside another id", post((*rest, ("client_id", cast.other.id)), headers=basic(right)))
    empty_id = (*rest, ("client_id", ""))
    yield _one("Basic beside an empty id", post(empty_id, headers=basic(right), differs="empty_is_missing"))
    empty_secret = (*rest, ("client_secret", ""))
    yield _one("Basic beside an empty secret", post(empty_secret, headers=basic(right), differs="empty_is_missing"))


def _people(cast: DifferentialCast, chance: Random) -> Iterator[Conversation]:
    rest = (*PASSWORD, *credentials(cast.client))
    person = cast.people[0]
    bad: dict[str, Pairs] = {
        "nobody": (),
        "no user name": (("password", person.password),),
        "no password": (("username", person.username),),
        "empty user name": (("username", ""), ("password", person.password)),
        "empty password": (("username", person.username), ("password", "")),
        "unknown user name": (("username", "nobody"), ("password", person.password)),
        "other person's password": (("username", person.username), ("password", cast.people[1].password)),
        "disabled account": login(cast.former),
        "disabled account, wrong password": (("username", cast.former.username), ("password", "wrong-password")),
        "password in capitals": (("username", person.username), ("password", person.password.upper())),
        "password and a space": (("username", person.username), ("password", f"{person.password} ")),
        "a space and password": (("username", person.username), ("password", f" {person.password}")),
        "name in Name": (("Username", person.username), ("password", person.password)),
    }
    for name, parameters in bad.items():
        yield _one(name, post((*rest, *parameters)))
    for number in range(6):
        place = chance.randrange(1, len(person.password))
        cut = (("username", person.username), ("password", person.password[:place]))
        yield _one(f"part of the password {number}", post((*rest, *cut)))


def _scopes(cast: DifferentialCast, chance: Random) -> Iterator[Conversation]:
    rest = (*PASSWORD, *credentials(cast.client), *login(cast.people[0]))
    read, write = "contacts.read", "contacts.write"
    fixed = (
        "", " ", "  ", f" {read}", f"{read} ", f"{read}  {write}", f"{read} {read}", "*", f"{read} *",
        read.upper(), f'"{read} {write}"', f'"{read}"', f'"{read}', f"{read},{write}", f"{read}+{write}",
        f"{read}\t{write}", "contacts.delete", f"{read} contacts.delete", "contacts.share contacts.delete",
        "contacts.delete nothing", "nothing", f"{read} nothing mail", "<script>", "é", '{"a":1}', "null", "__proto__",
        "constructor",
    )  # fmt: skip
    for text in fixed:
        yield _one(f"scope {text!r}", post((*rest, ("scope", text))))
    for text in (f"{read}   {write}", "nothing nothing"):
        yield _one(f"scope {text!r}", post((*rest, ("scope", text)), differs="names_once"))
    pool = (*cast.scopes, "nothing", "mail")
    for number in range(20):
        text = " ".join(chance.sample(pool, chance.randint(1, len(pool))))
        grant = rest if chance.random() < 0.7 else (*CLIENT_CREDENTIALS, *credentials(cast.client))
        yield _one(f"mixed scope {number}", post((*grant, ("scope", text))))


def _bodies(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    pairs = (*PASSWORD, *credentials(cast.client), *login(cast.people[0]))
    body, members = form(pairs), dict(pairs)
    query = body.decode()
    typed = {
        "charset": f"{FORM}; charset=UTF-8",
        "charset of Java": f"{FORM}; charset=ISO-8859-1",
        "capitals": FORM.upper(),
        "text": "text/plain",
        "multipart": "multipart/form-data; boundary=x",
        "xml": "application/xml",
    }
    for name, media_type in typed.items():
        yield _one(f"media type: {name}", Step(headers=(("Content-Type", media_type),), body=body))
    yield _one("media type: none", Step(body=body))
    yield _one("no body", Step(headers=(("Content-Type", FORM),)))
    yield _one("query alone", Step(path=f"/token?{query}", headers=(("Content-Type", FORM),)))
    yield _one(
        "query besides",
        Step(path="/token?client_id=nobody&scope=nothing", headers=(("Content-Type", FORM),), body=body),
    )
    yield _one("line breaks", Step(headers=(("Content-Type", FORM),), body=body.replace(b"&", b"\n&")))
    yield _one("line break at the end", Step(headers=(("Content-Type", FORM),), body=body + b"\n"))
    yield _one("empty pieces", Step(headers=(("Content-Type", FORM),), body=b"&&" + body.replace(b"&", b"&&") + b"&"))
    yield _one("unknown parameters", post((*pairs, ("colour", "blue"), ("__proto__", "x"), ("state", "1"))))
    yield _one("brackets", post((*pairs, ("scope[]", "contacts.read")), differs="bracketed_scope"))
    yield _one("audience", post((*pairs, ("audience", "https://api.example.com")), differs="audience_is_ours"))
    for name, value in (("client_id", "nobody"), ("username", "nobody"), ("scope", "contacts.read")):
        doubled = (*pairs, *((name, value),) * (2 if name == "scope" else 1))
        yield _one(f"{name} twice", post(doubled, differs="one_value"))
    yield _one("grant_type twice", post((*pairs, *PASSWORD), differs="one_value"))
    yield _one("JSON with null", post_json({**members, "scope": None}))
    yield _one("JSON with a number", post_json({**members, "password": 12345678}))
    yield _one("JSON without a password", post_json({**members, "password": None}))
    yield _one("JSON list of scopes", post_json({**members, "scope": ["contacts.write", "contacts.read"]}))
    yield _one("JSON list of names", post_json({**members, "username": ["jane"]}, differs="one_value"))
    for method in ("GET", "PUT", "DELETE"):
        yield _one(f"{method}", Step(method=method))


def _unreadable_bodies(cast: DifferentialCast, _chance: Random) -> Iterator[Conversation]:
    pairs = (*PASSWORD, *credentials(cast.client), *login(cast.people[0]))
    json_bodies = {
        "cut off": b'{"grant_type":"password"',
        "a text": b'"password"',
        "not UTF-8": b'{"grant_type":"\xff"}',
    }
    for name, body in json_bodies.items():
        step = Step(headers=(("Content-Type", "application/json"),), body=body, differs="unreadable_body")
        yield _one(f"JSON: {name}", step)
    utf_16 = (("Content-Type", f"{FORM}; charset=utf-16"),)
    yield _one("form in UTF-16", Step(headers=utf_16, body=form(pairs), differs="unreadable_body"))
    suffixed = (("Content-Type", "application/vnd.api+json"),)
    yield _one("JSON by suffix", Step(headers=suffixed, body=post_json(dict(pairs)).body, differs="json_by_name"))
    text_json = (("Content-Type", "text/json"),)
    yield _one(
        "JSON by another name", Step(headers=text_json, body=post_json(dict(pairs)).body, differs="json_by_name")
    )
    yield _one("scope as a number", post_json({**dict(pairs), "scope": 5}, differs="no_fault"))


def _several_faults(cast: DifferentialCast, chance: Random) -> Iterator[Conversation]:
    """Which of several faults is told first."""
    good = dict((*PASSWORD, *credentials(cast.client), *login(cast.people[0])))
    faults: tuple[tuple[str, str | None], ...] = (
        ("grant_type", "nothing"), ("grant_type", None), ("client_id", "nobody"), ("client_id", None),
        ("client_secret", "wrong-secret"), ("client_secret", None), ("username", "nobody"), ("username", None),
        ("password", "wrong-password"), ("password", None), ("scope", "nothing"), ("scope", "contacts.delete"),
        ("scope", "contacts.read  contacts.write"),
    )  # fmt: skip
    for number in range(30):
        chosen = dict(chance.sample(faults, chance.randint(2, 4)))
        pairs = tuple((name, value) for name, value in {**good, **chosen}.items() if value is not None)
        yield _one(f"several faults {number}: {chosen}", post(pairs))


FAMILIES: tuple[Callable[[DifferentialCast, Random], Iterator[Conversation]], ...] = (
    _good_passwords,
    _good_client_credentials,
    _grant_types,
    _clients,
    _basic_headers,
    _people,
    _scopes,
    _bodies,
    _unreadable_bodies,
    _several_faults,
)
