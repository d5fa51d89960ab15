"""Which endpoint answers at a path never hangs on the order of the mounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dragoman.core.errors import Fault
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.http.mount import Mount, check_mounts

if TYPE_CHECKING:
    from collections.abc import Sequence

FILES = list_dialects(())
NOWHERE = dict.fromkeys(("token", "introspection", "revocation", "key", "jwks", "metadata", "resource"), ())


def mount(*token_paths: str, prefix: str = "", dialect: str = "standard"):
    """A mount that answers at these paths only."""
    return Mount(dialect=load_dialect(dialect, FILES), prefix=prefix, paths={**NOWHERE, "token": token_paths})


def refused(mounts: Sequence[Mount]) -> str:
    with pytest.raises(Fault) as caught:
        check_mounts(mounts)
    return str(caught.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/token", "/token"),
        ("/{version}/token", "/{v}/token"),
        ("/{tenant}/v1/{user_id}", "/{version}/v1/{tenant}"),
        ("/{version}/token", "/v1/{endpoint}"),
        ("/v{version}/token", "/{version}/token"),
    ],
)
def test_two_paths_that_one_request_could_mean_collide(one: str, other: str):
    for first, second in ((one, other), (other, one)):
        told = refused([mount(first), mount(second, dialect="jobspace")])
        assert first in told
        assert second in told


def test_a_path_within_one_mount_collides_as_well():
    assert "/{v}/token" in refused([mount("/{version}/token", "/{v}/token")])


@pytest.mark.parametrize(
    ("one", "other"),
    [("/{version}/token", "/{version}/oauth/token"), ("/{version}/token", "/v1/token"), ("/a/{v}", "/b/{v}")],
)
def test_paths_that_the_router_can_tell_apart_stand_together(one: str, other: str):
    check_mounts([mount(one), mount(other, dialect="jobspace")])


@pytest.mark.parametrize(
    "path",
    ["/{version:path}/token", "/{version:int}", "/{v}/{v}", "/{", "/}", "/{}", "/{1}", "/{{v}}", "/{a b}", "token"],
)
def test_a_path_that_the_router_would_read_otherwise_is_refused(path: str):
    assert repr(path) in refused([mount(path)])


@pytest.mark.parametrize(("prefix", "path"), [("", "/health/live"), ("", "/health/{any}"), ("/health", "/token")])
def test_the_paths_of_health_are_the_servers_own(prefix: str, path: str):
    assert "/health/" in refused([mount(path, prefix=prefix)])


def test_every_dialect_that_is_here_can_be_mounted():
    check_mounts([Mount(dialect=load_dialect(name, FILES), prefix=f"/{name}") for name in FILES])
