"""Who a request says it comes from: HTTP Basic and parameters, by the dialect's words (RFC 6749 §2.3.1, RFC 7617)."""

from __future__ import annotations

import binascii
import re
from binascii import a2b_base64
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from dragoman.core.errors import Refusal
from dragoman.core.model import ClientCredentials
from dragoman.core.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dragoman.dialects.schema import BasicWords, ClientAuthenticationWords
    from dragoman.dialects.wire import WireRequest

Pair = tuple[str | None, str | None]
_NONE: Pair = (None, None)
_OUTSIDE_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


class _MalformedBasic(ValueError):
    """The header cannot be read as Basic credentials."""


def read_credentials(
    wire: WireRequest, parameters: Mapping[str, str], words: ClientAuthenticationWords
) -> ClientCredentials:
    """Id and secret as presented, or the refusal that reading them comes to.

    A second line of `Authorization` (RFC 9110 §5.3 allows one) is another method at once: nobody else may have read the
    same one.
    """
    if words.both == "refuse" and wire.repeats(b"authorization"):
        return ClientCredentials(refusal=Refusal.MULTIPLE_CLIENT_AUTHENTICATION)
    return _read(wire, parameters, words)


def _read(wire: WireRequest, parameters: Mapping[str, str], words: ClientAuthenticationWords) -> ClientCredentials:
    try:
        header = wire.header(b"authorization")
        basic = _NONE if header is None or "basic" not in words.methods else read_basic(header, words.basic)
    except _MalformedBasic:
        return ClientCredentials(refusal=Refusal.MALFORMED_CLIENT_AUTHENTICATION)
    in_parameters = (parameters.get("client_id"), parameters.get("client_secret"))
    if basic == _NONE:
        return _credentials(*(in_parameters if "parameters" in words.methods else _NONE))
    if in_parameters == _NONE:
        return _credentials(*basic)
    return _choose(basic, in_parameters, words)


def _choose(basic: Pair, in_parameters: Pair, words: ClientAuthenticationWords) -> ClientCredentials:
    """Whose id and secret count where both places have some, by the dialect's words."""
    usable = {"basic": basic, "parameters": in_parameters}
    present = [usable[method] for method in words.methods if usable[method] != _NONE]
    match words.both:
        case "each":
            return _credentials(_first(pair[0] for pair in present), _first(pair[1] for pair in present))
        case "refuse" if in_parameters[1] is not None:
            return ClientCredentials(refusal=Refusal.MULTIPLE_CLIENT_AUTHENTICATION)
        case "refuse" | "match":
            return _credentials(*basic, other_id=in_parameters[0])
        case _:
            return _credentials(*present[0])


def read_basic(header: str, words: BasicWords) -> Pair:
    """Id and secret; nothing where it is no Basic header, or an unreadable one is to be ignored."""
    scheme, _, encoded = header.partition(" ")
    if scheme != "Basic" and (words.scheme_case == "exact" or scheme.lower() != "basic"):
        return _NONE
    try:
        text = _decoded(encoded.strip(), words)
    except _MalformedBasic:
        if words.malformed == "refuse":
            raise
        return _NONE
    client_id, _, secret = text.partition(":")
    if words.secret_ends_at_colon:
        secret = secret.partition(":")[0]
    if words.percent_decoding:
        return _form_decoded(client_id), _form_decoded(secret)
    return client_id, secret


def _decoded(encoded: str, words: BasicWords) -> str:
    try:
        raw = a2b_base64(encoded, strict_mode=True) if words.base64 == "strict" else _forgiving_base64(encoded)
        text = raw.decode(words.charset)
    except (binascii.Error, ValueError) as error:
        raise _MalformedBasic from error
    if not text.partition(":")[1] or text.startswith(":"):
        raise _MalformedBasic
    return text


def _forgiving_base64(encoded: str) -> bytes:
    """Characters outside the alphabet skipped, padding not needed, a lone last character dropped."""
    kept = _OUTSIDE_BASE64.sub("", encoded)
    whole = kept[:-1] if len(kept) % 4 == 1 else kept
    return a2b_base64(whole + "=" * (-len(whole) % 4))


def _form_decoded(text: str) -> str:
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text


def _credentials(client_id: str | None, secret: str | None, other_id: str | None = None) -> ClientCredentials:
    return ClientCredentials(id=client_id, secret=None if secret is None else Secret(secret), other_id=other_id)


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)
