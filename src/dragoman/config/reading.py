"""`dragoman.toml` and the environment, read strictly; each mistake told with its place and remedy."""

from __future__ import annotations

import ipaddress
import os
import tomllib
from typing import TYPE_CHECKING, get_args, get_origin

import msgspec

from dragoman.config.directory_faults import fault_of_directory
from dragoman.config.mirror import fault_of_mirror
from dragoman.config.old_server_faults import fault_of_old_servers
from dragoman.config.settings import Configuration
from dragoman.config.table import Table
from dragoman.config.urls import why_no_issuer, why_no_server
from dragoman.core.errors import Fault
from dragoman.shared_server.address import read_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CONFIG_NAME = "dragoman.toml"
PREFIX = "DRAGOMAN_"
_NOT_SETTINGS = frozenset(
    {
        "DRAGOMAN_CONFIG",
        "DRAGOMAN_FAILPOINTS",
        "DRAGOMAN_OPERATOR",
        "DRAGOMAN_VERIFY_CLIENT_SECRET",
        "DRAGOMAN_VERIFY_PASSWORD",
    }
)

_NOT_TO_BE_SET = frozenset({"folder"})
_ARGON2_KIB_A_LANE = 8
"""The least memory that argon2 takes, for each lane (RFC 9106 §3.1)."""


class ConfigurationFault(Fault):
    """The configuration cannot be used; the message names file, key and remedy."""


def read_configuration(path: Path, environment: Mapping[str, str] = os.environ) -> Configuration:
    """The settings of this file, with those of the environment over them. Raises ConfigurationFault."""
    return judge(read_table(path), path, environment)


def judge(table: Mapping[str, object], path: Path, environment: Mapping[str, str] = os.environ) -> Configuration:
    """The settings of what stands in this file, with those of the environment over them. Raises ConfigurationFault."""
    if "folder" in table:
        raise ConfigurationFault(f"{path}: there is no setting `folder`; take it out")
    settings = _with_environment(table, environment)
    settings["folder"] = str(path.parent)
    try:
        configuration = msgspec.convert(settings, Configuration)
    except msgspec.ValidationError as error:
        raise ConfigurationFault(_told(path, error)) from None
    _check(configuration, path)
    return configuration


def read_table(path: Path) -> dict[str, object]:
    """What stands in the file, unjudged. Raises ConfigurationFault."""
    return table_of(read_text(path), path)


def read_text(path: Path) -> str:
    """The file as it is. Raises ConfigurationFault."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationFault(
            f"{path}: no such file; `dragoman init {path.parent}` makes one, or name another with --config"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationFault(f"{path}: cannot be read: {error}") from None


def table_of(text: str, path: Path) -> dict[str, object]:
    """What stands in this text of that file, unjudged. Raises ConfigurationFault."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationFault(f"{path}: not TOML: {error}; mend that place") from None
    except RecursionError:
        raise ConfigurationFault(f"{path}: lists or tables stand in each other too deep; mend that place") from None


def _with_environment(table: Mapping[str, object], environment: Mapping[str, str]) -> dict[str, object]:
    """`DRAGOMAN_SERVER__PORT=9000` sets `port` in `[server]`; values are TOML, or text if they are not."""
    merged = dict(table)
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name in _NOT_SETTINGS:
            continue
        *tables, key = steps = name.removeprefix(PREFIX).lower().split("__")
        if not _is_setting(steps):
            raise ConfigurationFault(
                f"environment {name}: there is no such setting; unset it (docs/configuration.md lists all variables)"
            )
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise ConfigurationFault(f"environment {name}: the value is not UTF-8; set it anew")
        target = merged
        for one in tables:
            inner = target.get(one, {})
            if not isinstance(inner, dict):
                raise ConfigurationFault(f"environment {name}: {one} is not a table; unset it")
            target[one] = dict(inner)
            target = target[one]  # type: ignore[assignment]  # just made a dictionary
        target[key] = _toml_value(value)
    return merged


def _is_setting(steps: Sequence[str]) -> bool:
    """Whether these names lead from the top, table by table, to something that may be set."""
    found: object = Configuration
    for step in steps:
        if get_origin(found) is dict and step:
            found = get_args(found)[1]
        elif isinstance(found, type) and issubclass(found, Table) and step not in _NOT_TO_BE_SET:
            found = {field.name: field.type for field in msgspec.structs.fields(found)}.get(step)
        else:
            return False
    return found is not None


def _toml_value(text: str) -> object:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text


def _told(path: Path, error: msgspec.ValidationError) -> str:
    message, _, place = str(error).partition(" - at `$")
    key = place.rstrip("`").lstrip(".") or "the top level"
    if "unknown field" in message:
        return f"{path}, {key}: {message[0].lower()}{message[1:]}; docs/configuration.md lists all settings"
    told = f"{message[0].lower()}{message[1:]}"
    return f"{path} (or a {PREFIX}… variable), {key}: {told}; docs/configuration.md says what it may be"


def _check(configuration: Configuration, path: Path) -> None:
    """What no single field can say."""
    server, passwords = configuration.server, configuration.passwords
    if (server.tls_certificate is None) != (server.tls_key is None):
        raise ConfigurationFault(f"{path}, server: tls_certificate and tls_key go together; set both or none")
    for network in server.trusted_proxies:
        if reason := _why_no_proxies(network):
            raise ConfigurationFault(f"{path}, server.trusted_proxies: {reason}")
    for network in configuration.throttle.shared_addresses:
        if reason := _why_no_network(network):
            raise ConfigurationFault(f"{path}, throttle.shared_addresses: {reason}")
    least = _ARGON2_KIB_A_LANE * passwords.parallelism
    if passwords.memory_kib < least:
        raise ConfigurationFault(
            f"{path}, passwords.memory_kib: argon2 needs at least {least} for parallelism = {passwords.parallelism}"
        )
    _check_issuers(configuration, path)
    _check_endpoint(configuration.telemetry.endpoint, path)
    if location := configuration.shared_location():
        read_address(location)
    _check_mounts(configuration, path)
    mounted = {mount.dialect for mount in configuration.mounts}
    if reason := fault_of_directory(configuration.directory) or fault_of_mirror(configuration.mirror, mounted):
        raise ConfigurationFault(f"{path}, {reason}")


def _check_issuers(configuration: Configuration, path: Path) -> None:
    for key, issuers in (("issuer", (configuration.issuer,)), ("accepted_issuers", configuration.accepted_issuers)):
        if reason := next(filter(None, map(why_no_issuer, issuers)), None):
            raise ConfigurationFault(f"{path}, {key}: {reason}; write it as https://login.example.com")


def _check_mounts(configuration: Configuration, path: Path) -> None:
    if not configuration.mounts:
        raise ConfigurationFault(f"{path}, mounts: none; add [[mounts]] with a dialect")
    if reason := fault_of_old_servers(configuration):
        raise ConfigurationFault(f"{path}, mounts, {reason}")


def _why_no_network(text: str) -> str | None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        return f"{error}; write networks as 10.0.0.0/8"
    return None


def _why_no_proxies(text: str) -> str | None:
    if reason := _why_no_network(text):
        return reason
    if ipaddress.ip_network(text).prefixlen == 0:
        return f"{text} is everyone: anyone could write the address they come from; name your proxies' own networks"
    return None


def _check_endpoint(text: str | None, path: Path) -> None:
    """A secret of the collector's belongs in OTEL_EXPORTER_OTLP_HEADERS, not into an address; it is not repeated."""
    if text is not None and (reason := why_no_server(text)):
        raise ConfigurationFault(
            f"{path}, telemetry.endpoint: {reason}; write it as https://collector.example.com/v1/traces"
        )
