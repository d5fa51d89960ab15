from dataclasses import replace
from pathlib import Path

import pytest
from store_cast import CLIENT, NOW, OWNER, new_grant, serve, serve_cast

from dragoman.core.login_name import canonical
from dragoman.core.model import Client, ResourceOwner
from dragoman.core.secret import Secret
from dragoman.store.faults import StoreConflict
from dragoman.store.store import Store


def test_a_client_comes_back_as_it_was_stored(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        assert await store.find_client("app") == CLIENT
        await store.administration.create_client(Client(id="bare", name=""))
        assert await store.find_client("bare") == Client(id="bare", name="")

    serve_cast(database, scenario)


def test_a_client_is_found_by_exactly_its_id(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        for other in ("APP", "app ", "app\0", "", "17", "\ud800", "%", "\uff41\uff50\uff50"):
            assert await store.find_client(other) is None

    serve_cast(database, scenario)


def test_an_update_replaces_all_of_a_client_but_its_id_and_creation(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        changed = Client(id="app", name="Other", enabled=False, created_at=5)
        assert await store.administration.update_client(changed)
        assert await store.find_client("app") == replace(changed, created_at=NOW)
        assert not await store.administration.update_client(Client(id="nobody", name=""))

    serve_cast(database, scenario)


def test_an_account_comes_back_as_it_was_stored(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        assert await store.find_resource_owner("17") == OWNER
        assert await store.find_resource_owner("18") is None
        bare = ResourceOwner(id="bare", username="bare")
        await store.administration.create_resource_owner(bare)
        assert await store.find_resource_owner("bare") == bare

    serve_cast(database, scenario)


@pytest.mark.parametrize("login", ["ada", "ADA", "\uff41\uff44\uff41", "ada@example.ORG"])
def test_an_account_is_found_by_every_spelling_of_its_login_names(database: Path | Secret, login: str) -> None:
    async def scenario(store: Store) -> None:
        assert await store.find_resource_owner_by_login(canonical(login)) == OWNER

    serve_cast(database, scenario)


@pytest.mark.parametrize("login", ["17", "ad", "ada@example.or", "", "\udfff"])
def test_an_account_is_found_by_nothing_else(database: Path | Secret, login: str) -> None:
    async def scenario(store: Store) -> None:
        assert await store.find_resource_owner_by_login(canonical(login)) is None

    serve_cast(database, scenario)


@pytest.mark.parametrize(
    ("username", "email"), [("ADA", None), ("eve", "ADA@example.org"), ("ada@example.org", None), ("eve", "ada")]
)
def test_user_names_and_addresses_are_unique_together(
    database: Path | Secret, username: str, email: str | None
) -> None:
    async def scenario(store: Store) -> None:
        with pytest.raises(StoreConflict, match="is taken by the resource owner '17'"):
            await store.administration.create_resource_owner(ResourceOwner(id="18", username=username, email=email))
        assert await store.find_resource_owner("18") is None
        await store.administration.create_resource_owner(ResourceOwner(id="18", username="eve"))

    serve_cast(database, scenario)


def test_one_account_may_use_its_address_as_its_user_name(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        owner = ResourceOwner(id="18", username="Eve@example.org", email="eve@EXAMPLE.org")
        await store.administration.create_resource_owner(owner)
        assert await store.find_resource_owner_by_login("eve@example.org") == owner

    serve(database, scenario)


def test_a_client_and_a_resource_owner_never_share_an_id(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        administration = store.administration
        with pytest.raises(StoreConflict, match="'17' is taken by a resource owner"):
            await administration.create_client(Client(id="17", name=""))
        with pytest.raises(StoreConflict, match="'app' is taken by a client"):
            await administration.create_resource_owner(ResourceOwner(id="app", username="app"))
        with pytest.raises(StoreConflict, match="'app' is taken by a client"):
            await administration.create_client(CLIENT)
        assert await store.find_client("17") is None
        assert await store.find_resource_owner("app") is None
        assert await administration.delete_resource_owner("17", NOW)
        await administration.create_client(Client(id="17", name="now it is free"))

    serve_cast(database, scenario)


@pytest.mark.parametrize("name", ["", " ada", "a\nb", "x" * 321, "\u200b"])
def test_a_login_name_that_nobody_could_type_is_refused(database: Path | Secret, name: str) -> None:
    async def scenario(store: Store) -> None:
        with pytest.raises(ValueError, match="a login name"):
            await store.administration.create_resource_owner(ResourceOwner(id="18", username=name))

    serve(database, scenario)


def test_an_updated_account_is_found_by_its_new_names_alone(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        changed = replace(OWNER, username="Ida", email=None, password_hash="ignored", created_at=1)
        assert await store.administration.update_resource_owner(changed, NOW)
        expected = replace(changed, password_hash=OWNER.password_hash, created_at=NOW)
        assert await store.find_resource_owner_by_login("ida") == expected
        assert await store.find_resource_owner_by_login("ada") is None
        assert await store.find_resource_owner_by_login("ada@example.org") is None
        assert not await store.administration.update_resource_owner(ResourceOwner(id="18", username="x"), NOW)

    serve_cast(database, scenario)


def test_an_update_that_conflicts_changes_nothing(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        await store.administration.create_resource_owner(ResourceOwner(id="18", username="eve"))
        with pytest.raises(StoreConflict):
            await store.administration.update_resource_owner(replace(OWNER, username="Eve"), NOW)
        with pytest.raises(StoreConflict, match="no client 'nowhere'"):
            await store.administration.update_resource_owner(replace(OWNER, belongs_to="nowhere"), NOW)
        assert await store.find_resource_owner_by_login("ada") == OWNER

    serve_cast(database, scenario)


def test_a_password_hash_is_upgraded_only_from_the_one_that_was_checked(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        assert not await store.replace_password_hash("17", "another", "stolen")
        assert await store.replace_password_hash("17", "$hash$", "$stronger$")
        assert not await store.replace_password_hash("17", "$hash$", "late")
        owner = await store.find_resource_owner("17")
        assert owner is not None
        assert owner.password_hash == "$stronger$"
        assert await store.administration.set_password_hash("17", None)
        assert not await store.replace_password_hash("17", "$stronger$", "late")
        assert not await store.administration.set_password_hash("18", "x")

    serve_cast(database, scenario)


def test_places_are_remembered_only_of_who_knew_the_password_that_is_stored(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        await store.remember_places("17", "$hash$", ("here",))
        assert await store.administration.set_password_hash("17", "$another$")
        await store.remember_places("17", "$hash$", ("here", "there"))
        owner = await store.find_resource_owner("17")
        assert owner is not None
        assert owner.known_places == ()
        await store.remember_places("17", "$another$", ("elsewhere",))
        assert (await store.find_resource_owner("17")).known_places == ("elsewhere",)

    serve_cast(database, scenario)


def test_disabling_an_account_ends_its_grants_in_the_same_moment(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = new_grant()
        await store.create_grant(grant, None)
        await store.administration.update_resource_owner(replace(OWNER, locked=False), NOW)
        assert await store.find_grant(grant.id) == grant
        await store.administration.update_resource_owner(replace(OWNER, enabled=False), NOW + 1)
        assert await store.find_grant(grant.id) == replace(
            grant, revoked_at=NOW + 1, revoked_because="resource_owner_disabled"
        )

    serve_cast(database, scenario)


def test_deleting_an_account_ends_its_grants_and_frees_its_names(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = new_grant()
        await store.create_grant(grant, None)
        assert await store.administration.delete_resource_owner("17", NOW + 1)
        assert not await store.administration.delete_resource_owner("17", NOW + 2)
        ended = await store.find_grant(grant.id)
        assert ended is not None
        assert (ended.revoked_at, ended.revoked_because) == (NOW + 1, "resource_owner_deleted")
        assert await store.find_resource_owner_by_login("ada") is None
        await store.administration.create_resource_owner(OWNER)
        assert await store.find_grant(grant.id) == ended

    serve_cast(database, scenario)


def test_deleting_a_client_ends_its_grants_and_waits_for_its_people(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        grant = new_grant(subject=None)
        await store.create_grant(grant, None)
        with pytest.raises(StoreConflict, match="1 resource owners belong to the client 'app'"):
            await store.administration.delete_client("app", NOW)
        assert await store.find_grant(grant.id) == grant
        await store.administration.delete_resource_owner("17", NOW)
        assert await store.administration.delete_client("app", NOW + 1)
        assert not await store.administration.delete_client("app", NOW + 1)
        assert await store.find_client("app") is None
        assert await store.find_grant(grant.id) == replace(grant, revoked_at=NOW + 1, revoked_because="client_deleted")

    serve_cast(database, scenario)


def test_lists_come_in_pages_that_miss_nothing(database: Path | Secret) -> None:
    async def scenario(store: Store) -> None:
        administration = store.administration
        ids = [f"{number:03}" for number in range(25)]
        for each in reversed(ids):
            await administration.create_client(Client(id=f"c{each}", name=""))
            await administration.create_resource_owner(ResourceOwner(id=f"o{each}", username=each))
        seen: list[str] = []
        while page := await administration.list_clients(seen[-1] if seen else "", 10):
            seen += [client.id for client in page]
        assert seen == [f"c{each}" for each in ids]
        owners = await administration.list_resource_owners("o019", 10)
        assert [owner.id for owner in owners] == [f"o{each}" for each in ids[20:]]
        await administration.set_password_hash("o020", "a hash")
        page = await administration.list_password_hashes("o019", 2)
        assert page == (("o020", "a hash"), ("o021", None))
        assert len(await administration.list_password_hashes()) == 25

    serve(database, scenario)
