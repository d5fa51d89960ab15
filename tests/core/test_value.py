"""Values that live as long as one request."""

from dataclasses import replace

from dragoman.core.model import Grant, GrantId, Sender
from dragoman.core.scope import Scope
from dragoman.core.value import changed


def test_changed_gives_what_replacing_gives_and_leaves_the_old_value_alone():
    grant = Grant(
        id=GrantId(bytes(12)), client_id="app", subject="1", scope=Scope(("read",)), created_at=1, expires_at=None,
        idle_expires_at=5, used_by=Sender(address="192.0.2.1"), facts={"dialect": "standard"},
    )  # fmt: skip
    before = replace(grant)

    after = changed(grant, generation=4, used_by=None)

    assert after == replace(grant, generation=4, used_by=None)
    assert grant == before
