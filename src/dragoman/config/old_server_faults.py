"""What no single field of the settings of old servers can say."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dragoman.config.urls import why_no_server
from dragoman.core.ip_address import is_this_machine

if TYPE_CHECKING:
    from dragoman.config.old_servers import BridgeTable, ShadowTable
    from dragoman.config.settings import Configuration, MountTable

_NO_ADDRESS_HEADERS = frozenset(
    {"host", "authorization", "cookie", "content-type", "content-length", "connection", "transfer-encoding"}
)


def fault_of_old_servers(configuration: Configuration) -> str | None:
    """Why the tables `shadow` and `bridge` of these mounts cannot be meant: the place, and the remedy."""
    for mount in configuration.mounts:
        if reason := _why_not(mount):
            return f"{mount.dialect}, {reason}"
    bridged = [mount.dialect for mount in configuration.mounts if mount.bridge.old_server_url is not None]
    if len(bridged) > 1:
        return f"{bridged[1]}, bridge: one mount at most may have one; take it out here or there"
    if bridged and configuration.directory.configured:
        return (
            f"{bridged[0]}, bridge: accounts can live in a directory or come from an old server, not both; take one out"
        )
    return None


def _why_not(mount: MountTable) -> str | None:
    shadow, bridge = mount.shadow, mount.bridge
    for name, table in (("shadow", shadow), ("bridge", bridge)):
        if reason := _why_no_address(table):
            return f"{name}.{reason}"
    if bridge.old_server_url is None:
        return None
    if shadow.old_server_url is not None:
        return "bridge: a mount in shadow answers nobody itself; take the shadow out first"
    if bridge.until is None:
        return "bridge.until: nothing lasts for ever; write a date as in 2026-11-01T04:00:00Z"
    if not bridge.clients:
        return "bridge.clients: none; name the clients whose people and sessions may come from there"
    return None


def _why_no_address(table: ShadowTable | BridgeTable) -> str | None:
    if table.address_header.lower() in _NO_ADDRESS_HEADERS:
        return "address_header: that header says something else; name one of your own"
    url = table.old_server_url
    if url is None:
        return None
    if reason := why_no_server(url):
        return f"old_server_url: {reason}; write it as https://old.example.com"
    if table.plain_http or url.startswith("https:") or is_this_machine(urlsplit(url).hostname or ""):
        return None
    return (
        "old_server_url: passwords would cross the network in plain text; write https://, or set plain_http = true if "
        "you trust it"
    )
