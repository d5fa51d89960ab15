"""What a client gets when it is registered, and what is refused."""

from dataclasses import replace

import pytest

from dragoman.core.model import RefreshPolicy
from dragoman.core.scope import Scope
from dragoman.dialects.files import list_dialects, load_dialect
from dragoman.dialects.registration import RegistrationFault, check_registration, register

FILES = list_dialects([])
WORDS = {name: load_dialect(name, FILES).words for name in ("standard", "axosoft", "paymentiq")}


def test_what_is_not_said_comes_from_the_dialect():
    client = register({"id": "a"}, WORDS["paymentiq"].client_defaults, "paymentiq")
    assert client.refresh is RefreshPolicy.REUSE
    assert client.refresh_token_lifetime is None
    assert client.audience == ("backoffice_api",)
    assert client.dialects == {"paymentiq"}


def test_what_is_said_goes_before():
    fields = {"id": "a", "refresh": "rotate", "refresh_token_lifetime": 60, "scope": ("x",), "dialects": ("standard",)}
    client = register(fields, WORDS["paymentiq"].client_defaults, "paymentiq")
    assert (client.refresh, client.refresh_token_lifetime, str(client.scope)) == (RefreshPolicy.ROTATE, 60, "x")
    assert client.dialects == {"standard"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"grant_types": ("client_credentials",)}, "needs a secret"),
        ({"dialects": ("axosoft",)}, "a public client may not use axosoft"),
        ({"dialects": ("nowhere",)}, "there is no dialect 'nowhere'"),
        ({"scope": ("read", '"write')}, """'"write' can be no scope in standard"""),
        ({"scope": ("prüfen",)}, "'prüfen' can be no scope in standard"),
    ],
)
def test_what_no_server_should_take_is_refused(fields, told):
    client = register({"id": "a", **fields}, WORDS["standard"].client_defaults, "standard")
    with pytest.raises(RegistrationFault, match=told):
        check_registration(client, WORDS)


def test_a_scope_is_taken_where_a_dialect_can_spell_it():
    client = register({"id": "a", "secrets": ("s",)}, WORDS["paymentiq"].client_defaults, "paymentiq")
    check_registration(replace(client, scope=Scope.of(["prüfen", '"x"'])), WORDS)
    with pytest.raises(RegistrationFault, match=r"'a\+b' can be no scope in paymentiq"):
        check_registration(replace(client, scope=Scope.of(["a+b"])), WORDS)


@pytest.mark.parametrize("header", ["Authorization", "X End", "X-\u00e9", "a" * 65, "host"])
def test_only_a_back_end_tells_of_its_end_users_and_only_in_a_header_of_its_own(header: str):
    named = {"id": "a", "secrets": ("s",), "end_user_address_header": "X-End-User-IP"}
    client = register(named, WORDS["standard"].client_defaults, "standard")
    assert client.end_user_address_header == "x-end-user-ip"
    check_registration(client, WORDS)
    with pytest.raises(RegistrationFault, match="cannot be the header of an address"):
        check_registration(replace(client, end_user_address_header=header.lower()), WORDS)
    with pytest.raises(RegistrationFault, match="anybody can write headers"):
        check_registration(replace(client, secrets=()), WORDS)


def test_a_confidential_client_may_use_any_dialect():
    client = register(
        {"id": "a", "secrets": ("x",), "dialects": tuple(WORDS)}, WORDS["standard"].client_defaults, "standard"
    )
    check_registration(client, WORDS)


@pytest.mark.parametrize("fields", [{"access_token_lifetime": 0}, {"refresh_token_lifetime": -1}, {"grace": 2**31}])
def test_a_lifetime_out_of_range_is_refused(fields):
    with pytest.raises(RegistrationFault, match="seconds"):
        register({"id": "a", **fields}, WORDS["standard"].client_defaults, "standard")
