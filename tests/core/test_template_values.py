"""Values of dialect templates."""

import uuid

from dragoman.core.model import TokenId
from dragoman.core.template_values import hash_set_order, print_base64url, print_guid, print_long_hex

JUNHUHS_ROLES = [
    f"ROLE_{role}"
    for role in [
        "AGENT",
        "MERCHANT_SUPPORT",
        "MINIBANK",
        "INVESTIGATOR",
        "USER_PSP_ACCOUNT",
        "INVESTIGATOR_ADMIN",
        "EXPERIMENTAL_FEATURES",
        "OPERATOR_ADMIN",
        "BAMBORA_OB_ADMIN",
        "ANALYTICS",
        "EDIT_USER_PSP_ACCOUNT",
        "TRANSACTION_VIEWER",
        "KYC",
        "STORE",
        "RULES",
        "USER_PSP_ACCOUNT_ADMIN",
        "IIN_ADMIN",
        "MAINTENANCE_ADMIN",
        "RULES_ADMIN",
        "FIRST_APPROVER",
        "ADMIN_APPROVER",
        "MERCHANT_ADMIN",
        "SECOND_APPROVER",
        "IIN",
        "MAINTENANCE_SUPPORT",
        "MINIBANK_ADMIN",
        "STORE_ADMIN",
        "KYC_ADMIN",
        "ANALYTICS_ADMIN",
    ]
]
"""In the order of a printed token."""


def test_the_twenty_nine_printed_roles_come_out_in_their_printed_order():
    assert hash_set_order(tuple(sorted(JUNHUHS_ROLES))) == tuple(JUNHUHS_ROLES)
    assert hash_set_order(tuple(reversed(JUNHUHS_ROLES))) == tuple(JUNHUHS_ROLES)


def test_small_sets_have_small_tables():
    assert hash_set_order(("ROLE_USER", "ROLE_ADMIN")) == ("ROLE_ADMIN", "ROLE_USER")
    assert hash_set_order(("b", "a", "c")) == ("a", "b", "c")
    assert hash_set_order(()) == ()


def test_a_guid_prints_all_128_bits():
    token_id = TokenId(bytes(range(16)))
    assert print_guid(token_id) == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert uuid.UUID(print_guid(token_id)).bytes == token_id


def test_two_identifiers_never_become_one_number():
    from dragoman.core.template_values import _number_or_text

    assert [_number_or_text(text) for text in ("7", "007", "0", "x7", "\u0667")] == [7, "007", 0, "x7", "\u0667"]


def test_long_hex_begins_with_the_identifier_and_has_80_characters():
    token_id = TokenId(bytes(range(16)))
    assert len(print_long_hex(token_id)) == 80
    assert print_long_hex(token_id).startswith(token_id.hex())
    assert len(print_base64url(token_id)) == 22
