"""The parts of a server as the configuration has them: what the server and the commands beside it both open."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from dragoman.audit.logged import LineAudit
from dragoman.audit.recording import FolderAudit
from dragoman.audit.writing import Files
from dragoman.core.rules import ServerRules
from dragoman.dialects.dialect import KeyFacts, compile_recipe
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.dialects.schema import TokenWords
from dragoman.former_sessions.adoption import FormerServer
from dragoman.former_sessions.files import list_formats, load_format
from dragoman.former_sessions.format import FormerFault, FormerKey
from dragoman.hashing.cores import hash_slots
from dragoman.hashing.format import Limits
from dragoman.hashing.formats.argon2 import Argon2Profile
from dragoman.hashing.hashes_apart import HashesApart
from dragoman.hashing.pool import PasswordHasher
from dragoman.http.mount import Mount, check_mounts
from dragoman.store.version import READS_TICKETS
from dragoman.tokens.current import CurrentTokens
from dragoman.tokens.format import Issuers
from dragoman.tokens.issuer import TokenIssuer, open_issuer
from dragoman.tokens.key_files import read_keys, read_private_file
from dragoman.tokens.keyring import create_missing, keyring_of, load_keyring, verification_key
from dragoman.tokens.keys import KeyFault, Purpose

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from dragoman.config.settings import Configuration, FormerTable
    from dragoman.core.rules import TokenRecipe
    from dragoman.dialects.dialect import Dialect
    from dragoman.http.log import Log
    from dragoman.store.store import Store
    from dragoman.tokens.keyring import Keyring

_JCA_NAMES = {"HS256": "HMACSHA256", "RS256": "SHA256withRSA", "ES256": "SHA256withECDSA", "EdDSA": "Ed25519"}
_WORTH_A_PROCESS_KIB = 4096
"""Memory times passes of a hash that takes longer than to hand it over, some ten times."""


def epoch_seconds() -> int:
    """The clock of everything that is wired here."""
    return int(time.time())


def load_dialects(configuration: Configuration) -> Mapping[str, Dialect]:
    """The dialects that are mounted, by name. Raises DialectFault."""
    files = list_dialects([configuration.path(folder) for folder in configuration.dialect_folders])
    keys = {mount.dialect: f"mounts[{number}].dialect: " for number, mount in enumerate(configuration.mounts)}
    return {name: load_dialect(name, files, asked_by=key) for name, key in keys.items()}


def needed_algorithms(configuration: Configuration, dialects: Mapping[str, Dialect]) -> Mapping[str, str]:
    """The JOSE algorithms that must have a key, each with who needs it."""
    needed: dict[str, str] = {configuration.signing_algorithm: "the setting signing_algorithm"}
    for dialect in dialects.values():
        algorithm = dialect.rules.access_token.algorithm
        if algorithm is not None:
            needed.setdefault(algorithm, f"the dialect {dialect.name}")
    return needed


def create_keys(configuration: Configuration) -> tuple[str, ...]:
    """Make the keys that the mounted dialects need and that are missing; their ids. Raises KeyFault, DialectFault."""
    needed = needed_algorithms(configuration, load_dialects(configuration))
    return create_missing(configuration.path(configuration.keys), needed, epoch_seconds())


def open_passwords(
    configuration: Configuration, *, serving: bool = False, asking: socket.socket | None = None
) -> PasswordHasher:
    """The hashing of one process, as configured; `serving` where requests are answered beside it.

    `asking`: where the server's hash processes are asked; without it a process that serves has its own.
    """
    table = configuration.passwords
    profile = Argon2Profile(memory_kib=table.memory_kib, passes=table.iterations, lanes=table.parallelism)
    limits = Limits(weak_formats=frozenset(table.weak_formats))
    slots = hash_slots(table.slots)
    apart = None
    if serving and profile.memory_kib * profile.passes >= _WORTH_A_PROCESS_KIB:
        apart = HashesApart.alone(slots) if asking is None else HashesApart(asking, slots)
    share = max(1, slots // configuration.server.workers)
    return PasswordHasher(profile=profile, slots=share, waiting=table.queue, limits=limits, apart=apart)


def open_audit(configuration: Configuration, key: bytes, log: Log) -> FolderAudit | LineAudit:
    """Where a server's events go, as configured. Raises AuditFault."""
    table = configuration.audit
    if table.to == "log":
        return LineAudit(key, log.put, time.time)
    files = Files(folder=configuration.path(table.files), key=key, largest=table.file_mib * 2**20)
    return FolderAudit(files, log, time.time)


def read_audit_key(configuration: Configuration) -> bytes:
    """The key of the audit's chains, also where a server would refuse to start with its keys. Raises KeyFault."""
    folder = configuration.path(configuration.keys)
    keys = read_keys(folder)
    if not any(key.purpose is Purpose.DIGEST for key in keys):
        raise KeyFault(f"the digest key, which the audit needs too, is missing from {folder}; restore it from a backup")
    return keyring_of(keys).audit_key()


def read_keyring(folder: Path) -> Keyring:
    """The keys of this folder as they stand now. Raises KeyFault."""
    return load_keyring(folder, epoch_seconds())


def server_rules(configuration: Configuration) -> ServerRules:
    """What holds in every dialect: issuer, known scopes, and how access tokens are spelled that a client may choose."""
    return ServerRules(issuer=configuration.issuer, known_scopes=frozenset(configuration.scopes), recipes=_recipes())


def _recipes() -> Mapping[str, TokenRecipe]:
    """What a client may have in place of its dialect's (docs/adr/opaque-tokens.md)."""
    at_jwt = load_dialect("standard", list_dialects(())).rules.access_token
    reference = compile_recipe(TokenWords(format="reference", prefix="dga_"))
    ticket = compile_recipe(TokenWords(format="sealed", prefix="dga_"))
    return {"at+jwt": at_jwt, "opaque": replace(ticket, otherwise=reference)}


async def standing_rules(configuration: Configuration, store: Store) -> ServerRules:
    """The same, with what the database adds; and with no token that an older server beside this one could not read."""
    server = replace(server_rules(configuration), not_before=await store.installation.not_before())
    if await store.installation.fits_from() >= READS_TICKETS:
        return server
    opaque = server.recipes["opaque"].otherwise or server.recipes["opaque"]
    return replace(server, recipes={**server.recipes, "opaque": opaque})


def open_tokens(
    configuration: Configuration,
    dialects: Mapping[str, Dialect],
    store: Store,
    now: Callable[[], int],
    tell_of_issuer: Callable[[str], None] = lambda _named: None,
) -> CurrentTokens:
    """Tokens of all dialects over the keys as they stand. Raises KeyFault, TokenFault.

    `tell_of_issuer` hears whom a JWT with our keys names that is not accepted.
    """
    access = [*(dialect.rules.access_token for dialect in dialects.values()), *_recipes().values()]
    refresh = [dialect.rules.refresh_token for dialect in dialects.values()]

    issuers = Issuers(own=configuration.issuer, accepted=configuration.accepted_issuers, tell=tell_of_issuer)

    def open_over(keyring: Keyring) -> TokenIssuer:
        return open_issuer(
            keyring=keyring,
            access_recipes=access,
            refresh_recipes=refresh,
            find_access_token=store.find_access_token,
            clock=now,
            issuers=issuers,
            default_algorithm=configuration.signing_algorithm,
        )

    return CurrentTokens(configuration.path(configuration.keys), open_over, now)


def open_former_servers(configuration: Configuration) -> tuple[FormerServer, ...]:
    """The servers that stood here before, with their keys. Raises FormerFault, KeyFault."""
    files = list_formats([configuration.path(folder) for folder in configuration.session_format_folders])
    return tuple(_former_server(configuration, table, files) for table in configuration.former)


def _former_server(configuration: Configuration, table: FormerTable, files: Mapping[str, Path]) -> FormerServer:
    found = load_format(table.format, files)
    if not found.listed and not table.unlisted:
        raise FormerFault(
            f"former: no import lists sessions of {table.format}: their server keeps no rows. Set unlisted = true "
            "there, if sessions that were ended at the old server may come back"
        )
    content = None if table.key is None else read_private_file(configuration.path(table.key))
    key = FormerKey(content=content, issuer=table.issuer, weak=table.weak_key)
    return FormerServer(
        format=table.format,
        reader=found.open_format(key),
        cut_over=int(table.cut_over.timestamp()),
        until=int(table.until.timestamp()),
        unlisted=table.unlisted,
        renewed=table.ends == "renewed",
    )


def build_mounts(configuration: Configuration, dialects: Mapping[str, Dialect]) -> tuple[Mount, ...]:
    """Where the dialects stand. Raises Fault where two would answer at one path."""
    mounts = tuple(
        Mount(
            dialect=dialects[table.dialect],
            prefix=table.prefix,
            paths=table.paths,
            account_state_shown=table.account_state == "shown",
            shared_key_shown=table.shared_key == "shown",
            demo_resource=table.demo_resource,
            origins=frozenset(table.origins),
        )
        for table in configuration.mounts
    )
    check_mounts(mounts)
    return mounts


def shown_key(
    tokens: CurrentTokens, default_algorithm: str, now: Callable[[], int]
) -> Callable[[str | None, tuple[str, ...]], KeyFacts]:
    """The key that signs tokens of a JOSE algorithm and an audience, as a key endpoint shows it."""

    def show(algorithm: str | None, audience: tuple[str, ...]) -> KeyFacts:
        key = verification_key(tokens.keyring, algorithm or default_algorithm, now(), audience)
        return KeyFacts(jca_name=_JCA_NAMES[key.algorithm], value=key.text.reveal())

    return show
