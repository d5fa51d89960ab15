"""All settings. Every field's docstring is its documentation."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from dragoman.config.directory import DirectoryTable
from dragoman.config.mirror import MirrorTable
from dragoman.config.old_servers import BridgeTable, ShadowTable
from dragoman.config.table import Table
from dragoman.core.secret import Secret

_FILE = re.compile(r"[./].*|[^:@=]*", re.DOTALL)
_OF_ONE_SERVER = 0.25
"""Seconds for which an access token is remembered where no other server can have ended it."""
Issuer = Annotated[str, Meta(pattern=r"^https?://[^?#\s]+$")]
WeakFormat = Literal[
    "noop", "NT", "MD4", "MD5", "SHA-1", "SHA-256", "SSHA", "SSHA256", "SSHA384", "SSHA512", "SMD5", "SHA",
    "SHA256", "SHA384", "SHA512", "digest"
]  # fmt: skip


class ServerTable(Table, frozen=True):
    """How the server listens."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    """The port to listen on; 0 takes a free one."""
    tls_certificate: str | None = None
    """A PEM file with the certificate chain; with `tls_key` the server speaks TLS itself."""
    tls_key: str | None = None
    """A PEM file with the certificate's private key."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks (CIDR) of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    body_limit: Annotated[int, Meta(ge=1024, le=1048576)] = 32768
    """The largest request body in bytes; more is refused before anything is done with it."""
    head_limit: Annotated[int, Meta(ge=4096, le=65536)] = 16384
    """The longest head of a request in bytes: its request line and header fields. The URL may take half of it."""
    head_seconds: Annotated[int, Meta(ge=1, le=60)] = 10
    """How long the head of a request may take to arrive, from its first byte on; for the first one of a connection,
    from when the connection was opened. A TLS handshake has as long."""
    body_seconds: Annotated[int, Meta(ge=1, le=600)] = 10
    """How long the body of a request may take to arrive; then the answer is 408, and nothing is done with it."""
    answer_seconds: Annotated[int, Meta(ge=1, le=600)] = 10
    """How long an answer may lie here because its reader does not take it; then the connection is dropped."""
    idle_seconds: Annotated[int, Meta(ge=1, le=3600)] = 30
    """How long a connection stays open between two requests. Longer than a reverse proxy keeps its own, or it may be
    closed under a request that is on its way."""
    connections_per_address: Annotated[int, Meta(ge=0, le=65536)] = 256
    """How many connections an address (of IPv6, a /64) may have at each worker; 0 is any number. Trusted proxies and
    this machine may have any number."""
    drain_seconds: Annotated[int, Meta(ge=0, le=600)] = 10
    """How long requests in flight may take to finish after SIGTERM or Ctrl-C."""
    hang_seconds: Annotated[int, Meta(ge=0, le=3600)] = 60
    """How long a worker may stand still, as in a deadlock or a call that does not return, until it is killed and
    another takes its place; 0: for ever. Time in which the whole server stood still does not count."""
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    """How many processes answer; more than one for each core is of no use. `dragoman serve --workers` overrides it."""


class MountTable(Table, frozen=True):
    """One dialect at one place."""

    dialect: str
    """The dialect's name; `dragoman dialect list` shows all."""
    prefix: Annotated[str, Meta(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    """A path before all of the dialect's paths."""
    paths: dict[str, tuple[str, ...]] = {}
    """Paths in place of the dialect's own, by endpoint: token, introspection, revocation, key, jwks, metadata."""
    account_state: Literal["hidden", "shown"] = "hidden"
    """Whether someone with the right password is told that the account is locked, disabled or expired, where the
    dialect has words for it. Hidden, every cause is told as a wrong password."""
    shared_key: Literal["hidden", "shown"] = "hidden"
    """Whether the dialect's key endpoint shows a shared (HS256) key to clients that may read it."""
    origins: tuple[str, ...] = ()
    """Origins (`https://app.example.com`, exactly as browsers send them) whose pages may read the answers of the token,
    revocation, JWKS and metadata endpoints (CORS). Without any, no page of another origin can."""
    demo_resource: bool = False
    """Whether the dialect's demo resource is mounted: who am I, which scope, on whose behalf."""
    shadow: ShadowTable = ShadowTable()
    bridge: BridgeTable = BridgeTable()


class PasswordsTable(Table, frozen=True):
    """Password hashing: argon2id (RFC 9106)."""

    memory_kib: Annotated[int, Meta(ge=8, le=1048576)] = 19456
    """Memory of one hash in KiB."""
    iterations: Annotated[int, Meta(ge=1, le=20)] = 2
    """Passes over the memory."""
    parallelism: Annotated[int, Meta(ge=1, le=16)] = 1
    """Lanes of one hash."""
    slots: Annotated[int, Meta(ge=0, le=256)] = 0
    """How many hashes run at once, in all workers together; 0: one for each core that the server may use."""
    queue: Annotated[int, Meta(ge=0, le=1000)] = 64
    """How many more may wait in each worker, in turn by client and address; beyond that the answer is 503."""
    refused: tuple[str, ...] = ()
    """Lists of passwords that may not be set, beside the one that ships: files with a password a line, files or folders
    with SHA-1 hashes of leaked passwords; docs/passwords.md describes them. Log-ins do not ask them."""
    weak_formats: tuple[WeakFormat, ...] = ()
    """Formats of imported hashes that are hardly better than plain text and count only if they are named here:
    docs/password-hashes.md lists them. A log-in replaces them by a stronger hash."""


class ThrottleTable(Table, frozen=True):
    """How often secrets may be guessed (NIST SP 800-63B-4 §3.2.2); docs/throttling.md tells what each limit is for."""

    enabled: bool = True
    """Whether guesses are counted at all. Without it the hash of a password is all that slows a guesser down."""
    account_failures: Annotated[int, Meta(ge=1, le=1000000)] = 5
    """How many wrong passwords in a row an account takes before each further one has to wait."""
    first_wait_seconds: Annotated[int, Meta(ge=1, le=3600)] = 2
    """The wait after those; each further wrong password doubles it."""
    longest_wait_seconds: Annotated[int, Meta(ge=1, le=86400)] = 900
    """What no wait exceeds."""
    account_limit: Annotated[int, Meta(ge=2, le=1000000)] = 100
    """How many wrong passwords in a row an account takes in all. A fifth of them is kept for addresses from which its
    owner has logged in before; strangers have the rest. With a `shared` server a half of it is for when that answers,
    and a half for when it does not."""
    account_memory_seconds: Annotated[int, Meta(ge=60, le=31536000)] = 86400
    """For how long after the last wrong password they are remembered."""
    address_failures: Annotated[int, Meta(ge=1, le=1000000)] = 50
    """How many wrong passwords and client secrets may come from one address (of IPv6: one /64) before it is answered
    429."""
    address_seconds: Annotated[int, Meta(ge=1, le=86400)] = 600
    """From the first of those until the address begins anew."""
    shared_addresses: tuple[str, ...] = ()
    """Networks (CIDR) whose addresses many people have in common: a company's way out, a back end that does not tell
    whom it speaks for."""
    shared_address_failures: Annotated[int, Meta(ge=1, le=1000000)] = 1000
    """The same as address_failures, for each of those addresses."""
    client_failures: Annotated[int, Meta(ge=1, le=1000000)] = 1000
    """How many wrong passwords and secrets through one client, within address_seconds, raise an alarm. Nobody is
    refused for it."""
    machines: Annotated[int, Meta(ge=1, le=1000)] = 1
    """How many machines answer for one database without a `shared` server: each keeps to its part of every limit."""


class FormerTable(Table, frozen=True, kw_only=True):
    """A server that stood here before, whose refresh tokens go on being good (docs/sessions.md)."""

    format: str
    """What its refresh tokens are; docs/sessions.md lists all formats."""
    key: str | None = None
    """The file, readable by its owner alone, with the key that they are read with, where the format has one."""
    cut_over: Annotated[datetime, Meta(tz=True)]
    """When it stopped, with an offset, as in 2026-11-01T04:00:00Z: what its key made later is refused. After a restore
    that ended sessions here, later than this, none of its own is adopted any more."""
    until: Annotated[datetime, Meta(tz=True)]
    """From when on no further session is adopted. Those that were adopted go on."""
    issuer: str | None = None
    """What the claim `iss` of its tokens has to say; without it, they may not have one."""
    unlisted: bool = False
    """Whether sessions are adopted that `dragoman import --sessions` has not listed: then nobody here knows which ones
    were ended there. Servers that keep no row of their sessions need it."""
    ends: Literal["kept", "renewed"] = "kept"
    """Whether an adopted session ends when it would have there, or lives as long as one that begins now, as the next
    refresh would have had it at servers that begin the lifetime anew with each one. Kept, one without an end, or whose
    end nobody knows, ends at `until`."""
    weak_key: bool = False
    """Whether the key may be a text of fewer than 32 bytes, which others may find out by trying."""


class LogTable(Table, frozen=True):
    """The log, one JSON object a line, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important events that are written."""


class AuditTable(Table, frozen=True):
    """The audit: a line for each outcome with its true reason, chained so that tampering shows (docs/audit.md)."""

    to: Literal["files", "log"] = "files"
    """Where it is written: to files of its own, or among the lines of the log, where nothing can be written to."""
    files: str = "audit"
    """The folder of its files."""
    kept_days: Annotated[int, Meta(ge=1, le=3650)] = 365
    """For how many days they are kept; then whole files are taken away."""
    file_mib: Annotated[int, Meta(ge=1, le=1024)] = 64
    """How large a file may become before another follows it; so one does at the end of each day (UTC)."""
    refusals_a_minute: Annotated[int, Meta(ge=1)] = 1000
    """So many refusals of one kind that cost their sender nothing have a line each in a minute, in each worker; the
    others are counted in one line (docs/audit.md)."""


class MetricsTable(Table, frozen=True):
    """Metrics for Prometheus, on a port of their own: whoever reaches it may read them."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    """The port that answers `/metrics`, and `dragoman throttle show`; 0 takes a free one. Not set, no metric is
    counted."""


class TelemetryTable(Table, frozen=True):
    """Traces for OpenTelemetry: a span for each request (docs/tracing.md). They need `dragoman[telemetry]`."""

    endpoint: str | None = None
    """Where spans are sent by OTLP over HTTP: the whole URL, as in https://collector.example.com/v1/traces. Not set, no
    span is made."""
    service_name: Annotated[str, Meta(min_length=1, max_length=255)] = "dragoman"
    """What this server is called in traces."""
    sample_ratio: Annotated[float, Meta(ge=0, le=1)] = 1.0
    """The part of traces that is kept. For a request that a trusted proxy has put into a trace, the proxy decides."""
    queue: Annotated[int, Meta(ge=64, le=65536)] = 4096
    """How many spans may wait for the collector in each worker; beyond that they are dropped, and counted in the
    log."""
    addresses: bool = False
    """Whether spans tell the address that a request comes from."""


class Configuration(Table, frozen=True):
    """All settings."""

    issuer: Issuer = "http://127.0.0.1:8000"
    """The address by which tokens and metadata name this server (RFC 8414 §2); never taken from a request. A JWT that
    names another is refused, if by a slash."""
    accepted_issuers: tuple[Issuer, ...] = ()
    """Whom JWTs with our keys may name besides: what `issuer` was before a change of it, or is at another server of the
    same database. Without it a change of `issuer` ends them (docs/operations.md)."""
    database: str = "dragoman.db"
    """Where clients, people and sessions are kept: the path of an SQLite file, relative to the folder of the
    configuration file, or the URL of a PostgreSQL database (postgresql://user:password@host/database). It may hold a
    password: then give it by the environment, or keep the file private. A path with `:`, `@` or `=` in it has to begin
    with `/` or `.`."""
    keys: str = "keys"
    """The folder of keys."""
    shared: str | None = None
    """Where processes tell each other what has changed, and machines count guesses together: the URL of a Redis or
    Valkey (redis://user:password@host:port, rediss:// for TLS). Everything works without. It may hold a password: then
    give it by the environment, or keep the file private."""
    shared_prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "dragoman"
    """What its channels and keys there begin with; another one for each installation that shares the server."""
    dialect_folders: tuple[str, ...] = ()
    """Folders with dialect files of your own."""
    session_format_folders: tuple[str, ...] = ()
    """Folders with formats of your own of former refresh tokens (docs/session-formats.md)."""
    signing_algorithm: Literal["ES256", "RS256", "EdDSA"] = "ES256"
    """What access tokens are signed with where their dialect does not say."""
    client_cache_seconds: Annotated[int, Meta(ge=0, le=60)] = 1
    """How long a change of a client may go unnoticed by a process that hears of none; docs/shared-state.md says when
    more than a second is wise."""
    access_token_cache_seconds: Annotated[float, Meta(ge=0, le=5)] | None = None
    """For how long what was read of an access token counts where it is asked about again: how long its end, that of its
    session or of its resource owner may go unnoticed, where a command or another server has brought it about. The
    workers of one server tell each other at once. Without it, a quarter of a second where the database is a file, which
    one server has for itself, and nothing where other servers may share it: then it is read each time."""
    revocations_kept_days: Annotated[int, Meta(ge=1, le=3650)] = 90
    """For how many days a revoked grant is kept, with the address and software that ended it, so that
    `dragoman token report` can count false alarms."""
    server: ServerTable = ServerTable()
    mounts: tuple[MountTable, ...] = (MountTable(dialect="standard"),)
    scopes: dict[str, str] = {}
    """Scopes this server knows, with a description each; without any, each client's own scopes are the known ones."""
    former: tuple[FormerTable, ...] = ()
    """Servers that stood here before, a table [[former]] for each, below all that stands at the top level."""
    passwords: PasswordsTable = PasswordsTable()
    throttle: ThrottleTable = ThrottleTable()
    log: LogTable = LogTable()
    audit: AuditTable = AuditTable()
    metrics: MetricsTable = MetricsTable()
    telemetry: TelemetryTable = TelemetryTable()
    directory: DirectoryTable = DirectoryTable()
    mirror: MirrorTable = MirrorTable()
    folder: str = "."
    """Where relative paths start. Set by reading; not to be written in the file."""

    def path(self, name: str) -> Path:
        """A path as the configuration has it, made absolute: from the folder of its file on."""
        return (Path(self.folder) / name).absolute()

    def location(self) -> Path | Secret:
        """Where the database is: a file, or what may be a URL with a password, however badly written."""
        return self.path(self.database) if _FILE.fullmatch(self.database) else Secret(self.database)

    def access_token_cache(self) -> float:
        """For how many seconds what was read of an access token counts."""
        if self.access_token_cache_seconds is not None:
            return self.access_token_cache_seconds
        return _OF_ONE_SERVER if isinstance(self.location(), Path) else 0

    def shared_location(self) -> Secret | None:
        """Where the shared server is, by a URL that may hold a password; None where there is none."""
        return None if self.shared is None else Secret(self.shared)

    def __repr__(self) -> str:
        """Without settings: one of them may hold a password."""
        return f"Configuration(folder={self.folder!r})"
