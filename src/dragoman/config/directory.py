"""The settings of the directory: where accounts live that do not live here."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from dragoman.config.table import Table

Column = Annotated[str, Meta(min_length=1, max_length=128)]
Attribute = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9;.-]*$", max_length=128)]


class ColumnsTable(Table, frozen=True):
    """What the columns are called that the queries find. Those that are not found say nothing, but three are needed."""

    id: Column = "id"
    """What tokens call the account (`sub`): needed, never reused for somebody else, never changed."""
    username: Column = "username"
    """The user name: needed. Whoever logs in has to have written it, or the e-mail, but for case and the like."""
    email: Column = "email"
    """The e-mail, which is a second login name."""
    first_name: Column = "first_name"
    """The given name."""
    last_name: Column = "last_name"
    """The family name."""
    password_hash: Column = "password_hash"
    """The hash of the password: needed. docs/password-hashes.md lists the formats."""
    authorities: Column = "authorities"
    """Roles or authorities: an array, a JSON list, or names with authorities_separator between them."""
    enabled: Column = "enabled"
    """Whether the account may be used; it may where nothing is said."""
    locked: Column = "locked"
    """Whether it is locked."""
    expired: Column = "expired"
    """Whether its time is over."""
    password_expired: Column = "password_expired"
    """Whether its password no longer counts."""


class SqlDirectoryTable(Table, frozen=True):
    """A table of accounts in an SQL database, which is only read."""

    url: str | None = None
    """The database: the path of an SQLite file, postgresql://user:password@host/database, or
    mysql://user:password@host/database. It may hold a password: then give it by the environment, or keep the file
    private."""
    log_in: str = ""
    """The query that finds the account with the login name :login, in one row."""
    find: str = ""
    """The query that finds the account with the identifier :id, in one row with the same columns."""
    sample: str = ""
    """A query whose first column holds stored hashes, at most 10000 rows of it are read: of which kinds the hashes are,
    so that unknown names take as long as known ones. Without it they cost what those of accounts cost that live
    here."""
    authorities_separator: Annotated[str, Meta(min_length=1, max_length=8)] | None = None
    """What stands between authorities in one text; white space unless said."""
    columns: ColumnsTable = ColumnsTable()

    def __repr__(self) -> str:
        """Without settings: one of them may be a secret."""
        return "SqlDirectoryTable(…)"


class HttpDirectoryTable(Table, frozen=True):
    """A service of yours that is asked over HTTP; docs/accounts-elsewhere.md has its contract."""

    url: str | None = None
    """Where it is asked, as in https://accounts.example.com/dragoman. Without TLS only on this machine."""
    bearer: str | None = None
    """A token that is sent to it (RFC 6750 §2.1); this, signing_key or both are needed. Give it by the environment, or
    keep the file private."""
    signing_key: Annotated[str, Meta(min_length=32)] | None = None
    """A key with which requests are signed (HMAC-SHA-256), at least 32 characters. Likewise."""
    roots: str | None = None
    """A PEM file of who may have signed its certificate; without it, whoever the system trusts."""

    def __repr__(self) -> str:
        """Without settings: one of them may be a secret."""
        return "HttpDirectoryTable(…)"


class LdapDirectoryTable(Table, frozen=True):
    """An LDAP directory (RFC 4511): found by a search, verified by a bind."""

    url: str | None = None
    """The server: ldaps://host, or ldap://host, where a connection begins with StartTLS."""
    roots: str | None = None
    """A PEM file of who may have signed its certificate; without it, whoever the system trusts."""
    start_tls: bool = True
    """Whether ldap:// begins with StartTLS. Without it, passwords go as they are: only on this machine."""
    bind_dn: str = ""
    """The DN that searches; empty: anonymously."""
    bind_password: str = ""
    """Its password. Give it by the environment, or keep the file private."""
    base: str = ""
    """Below which DN people are looked for."""
    filter: str = "(&(objectClass=inetOrgPerson)(|(uid={login})(mail={login})))"
    """The filter (RFC 4515) that finds exactly one entry; {login} is the login name, escaped. Whoever it does not find
    can neither log in nor refresh."""
    find_filter: str = "(&(objectClass=inetOrgPerson)(entryUUID={id}))"
    """The same, by the identifier {id}."""
    id_attribute: Attribute = "entryUUID"
    """What tokens call the account (`sub`): never reused for somebody else, never changed."""
    id_is_binary: bool = False
    """Whether that is bytes and no text; then it is written in hexadecimal."""
    username_attribute: Attribute = "uid"
    """The user name. Whoever logs in has to have written it, or the e-mail, but for case and the like."""
    email_attribute: Attribute = "mail"
    """The e-mail, which is a second login name."""
    first_name_attribute: Attribute = "givenName"
    """The given name."""
    last_name_attribute: Attribute = "sn"
    """The family name."""
    groups_base: str | None = None
    """Below which DN groups are looked for, whose names become authorities; not set, there are none."""
    groups_filter: str = "(&(objectClass=groupOfNames)(member={dn}))"
    """The filter that finds the groups of the entry with the DN {dn}."""
    group_attribute: Attribute = "cn"
    """What a group is called."""

    def __repr__(self) -> str:
        """Without settings: one of them may be a secret."""
        return "LdapDirectoryTable(…)"


class DirectoryTable(Table, frozen=True):
    """Where accounts live that do not live here (docs/accounts-elsewhere.md).

    Of the tables `sql`, `http` and `ldap` one may have a URL: that is how the directory is asked. Without any there is
    no directory, and nothing else here has a meaning.
    """

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = "directory"
    """What accounts that live there are marked with. Another name means another set of people."""
    adopt: bool = False
    """Whether whoever logs in moves in here, with a hash of the password, and is never asked for there again."""
    recheck_seconds: Annotated[int, Meta(ge=0, le=86400)] = 300
    """How old may be at a refresh what is known of an account; then the directory is asked for it anew."""
    away_hours: Annotated[int, Meta(ge=0, le=720)] = 4
    """For how many hours after its last word on an account refreshes go on while the directory is away; 0: not at
    all."""
    timeout_seconds: Annotated[int, Meta(ge=1, le=10)] = 3
    """How long one question may take, waiting for its turn included; then the answer is 503."""
    connections: Annotated[int, Meta(ge=1, le=64)] = 8
    """How many questions each worker asks at once; eight times as many may wait."""
    sql: SqlDirectoryTable = SqlDirectoryTable()
    http: HttpDirectoryTable = HttpDirectoryTable()
    ldap: LdapDirectoryTable = LdapDirectoryTable()

    @property
    def configured(self) -> bool:
        """Whether there is one."""
        return any(one.url is not None for one in (self.sql, self.http, self.ldap))

    def __repr__(self) -> str:
        """Without settings: some of them may hold secrets."""
        return f"DirectoryTable(name={self.name!r})"
