"""The folder of keys: one file each, readable by its owner alone, and refused otherwise."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import msgspec

from dragoman.tokens.keys import KEY_ID, Key, KeyFault, Purpose, check_audience, private_jwk, read_jwk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LARGEST_FILE = 16 * 1024
_LATEST_TIME = 253402300799  # 9999-12-31
_Time = Annotated[int, msgspec.Meta(ge=0, le=_LATEST_TIME)]


class KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a key file holds. Times are epoch seconds."""

    purpose: Purpose
    """What the key is for."""
    kid: Annotated[str, msgspec.Meta(pattern=f"^{KEY_ID.pattern}$")]
    """Its id; the file's name is `<kid>.json`."""
    alg: str
    """Its one algorithm."""
    created_at: _Time
    """When it was made."""
    active_from: _Time | None = None
    """From when on it makes tokens; absent: at once."""
    retires_at: _Time | None = None
    """From when on its tokens are refused; absent: never."""
    weak: bool = False
    """Whether an operator let it in although it is a shared key of fewer than 256 bits."""
    audience: tuple[Annotated[str, msgspec.Meta(min_length=1)], ...] = ()
    """The audiences whose access tokens it makes, and no others; absent: all that have no key of their own."""
    jwk: dict[str, str]
    """The key itself (RFC 7517)."""


def read_keys(folder: Path) -> tuple[Key, ...]:
    """Every key in the folder. Raises KeyFault at the first that cannot be trusted."""
    _check_folder(folder)
    return tuple(_read_key(path) for path in sorted(folder.glob("*.json")) if not path.name.startswith("."))


def make_folder(folder: Path) -> None:
    """The folder, readable by its owner alone, if it does not exist yet."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise KeyFault(f"the key folder {folder} cannot be made: {fault.strerror}") from None


def write_key(folder: Path, key: Key) -> None:
    """Write a key, whole or not at all, so that it survives a crash a moment later."""
    file = KeyFile(
        purpose=key.purpose,
        kid=key.kid,
        alg=key.algorithm,
        created_at=key.created_at,
        active_from=key.active_from,
        retires_at=key.retires_at,
        weak=key.weak,
        audience=key.audience,
        jwk=private_jwk(key),
    )
    unfinished = folder / f".{key.kid}.{secrets.token_hex(8)}.unfinished"
    try:
        _write_durably(unfinished, msgspec.json.encode(file) + b"\n")
        unfinished.replace(folder / f"{key.kid}.json")
        _flush_folder(folder)
    except OSError as fault:
        unfinished.unlink(missing_ok=True)
        raise KeyFault(f"key {key.kid} cannot be written to {folder}: {fault.strerror}") from None


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Keep other processes from changing the folder meanwhile: two that start at once must not both make keys."""
    _check_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_durably(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_folder(folder: Path) -> None:
    try:
        status = folder.lstat()
    except OSError as fault:
        raise KeyFault(f"the key folder {folder} cannot be read: {fault.strerror}") from None
    if not stat.S_ISDIR(status.st_mode):
        raise KeyFault(f"the key folder {folder} is a link or a file; name the folder itself")
    _check_access(status, f"the key folder {folder}", folder, "700")


def _check_access(status: os.stat_result, what: str, path: Path, mode: str) -> None:
    if status.st_uid != os.geteuid():
        raise KeyFault(f"{what} belongs to another account; run `chown {os.geteuid()} {path}`")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyFault(f"{what} is open to other accounts; run `chmod {mode} {path}` and consider the keys known")


def _read_key(path: Path) -> Key:
    file = _decode(read_private_file(path))
    if file is None:
        raise KeyFault(f"{path} is no complete key file; restore it from a backup")
    if f"{file.kid}.json" != path.name:
        raise KeyFault(f"{path} holds a key of another name; rename the file to {file.kid}.json")
    try:
        check_audience(file.purpose, file.audience)
        jose = read_jwk(file.purpose, file.alg, file.jwk, weak=file.weak)
    except KeyFault as fault:
        raise KeyFault(f"{path} cannot be used: {fault}; restore it from a backup") from None
    return Key(
        purpose=file.purpose,
        kid=file.kid,
        algorithm=file.alg,
        created_at=file.created_at,
        active_from=file.created_at if file.active_from is None else file.active_from,
        retires_at=file.retires_at,
        weak=file.weak,
        audience=file.audience,
        jose=jose,
    )


def read_private_file(path: Path) -> bytes:
    """The content of a regular file of ours: checked on what was opened, not on what the name pointed to before.

    Raises KeyFault.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as fault:
        reason = "is a link; put the file itself there" if path.is_symlink() else f"cannot be read: {fault.strerror}"
        raise KeyFault(f"{path} {reason}") from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise KeyFault(f"{path} is no regular file; remove it")
    with os.fdopen(descriptor, "rb") as file:
        _check_access(status, str(path), path, "600")
        if status.st_size > _LARGEST_FILE:
            raise KeyFault(f"{path} is larger than any key file; remove it")
        return file.read(_LARGEST_FILE + 1)


def _decode(content: bytes) -> KeyFile | None:
    """The file's fields, or None: an exception could carry key bytes along."""
    try:
        return msgspec.json.decode(content, type=KeyFile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
