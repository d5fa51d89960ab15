"""What an answer of each dialect's endpoints may look like, written down by hand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.attacks.harness import Answer

Keys = frozenset[str]


def _sets(*names: str) -> tuple[Keys, ...]:
    return tuple(frozenset(one.split()) for one in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The answers of one endpoint."""

    content_type: str
    refusals: tuple[Keys, ...]
    """The key sets that a refusal may have."""
    refusal_content_type: str | None = None
    """Where it differs from that of other answers."""
    page_statuses: frozenset[int] = frozenset()
    """Statuses that are told with an HTML page."""
    may_be_empty: bool = False


JSON = "application/json"
UPPER, LOWER, TIGHT = f"{JSON}; charset=UTF-8", f"{JSON}; charset=utf-8", f"{JSON};charset=UTF-8"
CONTAINER = "timestamp status error message path"
SPRING = _sets("error error_description", "error error_description scope", CONTAINER)
JMONDI = _sets("status message error error_description")
NOT_ALLOWED = frozenset({405})

TOKEN: Mapping[str, Shape] = {
    "standard": Shape(content_type=JSON, refusals=_sets("error error_description")),
    "jobspace": Shape(
        content_type=UPPER, refusal_content_type=JSON, page_statuses=NOT_ALLOWED,
        refusals=_sets("error message", "error message hint", "message"),
    ),
    "passport-12": Shape(
        content_type=UPPER, refusal_content_type=JSON, page_statuses=NOT_ALLOWED,
        refusals=_sets("error error_description message", "error error_description hint message", "message"),
    ),
    "passport-13": Shape(
        content_type=UPPER, refusal_content_type=JSON, page_statuses=NOT_ALLOWED,
        refusals=_sets("error error_description", "error error_description hint", "message"),
    ),
    "jmondi": Shape(content_type=UPPER, refusal_content_type=LOWER, refusals=JMONDI),
    "jmondi-1": Shape(content_type=UPPER, refusal_content_type=LOWER, refusals=_sets("status message")),
    "jmondi-4": Shape(content_type=LOWER, refusals=JMONDI, page_statuses=frozenset({404})),
    "paymentiq": Shape(content_type=TIGHT, refusals=SPRING),
    "spring-form-clients": Shape(content_type=TIGHT, refusals=SPRING),
    "spring-security-oauth-2.5": Shape(content_type=TIGHT, refusals=SPRING),
    "kabbage": Shape(content_type=TIGHT, refusals=_sets("error")),
    "axosoft": Shape(content_type=LOWER, refusals=_sets("error error_description")),
}  # fmt: skip

RESOURCE: Mapping[str, Shape] = {
    "standard": Shape(content_type=JSON, refusals=_sets("error error_description"), may_be_empty=True),
    "jobspace": Shape(content_type=JSON, refusals=_sets("data")),
    "passport-12": Shape(content_type=JSON, refusals=_sets("message")),
    "passport-13": Shape(content_type=JSON, refusals=_sets("message")),
    "jmondi": Shape(content_type=LOWER, refusals=_sets("error error_description")),
    "jmondi-1": Shape(content_type=LOWER, refusals=_sets("error error_description")),
    "jmondi-4": Shape(content_type=LOWER, refusals=_sets("error error_description"), page_statuses=frozenset({404})),
    "paymentiq": Shape(content_type=TIGHT, refusals=SPRING[:2]),
    "spring-form-clients": Shape(content_type=TIGHT, refusals=SPRING[:2]),
    "spring-security-oauth-2.5": Shape(content_type=TIGHT, refusals=SPRING[:2]),
    "kabbage": Shape(content_type=TIGHT, refusals=_sets("Message", "Message Errors")),
    "axosoft": Shape(content_type=LOWER, refusals=_sets("error error_description")),
}

_TOKEN_PATHS = {
    "standard": ["/oauth2/token"],
    "jobspace": ["/oauth/token"],
    "jmondi": ["/token"],
    "paymentiq": ["/paymentiq/oauth/token"],
    "kabbage": ["/auth/token"],
    "axosoft": ["/api/oauth2/token", "/api/{segment}/oauth2/token"],
}
_RESOURCE_PATHS = {
    "standard": "/resource",
    "jobspace": "/api/job",
    "jmondi": "/contacts",
    "paymentiq": "/paymentiq/admin/v1/me",
    "kabbage": "/v2/Data/{segment}/me",
    "axosoft": "/api/{segment}/me",
}
_OTHER_PATHS = {
    "standard": [
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server",
    ],
    "jmondi": ["/token/introspect", "/token/revoke"],
    "jmondi-4": ["/token/introspect", "/token/revoke"],
    "paymentiq": ["/paymentiq/oauth/check_token", "/paymentiq/oauth/token_key"],
    "axosoft": ["/api/{segment}/oauth2/revoke"],
}
_EMPTY = ("/oauth2/revoke",)


def family(dialect: str) -> str:
    """The dialect whose paths these are."""
    for start, name in (("passport", "jobspace"), ("jmondi", "jmondi"), ("spring", "paymentiq")):
        if dialect.startswith(start):
            return name
    return dialect


def endpoints() -> list[tuple[str, str, Shape]]:
    """Dialect, path below the server's root, shape."""
    found = []
    for dialect, shape in TOKEN.items():
        kin = family(dialect)
        paths = [
            *_TOKEN_PATHS[kin],
            *_OTHER_PATHS.get(dialect, _OTHER_PATHS["paymentiq"] if kin == "paymentiq" else []),
        ]
        found += [(dialect, f"/{dialect}{path}", _shape_at(path, shape)) for path in paths]
        found.append((dialect, f"/{dialect}{_RESOURCE_PATHS[kin]}", RESOURCE[dialect]))
    return found


def _shape_at(path: str, shape: Shape) -> Shape:
    if path == "/token/revoke":
        return Shape(content_type=LOWER, refusals=shape.refusals, page_statuses=shape.page_statuses)
    if path not in _EMPTY:
        return shape
    return Shape(content_type=shape.content_type, refusals=shape.refusals, may_be_empty=True)


def check_shape(answer: Answer, shape: Shape, *, body_kept: bool) -> None:
    """The answer is one that this endpoint's clients know."""
    assert answer.status < 500, answer
    assert b"Traceback" not in answer.body
    for name, value in answer.headers:
        assert re.fullmatch(rb"[A-Za-z0-9-]+", name)
        assert re.fullmatch(rb"[\x20-\x7e]*", value), value
    if not body_kept:
        assert answer.body == b""
        return
    if answer.body == b"" and shape.may_be_empty:
        assert answer.status in (200, 401)
        return
    content_type = answer.header("Content-Type") or ""
    if answer.status in shape.page_statuses and content_type.startswith("text/html"):
        assert b"<html" in answer.body
        return
    document = json.loads(answer.body)
    assert isinstance(document, dict)
    expected = shape.content_type
    if answer.status != 200:
        expected = shape.refusal_content_type or expected
        assert frozenset(document) in shape.refusals, (answer.status, document)
    assert content_type == expected
