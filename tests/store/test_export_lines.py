"""The lines of an export: whatever they hold is restored as it is, in either database, and nothing is left out."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.core.model import RefreshPolicy, Reuse, Sender
from dragoman.store.backup import export, restore
from dragoman.store.export.lines import (
    ENTRIES,
    FORMAT,
    AccessTokenLine,
    ClientLine,
    End,
    EndedSubjectLine,
    FormerSessionLine,
    GrantLine,
    Header,
    ResourceOwnerLine,
    RevokedAccessTokenLine,
    type_of,
)
from dragoman.store.installation import KEYS
from dragoman.store.saving import Terms
from dragoman.store.sql.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.postgresql import Cluster

    from dragoman.core.secret import Secret

TERMS = Terms(fingerprint="ours", now=1_800_000_000, nothing_lost=True)
DERIVED = {
    "subjects": "from the ids of clients and accounts",
    "login_names": "from user names and e-mail addresses",
    "installation": "the header has it",
}
OF_THE_PURGE = {"sweep_at"}
OF_THE_MIRROR = {"mirrored_at"}

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
ids = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12)
names = st.lists(texts, max_size=3).map(tuple)
sets = st.frozensets(texts, max_size=3)
times = st.integers(0, 253_402_300_799)
counts = st.integers(0, 2**53)
octets = st.binary(min_size=12, max_size=12)
senders = st.none() | st.builds(Sender, address=texts, agent=texts)
reuses = st.none() | st.builds(
    Reuse, behind=st.integers(0, 9), age=st.none() | st.integers(0, 9), looked_like_retry=st.booleans()
)
clients = st.builds(
    ClientLine, id=ids, name=texts, secrets=names, grant_types=sets, scope=names, dialects=sets, token_format=texts,
    shared_key_signature=st.booleans(), access_token_lifetime=counts, refresh_token_lifetime=st.none() | counts,
    refresh_token_idle_lifetime=st.none() | counts, refresh=st.sampled_from(RefreshPolicy), grace=counts,
    refresh_ends_access_token=st.booleans(), audience=names, authorities=names, may_read_shared_key=st.booleans(),
    enabled=st.booleans(), created_at=times, end_user_address_header=st.none() | texts,
)  # fmt: skip
owners = st.builds(
    ResourceOwnerLine, id=ids, username=texts, email=st.none(), first_name=texts, last_name=texts,
    password_hash=st.none() | texts, authorities=names, belongs_to=st.none(), enabled=st.booleans(),
    locked=st.booleans(), expired=st.booleans(), password_expired=st.booleans(), created_at=times,
    throttle_resets=counts, known_places=names, directory=st.none() | texts, confirmed_at=st.none() | times,
)  # fmt: skip
grants = st.builds(
    GrantLine, id=octets, client_id=ids, subject=st.none() | ids, scope=names, audience=names, created_at=times,
    expires_at=st.none() | times, idle_expires_at=st.none() | times, generation=counts, issued=counts,
    rotated_at=st.none() | times, revoked_at=st.none() | times, revoked_because=st.none() | texts,
    facts=st.dictionaries(texts, texts, max_size=2), used_by=senders, revoked_by=senders, reuse=reuses,
)  # fmt: skip
tokens = st.builds(
    AccessTokenLine, digest=octets, token_id=octets, grant_id=st.none(), client_id=ids, scope=names, issued_at=times,
    expires_at=times,
)  # fmt: skip
revoked = st.builds(RevokedAccessTokenLine, token_id=octets, revoked_at=times, expires_at=times)

former = st.builds(
    FormerSessionLine, digest=ids, format=texts, client_id=st.none() | ids, subject=st.none() | ids,
    scope=st.none() | names, expires_at=st.none() | times, seen_at=times, grant_id=st.none() | octets,
)  # fmt: skip
ended = st.builds(EndedSubjectLine, id=ids, kind=st.sampled_from(["client", "resource_owner"]), ended_at=times)


@st.composite
def contents(draw: st.DrawFn) -> list[msgspec.Struct]:
    """Lines of all types that fit together, in their order."""
    found = draw(st.lists(clients, max_size=3, unique_by=lambda one: one.id))
    people = draw(st.lists(owners, max_size=4, unique_by=lambda one: one.id))
    sessions = draw(st.lists(grants, max_size=4, unique_by=lambda one: one.id))
    given_out = draw(st.lists(tokens, max_size=3, unique_by=lambda one: one.digest))
    numbered = (
        msgspec.structs.replace(
            one,
            username=f"{number}{one.username}",
            email=draw(st.sampled_from([None, f"{number}@Example.com"])),
            belongs_to=draw(st.sampled_from([None, *(client.id for client in found)])),
        )
        for number, one in enumerate(people)
    )
    of_sessions = (
        msgspec.structs.replace(one, grant_id=draw(st.sampled_from([None, *(grant.id for grant in sessions)])))
        for one in given_out
    )
    return [
        *sorted(found, key=lambda one: one.id.encode()),
        *sorted(numbered, key=lambda one: one.id.encode()),
        *sorted(sessions, key=lambda one: one.id),
        *sorted(of_sessions, key=lambda one: one.digest),
        *sorted(draw(st.lists(revoked, max_size=3, unique_by=lambda one: one.token_id)), key=lambda one: one.token_id),
        *sorted(
            draw(st.lists(former, max_size=3, unique_by=lambda one: one.digest)), key=lambda one: one.digest.encode()
        ),
        *sorted(
            draw(st.lists(ended, max_size=3, unique_by=lambda one: (one.id, one.kind))),
            key=lambda one: (one.id.encode(), one.kind.encode()),
        ),
    ]


def written(lines: Sequence[msgspec.Struct]) -> bytes:
    encode = msgspec.json.Encoder(order="deterministic").encode
    header = Header(format=FORMAT, version=1, made_at=1, made_by="a test", in_use=False, installation={KEYS: "ours"})
    body = b"".join(encode(one) + b"\n" for one in (header, *lines))
    counted = {type_of(one): sum(isinstance(line, one) for line in lines) for one in ENTRIES}
    return body + encode(End(lines=counted, sha256=hashlib.sha256(body).hexdigest())) + b"\n"


def body_of(location: Path | Secret) -> list[bytes]:
    file = io.BytesIO()
    export(location, file.write, 1_800_000_000)
    return file.getvalue().splitlines()[1:-1]


@settings(deadline=None, derandomize=True, max_examples=15)
@given(lines=contents())
def test_whatever_an_export_holds_is_restored_into_a_file(lines: list[msgspec.Struct]):
    with TemporaryDirectory() as folder:
        source, database = Path(folder, "export"), Path(folder, "dragoman.db")
        source.write_bytes(written(lines))
        restore(database, source, TERMS)
        assert body_of(database) == source.read_bytes().splitlines()[1:-1]


@settings(deadline=None, derandomize=True, max_examples=3)
@given(lines=contents())
def test_whatever_an_export_holds_is_restored_into_a_server(postgresql: Cluster, lines: list[msgspec.Struct]):
    with TemporaryDirectory() as folder, postgresql.new_database() as name:
        source = Path(folder, "export")
        source.write_bytes(written(lines))
        restore(postgresql.url(name), source, TERMS)
        assert body_of(postgresql.url(name)) == source.read_bytes().splitlines()[1:-1]


def test_no_table_and_no_column_is_left_out():
    """Whoever adds one says here, or in the lines, what becomes of it."""
    tables = {f"{type_of(one)}s": set(one.__struct_fields__) for one in ENTRIES}
    assert set(tables) | set(DERIVED) == set(metadata.tables)
    for name, members in tables.items():
        columns = {column.name for column in metadata.tables[name].columns} - OF_THE_PURGE - OF_THE_MIRROR
        if name == "grants":
            columns -= {"looked_like_retry"}  # a part of `reuse`
        assert members == columns, name


@pytest.mark.parametrize("value", ["1e3", "-1", "1.5", '"1"', str(10**30)])
def test_a_number_that_no_database_could_hold_is_refused(tmp_path: Path, value: str):
    line = msgspec.json.encode(RevokedAccessTokenLine(token_id=b"x", revoked_at=7, expires_at=8))
    body, end = written([]).splitlines(keepends=True)
    body += line.replace(b":7", b":" + value.encode()) + b"\n"
    summed = {**json.loads(end), "sha256": hashlib.sha256(body).hexdigest()}
    (tmp_path / "export").write_bytes(body + json.dumps(summed).encode() + b"\n")
    with pytest.raises(Exception, match="line 2, is not as the format has it"):
        restore(tmp_path / "dragoman.db", tmp_path / "export", TERMS)
    assert not (tmp_path / "dragoman.db").exists()
