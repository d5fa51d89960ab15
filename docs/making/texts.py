"""What each value and each refusal means, written by hand beside this module."""

from __future__ import annotations

from pathlib import Path

import msgspec


class RefusalTexts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Refusals by where they can occur."""

    request: dict[str, str]
    """At every endpoint, before anything is judged."""
    token: dict[str, str]
    """At the token endpoint, and wherever a client authenticates."""
    management: dict[str, str]
    """At introspection, revocation and key endpoints."""
    resource: dict[str, str]
    """At a resource."""
    server: dict[str, str]
    """At every endpoint, by no fault of the sender."""


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of them."""

    token_values: dict[str, str]
    header_values: dict[str, str]
    answer_values: dict[str, str]
    introspection_values: dict[str, str]
    resource_values: dict[str, str]
    key_values: dict[str, str]
    error_values: dict[str, str]
    refusals: RefusalTexts


def read_texts() -> Texts:
    """The texts. Raises msgspec.ValidationError."""
    return msgspec.toml.decode(Path(__file__).with_name("texts.toml").read_bytes(), type=Texts)
