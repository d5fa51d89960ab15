"""The keyring: all keys as they stood when it was read, and the verbs that change the folder for the next reading.

The youngest key whose time has come makes tokens; older ones go on being accepted until they retire. Keys of access
tokens may name audiences: then they make the tokens of these and no others, and the others' keys make none of theirs.

Two purposes have one key for good. Identifiers are opened without asking the store which key made them, and a 128-bit
block that is opened with the wrong key is not recognisably wrong. Digests are looked up and compared, so a second key
would mean a second look-up for ever. What rotation is for, a key that leaks or wears out, does not threaten them as it
does signing keys: neither can make a token.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from dragoman.core.secret import Secret
from dragoman.tokens.key_files import make_folder, only_writer, read_keys, write_key
from dragoman.tokens.keys import (
    ALGORITHMS,
    NAMED_SHORTLY,
    NEVER_ROTATED,
    SHARED_KEY_ALGORITHMS,
    Key,
    KeyFault,
    Purpose,
    check_audience,
    free_second,
    new_key,
    public_jwk,
    verification_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """All keys, read once."""

    keys: tuple[Key, ...]
    access_keys: Mapping[str, Key] = field(repr=False)
    """Signing keys of access tokens by their id: the only place where a `kid` from outside is looked up."""
    audiences: frozenset[str]
    """All audiences that any key names."""

    _chosen: dict[tuple[Purpose, str, tuple[str, ...]], tuple[int, Key | None]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    """The keys that sign, as found in the second they were last asked for."""
    _public: dict[int, Mapping[str, list[dict[str, str]]]] = field(
        init=False, default_factory=dict, repr=False, compare=False
    )
    """The public keys, as they were in the second they were last asked for."""

    def find_signing_key(
        self, purpose: Purpose, algorithm: str, now: int, audience: tuple[str, ...] = ()
    ) -> Key | None:
        """The youngest key whose time has come and not gone, of those that name all of this audience.

        Where none does, of those that name none.
        """
        # One that no key names has no key of its own; nor has it a memory, of which there would be as many as clients.
        named = audience if self.audiences and self.audiences.issuperset(audience) else ()
        asked, chosen = self._chosen.get((purpose, algorithm, named), (None, None))
        if asked != now:
            chosen = self._choose(purpose, algorithm, now, named)
            self._chosen[purpose, algorithm, named] = (now, chosen)
        return chosen

    def _choose(self, purpose: Purpose, algorithm: str, now: int, audience: tuple[str, ...]) -> Key | None:
        fitting = (key for key in self.keys if key.purpose is purpose and key.algorithm == algorithm)
        able = (key for key in fitting if key.may_sign(now) and key.is_for(audience))
        return max(able, key=lambda key: (bool(key.audience), _age(key)), default=None)

    def signing_key(self, purpose: Purpose, algorithm: str, now: int, audience: tuple[str, ...] = ()) -> Key:
        """As `find_signing_key`; raises KeyFault where there is none."""
        found = self.find_signing_key(purpose, algorithm, now, audience)
        if found is None:
            raise KeyFault(f"no {algorithm} key for {purpose} is in force; run `dragoman key rotate {purpose}`")
        return found

    def good_keys(self, purpose: Purpose, now: int) -> tuple[Key, ...]:
        """The keys whose tokens are accepted, the youngest first."""
        good = (key for key in self.keys if key.purpose is purpose and key.is_good(now))
        return tuple(sorted(good, key=_age, reverse=True))

    def public_jwks(self, now: int) -> Mapping[str, list[dict[str, str]]]:
        """The public keys of access tokens (RFC 7517 §5), those that will sign later included; never a shared key.

        The same object for all of a second.
        """
        found = self._public.get(now)
        if found is None:
            keys = self.good_keys(Purpose.ACCESS, now)
            found = {"keys": [public_jwk(key) for key in keys if key.algorithm not in SHARED_KEY_ALGORITHMS]}
            self._public.clear()
            self._public[now] = found
        return found

    def only_key(self, purpose: Purpose) -> Key:
        """The one key of a purpose that is never rotated."""
        return next(key for key in self.keys if key.purpose is purpose)

    def client_secret_key(self) -> bytes:
        """The key of the digests of client secrets."""
        return self.only_key(Purpose.DIGEST).derive("client secret")

    def audit_key(self) -> bytes:
        """The key of the chains of the audit."""
        return self.only_key(Purpose.DIGEST).derive("audit chain")

    def throttle_key(self) -> bytes:
        """The key of the digests by which failed log-ins are counted."""
        return self.only_key(Purpose.DIGEST).derive("throttle")

    def fingerprint(self) -> str:
        """A check value of the keys that are never rotated, to be kept beside what was made with them.

        Where it has changed, every client secret and every identifier would fail in silence: refuse to start instead.
        """
        values = (self.only_key(purpose).derive("check value") for purpose in sorted(NEVER_ROTATED))
        return sha256(b"".join(values)).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDescription:
    """What may be shown of a key."""

    purpose: str
    kid: str
    algorithm: str
    audience: tuple[str, ...]
    """The audiences that it is for; none: all that have no key of their own."""
    created_at: int
    active_from: int
    retires_at: int | None
    state: str
    """`waiting`, `in use`, `accepted` or `retired`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationKey:
    """What a resource server needs to check signatures by itself."""

    algorithm: str
    kid: str
    text: Secret
    """PEM (SubjectPublicKeyInfo), or the shared key itself as text."""
    shared: bool
    """Whether it is a shared key, to be shown to those alone who may read it."""


def load_keyring(folder: Path, now: int) -> Keyring:
    """Read and check all keys. Raises KeyFault if one cannot be trusted or a purpose has none in force."""
    keys = read_keys(folder)
    for purpose in Purpose:
        _check_purpose(folder, purpose, tuple(key for key in keys if key.purpose is purpose), now)
    return keyring_of(keys)


def keyring_of(keys: tuple[Key, ...]) -> Keyring:
    """These keys, also where no server would start with them."""
    return Keyring(
        keys=keys,
        access_keys={key.kid: key for key in keys if key.purpose is Purpose.ACCESS},
        audiences=frozenset(name for key in keys for name in key.audience),
    )


def create_missing(folder: Path, access_algorithms: Iterable[str], now: int) -> tuple[str, ...]:
    """Make a key for each purpose and each of these access token algorithms that never had one; the ids of the new.

    They are for all audiences; that some have keys of their own makes no difference.

    Does nothing the second time, and finishes what a crash left half done. A purpose whose keys have all retired gets
    none: that is for an operator to decide. Raises KeyFault if a key that is never rotated has been lost.
    """
    make_folder(folder)
    with only_writer(folder):
        present = {(key.purpose, key.algorithm) for key in read_keys(folder) if not key.audience}
        missing = [pair for pair in _wanted(access_algorithms) if pair not in present]
        lost = [purpose.value for purpose, _ in missing if purpose in NEVER_ROTATED]
        if lost and any(purpose not in NEVER_ROTATED for purpose, _ in present):
            raise KeyFault(f"the {lost[0]} key is missing from {folder}; restore it from a backup, none can replace it")
        new = tuple(new_key(purpose, algorithm, now) for purpose, algorithm in missing)
        for key in new:
            write_key(folder, key)
    return tuple(key.kid for key in new)


def _wanted(access_algorithms: Iterable[str]) -> list[tuple[Purpose, str]]:
    """Those that are never rotated first: where any other key is, they must have been."""
    wanted = [(purpose, ALGORITHMS[purpose][0]) for purpose in Purpose if purpose is not Purpose.ACCESS]
    wanted.sort(key=lambda pair: pair[0] not in NEVER_ROTATED)
    return wanted + [(Purpose.ACCESS, algorithm) for algorithm in sorted(set(access_algorithms))]


def add_key(  # noqa: PLR0913 (each is a fact of the key, but for the folder)
    folder: Path, purpose: Purpose, algorithm: str, now: int, active_from: int, *, audience: tuple[str, ...] = ()
) -> str:
    """Put a further key beside the others, to take over at `active_from`; its id.

    Leave time in between for every process to read it and for every cache of the public keys to expire. Where another
    of its kind begins in that second, it takes over in the next that is free. With an audience it takes over for that
    alone.
    """
    check_audience(purpose, audience)
    if purpose in NEVER_ROTATED:
        raise KeyFault(f"the {purpose.value} key is never rotated: everything made with it would be lost")
    with only_writer(folder):
        others = [key for key in read_keys(folder) if key.purpose is purpose]
        taken = {key.short_id for key in others}
        begin = free_second(others, algorithm, active_from)
        key = new_key(purpose, algorithm, now, begin)
        while key.short_id in taken:
            key = new_key(purpose, algorithm, now, begin)
        write_key(folder, replace(key, audience=audience))
    return key.kid


def retire_key(folder: Path, kid: str, retires_at: int, now: int) -> None:
    """Have a key's tokens refused from `retires_at` on. Refuses to leave its purpose without a key in force.

    Audiences that are left without a key of their own get the tokens of that for all others.
    """
    with only_writer(folder):
        keys = read_keys(folder)
        key = next((one for one in keys if one.kid == kid), None)
        if key is None:
            raise KeyFault(f"there is no key of this id in {folder}; `dragoman key list` shows all")
        if key.purpose in NEVER_ROTATED:
            raise KeyFault(f"the {key.purpose.value} key never retires: everything made with it would be lost")
        moment = max(now, retires_at)
        others = (one for one in keys if one.purpose is key.purpose and one.kid != kid and not one.audience)
        if not any(one.may_sign(moment) for one in others):
            raise KeyFault(f"key {kid} is the last for {key.purpose}; run `dragoman key rotate {key.purpose}` first")
        write_key(folder, replace(key, retires_at=retires_at))


def describe(keyring: Keyring, now: int) -> tuple[KeyDescription, ...]:
    """All keys, without a byte of them."""
    return tuple(
        KeyDescription(
            purpose=key.purpose.value,
            kid=key.kid,
            algorithm=key.algorithm,
            audience=key.audience,
            created_at=key.created_at,
            active_from=key.active_from,
            retires_at=key.retires_at,
            state=_state(keyring, key, now),
        )
        for key in sorted(keyring.keys, key=lambda key: (key.purpose.value, key.algorithm, *_age(key)))
    )


def verification_key(keyring: Keyring, algorithm: str, now: int, audience: tuple[str, ...] = ()) -> VerificationKey:
    """The key with which access tokens of this algorithm and audience are checked. Raises KeyFault for want of one."""
    key = keyring.signing_key(Purpose.ACCESS, algorithm, now, audience)
    shared = algorithm in SHARED_KEY_ALGORITHMS
    return VerificationKey(algorithm=algorithm, kid=key.kid, text=Secret(verification_text(key)), shared=shared)


def _check_purpose(folder: Path, purpose: Purpose, keys: tuple[Key, ...], now: int) -> None:
    if not any(key.may_sign(now) and not key.audience for key in keys):
        rotate = f"run `dragoman key rotate {purpose}`"
        anew = "" if purpose in NEVER_ROTATED else f" or, if there never was one, {rotate}: a lost one's tokens end"
        missing = f"are missing; restore the key from a backup{anew}"
        found = f"have all retired or wait for their time; {rotate}" if keys else missing
        raise KeyFault(f"keys for {purpose} in {folder} {found}")
    if purpose in NEVER_ROTATED and len(keys) > 1:
        names = ", ".join(f"{key.kid}.json" for key in keys)
        raise KeyFault(f"{folder} holds several {purpose.value} keys ({names}); keep the one in use")
    if purpose in NAMED_SHORTLY and len({key.short_id for key in keys}) < len(keys):
        raise KeyFault(f"two {purpose.value} keys in {folder} share a short name; remove the younger and rotate again")


def _state(keyring: Keyring, key: Key, now: int) -> str:
    if not key.is_good(now):
        return "retired"
    if keyring.find_signing_key(key.purpose, key.algorithm, now, key.audience) == key:  # else none of it is left to it
        return "in use"
    return "waiting" if key.active_from > now else "accepted"


def _age(key: Key) -> tuple[int, int, str]:
    return key.active_from, key.created_at, key.kid
