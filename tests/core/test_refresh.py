"""A grant that moves on: what a rotation and a reissue leave as it was."""

from dataclasses import MISSING, fields, replace

from dragoman.core.model import Grant, GrantId, Reuse, Sender
from dragoman.core.refresh import advance, reissued
from dragoman.core.scope import Scope

HERE, THERE = Sender(address="192.0.2.1"), Sender(address="192.0.2.2")
FULL = Grant(
    id=GrantId(bytes(12)), client_id="app", subject="1", scope=Scope(("read",)), audience=("api",), created_at=1,
    expires_at=90, idle_expires_at=5, generation=3, issued=7, rotated_at=2, revoked_at=4, revoked_because="why",
    used_by=HERE, revoked_by=HERE, reuse=Reuse(behind=1, age=2, looked_like_retry=True), facts={"dialect": "standard"},
)  # fmt: skip


def test_no_field_of_the_grant_below_is_left_at_its_default():
    """Whoever gives a grant another field is told here, and then by the two tests below."""
    defaults = {
        field.name: field.default_factory() if field.default is MISSING else field.default
        for field in fields(Grant)
        if field.default is not MISSING or field.default_factory is not MISSING
    }
    assert not [name for name, default in defaults.items() if getattr(FULL, name) == default]


def test_a_rotation_changes_what_it_counts_and_nothing_else():
    before = replace(FULL)
    assert advance(FULL, 8, 20, THERE) == replace(
        FULL, generation=4, issued=8, rotated_at=8, idle_expires_at=20, used_by=THERE
    )
    assert before == FULL


def test_a_reissue_changes_the_serial_and_nothing_else():
    before = replace(FULL)
    assert reissued(FULL, 12, 20, THERE) == replace(FULL, issued=12, idle_expires_at=20, used_by=THERE)
    assert before == FULL
