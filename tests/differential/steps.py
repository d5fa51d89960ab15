"""Requests and conversations, and how tokens of earlier answers get into later requests.

A conversation is one request or several; later ones may hold tokens of earlier answers, as `«name»`. `«name:broken»`
is the token with another signature, `«name:unsigned»` without one, `«name:cut»` without its last segment.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
Pairs = tuple[tuple[str, str], ...]

_PLACEHOLDER = re.compile("«([a-z_0-9]+)(?::([a-z]+))?»")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request."""

    method: str = "POST"
    path: str = "/token"
    headers: Pairs = ()
    body: bytes = b""
    captures: Mapping[str, str] = field(default_factory=dict)
    """What later steps need of the answer: members of its body, by the names they get."""
    differs: str = ""
    """The name among EXPECTED_DIFFERENCES of what this request shows, if it is there to show one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Requests that belong together, in order."""

    name: str
    steps: tuple[Step, ...]


def fill(step: Step, captured: Mapping[str, str]) -> Step:
    """The step with what was captured in place of its placeholders; what was not captured is empty."""
    headers = tuple((name, _filled(value, captured)) for name, value in step.headers)
    text = step.body.decode("utf-8", "surrogateescape")
    return replace(step, headers=headers, body=_filled(text, captured).encode("utf-8", "surrogateescape"))


def capture(step: Step, body: bytes) -> Mapping[str, str]:
    """What a step captures of its answer; nothing where the answer has no such member."""
    try:
        members = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(members, dict):
        return {}
    return {name: str(members[member]) for name, member in step.captures.items() if member in members}


def form(pairs: Iterable[tuple[str, str]]) -> bytes:
    """A form; placeholders stay as they are, tokens need no encoding."""
    return "&".join(f"{quote_plus(name)}={_encoded(value)}" for name, value in pairs).encode()


def post(
    pairs: Pairs,
    path: str = "/token",
    headers: Pairs = (),
    captures: Mapping[str, str] | None = None,
    differs: str = "",
) -> Step:
    """A form, posted."""
    return Step(
        path=path,
        headers=(("Content-Type", FORM), *headers),
        body=form(pairs),
        captures=captures or {},
        differs=differs,
    )


def post_json(members: Mapping[str, object], path: str = "/token", headers: Pairs = (), differs: str = "") -> Step:
    """A JSON object, posted."""
    body = json.dumps(members, ensure_ascii=False).encode()
    return Step(path=path, headers=(("Content-Type", JSON), *headers), body=body, differs=differs)


def _encoded(value: str) -> str:
    return value if _PLACEHOLDER.fullmatch(value) else quote_plus(value)


def _filled(text: str, captured: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: _altered(captured.get(found[1], ""), found[2]), text)


def _altered(token: str, how: str | None) -> str:
    head, _, signature = token.rpartition(".")
    match how:
        case "broken":
            return f"{head}.{'B' if signature.startswith('A') else 'A'}{signature[1:]}"
        case "unsigned":
            return f"{head}."
        case "cut":
            return head
        case _:
            return token
