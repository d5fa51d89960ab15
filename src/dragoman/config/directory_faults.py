"""What no single field of the directory's settings can say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from dragoman.core.ip_address import is_this_machine

if TYPE_CHECKING:
    from dragoman.config.directory import DirectoryTable, HttpDirectoryTable, LdapDirectoryTable

_VISIBLE = re.compile(r"[\x21-\x7e]+")


def fault_of_directory(table: DirectoryTable) -> str | None:
    """Why the directory cannot be used, as a key and a sentence with a remedy; None if it can. No URL is repeated."""
    named = [name for name in ("sql", "http", "ldap") if getattr(table, name).url is not None]
    if len(named) > 1:
        return f"directory: {' and '.join(named)} both have a url; there is one directory, so take one of them out"
    if table.http.url is not None:
        return _fault_of_http(table.http)
    if table.ldap.url is not None:
        return _fault_of_ldap(table.ldap)
    return None


def _fault_of_http(table: HttpDirectoryTable) -> str | None:
    parts = _parts(table.url or "", ("https", "http"))
    if parts is None or parts.fragment or not _VISIBLE.fullmatch(table.url or ""):
        return "directory.http.url: not an address; write it as https://accounts.example.com/dragoman"
    if parts.scheme == "http" and not is_this_machine(parts.hostname or ""):
        return "directory.http.url: passwords would go there without TLS; write https://"
    if table.bearer is None and table.signing_key is None:
        return "directory.http: anybody could ask the service for passwords; set bearer, signing_key or both"
    if table.bearer is not None and not _VISIBLE.fullmatch(table.bearer):
        return "directory.http.bearer: a token has neither spaces nor other than ASCII characters (RFC 6750 §2.1)"
    return None


def _fault_of_ldap(table: LdapDirectoryTable) -> str | None:
    parts = _parts(table.url or "", ("ldaps", "ldap"))
    if parts is None or parts.path.strip("/") or parts.query or parts.fragment:
        return "directory.ldap.url: not an address; write it as ldaps://ldap.example.com"
    plain = parts.scheme == "ldap" and not table.start_tls
    if plain and not is_this_machine(parts.hostname or ""):
        return "directory.ldap.start_tls: passwords would go there without TLS; set it to true, or write ldaps://"
    if bool(table.bind_dn) != bool(table.bind_password):
        return "directory.ldap: bind_dn and bind_password go together; set both, or none to search anonymously"
    for key, parameter in (("filter", "{login}"), ("find_filter", "{id}"), ("groups_filter", "{dn}")):
        if parameter not in getattr(table, key):
            return f"directory.ldap.{key}: {parameter} is missing"
    return None if table.base else "directory.ldap.base: missing; write the DN below which people are"


def _parts(text: str, schemes: tuple[str, ...]) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts if parts.scheme in schemes and host and "@" not in parts.netloc else None
