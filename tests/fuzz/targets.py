"""What is fuzzed by itself: each reads any bytes, refuses by the refusals of its trade, and raises nothing else."""

from __future__ import annotations

from pathlib import Path

from dragoman.dialects.files import list_dialects, load_dialect
from tests.attacks.harness import DIALECTS
from tests.fuzz.file_targets import (
    address_target,
    configuration_target,
    dialect_file_target,
    environment_target,
    key_file_target,
    password_hash_target,
    password_list_target,
    realm_export_target,
    sql_dump_target,
)
from tests.fuzz.request_targets import basic_target, body_targets, codec_target, token_targets
from tests.fuzz.target import Target


def all_targets(folder: Path) -> tuple[Target, ...]:
    """Every reader. `folder` is for keys and files, and best lies in memory."""
    files = list_dialects(())
    dialects = [load_dialect(name, files) for name in DIALECTS]
    return (
        *(codec_target(one) for one in dialects),
        basic_target(dialects),
        *body_targets(),
        *token_targets(folder),
        password_hash_target(),
        configuration_target(folder / "dragoman.toml"),
        environment_target(folder / "empty.toml"),
        address_target(),
        key_file_target(folder / "one more"),
        dialect_file_target(folder / "dialects"),
        password_list_target(folder / "list"),
        sql_dump_target(folder / "dump.sql"),
        realm_export_target(folder / "realm.json"),
    )
