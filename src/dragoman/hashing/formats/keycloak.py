"""Keycloak's credential, as its realm export and its table have it: JSON of `secretData` and `credentialData`.

Each of the two is an object, or JSON in a string as the export writes it. What else the credential says (its id, label
and date) does not matter here.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from dragoman.hashing.formats import argon2
from dragoman.hashing.sums.pbkdf2 import Pbkdf2Sum, read_base64, wiped_base64

if TYPE_CHECKING:
    from dragoman.hashing.format import Limits

_OBJECT = re.compile(r'\{\s*"')
_ALGORITHMS = {"pbkdf2": "sha1", "pbkdf2-sha256": "sha256", "pbkdf2-sha512": "sha512"}
_VERSIONS = {"1.3": "19"}
_PARAMETERS = ("hashLength", "memory", "type", "version", "parallelism")


class _Credential(msgspec.Struct, frozen=True, rename="camel"):
    secret_data: msgspec.Raw
    credential_data: msgspec.Raw
    type: str = "password"


class _SecretData(msgspec.Struct, frozen=True):
    value: str
    salt: str


class _CredentialData(msgspec.Struct, frozen=True, rename="camel"):
    hash_iterations: int
    algorithm: str
    additional_parameters: Mapping[str, tuple[str, ...]] | None = None


def identify(stored: str) -> bool:
    """Whether it begins as an object of JSON does."""
    return _OBJECT.match(stored) is not None


def find_defect(stored: str, limits: Limits) -> str | None:
    """Why it can never match."""
    match _read(stored):
        case None:
            return "malformed Keycloak credential, or an algorithm that is not accepted"
        case Pbkdf2Sum() as found:
            return found.find_defect(limits)
        case text:
            return argon2.find_defect(text, limits)


def verify(stored: str, password: bytes) -> bool:
    """Whether it is the password's hash. Raises MemoryError."""
    match _read(stored):
        case None:
            return False
        case Pbkdf2Sum() as found:
            return found.verify(password)
        case text:
            return argon2.verify(text, password)


def seen(_stored: str, password: bytes) -> bytes:
    """All of it."""
    return password


def blank(stored: str) -> str:
    """Algorithm and cost, and zeros; for PBKDF2 a salt costs the same whatever its length, up to a block."""
    secret, data = _take_apart(stored)
    slow = data.algorithm in _ALGORITHMS
    wiped = _SecretData(value=wiped_base64(secret.value), salt="" if slow else wiped_base64(secret.salt))
    kept: dict[str, object] = {"hashIterations": data.hash_iterations, "algorithm": data.algorithm}
    if not slow:
        kept["additionalParameters"] = {name: (data.additional_parameters or {})[name] for name in _PARAMETERS}
    return msgspec.json.encode({"secretData": wiped, "credentialData": kept}).decode()


def _read(stored: str) -> Pbkdf2Sum | str | None:
    """PBKDF2 taken apart, or Argon2 in PHC string form."""
    try:
        secret, data = _take_apart(stored)
    except (msgspec.MsgspecError, RecursionError):
        return None
    value, salt = (read_base64(text, padded=True) for text in (secret.value, secret.salt))
    if value is None or salt is None:
        return None
    if data.algorithm == "argon2":
        return _phc_string(data, salt, value)
    algorithm = _ALGORITHMS.get(data.algorithm)
    if algorithm is None:
        return None
    return Pbkdf2Sum(algorithm=algorithm, iterations=data.hash_iterations, salt=salt, digest=value)


def _phc_string(data: _CredentialData, salt: bytes, value: bytes) -> str | None:
    parameters = {name: values[0] for name, values in (data.additional_parameters or {}).items() if len(values) == 1}
    version = _VERSIONS.get(parameters.get("version", ""))
    if version is None or parameters.get("hashLength") != str(len(value)):
        return None
    memory, lanes = (parameters.get(name, "") for name in ("memory", "parallelism"))
    digits = "$".join(b64encode(one).decode().rstrip("=") for one in (salt, value))
    return f"$argon2{parameters.get('type')}$v={version}$m={memory},t={data.hash_iterations},p={lanes}${digits}"


def _take_apart(stored: str) -> tuple[_SecretData, _CredentialData]:
    """Raises MsgspecError and RecursionError."""
    found = msgspec.json.decode(stored, type=_Credential)
    if found.type != "password":
        raise msgspec.ValidationError("no password")
    return (
        msgspec.json.decode(_unwrapped(found.secret_data), type=_SecretData),
        msgspec.json.decode(_unwrapped(found.credential_data), type=_CredentialData),
    )


def _unwrapped(raw: msgspec.Raw) -> bytes:
    value = bytes(raw)
    return msgspec.json.decode(value, type=str).encode() if value.startswith(b'"') else value
