"""The JOSE header of a token: the recipe's members in its order, with the key's own id and algorithm; and its values."""

from __future__ import annotations

import json

from joserfc.util import urlsafe_b64decode
from token_workshop import Workshop, jwt_recipe

from dragoman.core.template_values import TOKEN_VALUES, print_long_hex

CLAIMS = {"jti": "{token_id.guid}", "exp": "{expires_at}"}


def written(workshop: Workshop, header: dict[str, object]) -> tuple[bytes, str]:
    """The header of a token by this recipe, and the identifier of the token."""
    recipe = jwt_recipe(header, CLAIMS, identifier_claim="jti")
    workshop.issuer = workshop.open(workshop.keyring, access_recipes=(recipe,))
    token = workshop.access_token(recipe)
    return urlsafe_b64decode(token.split(".")[0].encode()), print_long_hex(workshop.read(token).id)


def test_a_header_that_differs_from_token_to_token_holds_each_tokens_own_values_in_order(workshop: Workshop) -> None:
    first, second = (written(workshop, {"typ": "JWT", "alg": "none", "jti": "{token_id.long_hex}"}) for _ in range(2))
    assert first != second
    for header, identifier in (first, second):
        assert header == b'{"typ":"JWT","alg":"ES256","jti":"%b"}' % identifier.encode()


def test_the_keys_id_stands_wherever_the_recipe_names_it(workshop: Workshop) -> None:
    named = {
        "jti": "{token_id.long_hex}",
        "n": 1,
        "alg": "{algorithm}",
        "kid": "{key_id}",
        "who": "{client.name|key_id}",
    }
    header, identifier = written(workshop, {**named, "again": "{key_id}", "by": "{algorithm}"})
    kid = json.loads(header)["kid"]
    assert workshop.keyring.access_keys[kid].algorithm == "ES256"
    assert list(json.loads(header).items()) == [
        ("jti", identifier), ("n", 1), ("alg", "ES256"), ("kid", kid), ("who", "The Client"), ("again", kid), ("by", "ES256"),
    ]  # fmt: skip


def test_no_value_that_a_template_may_name_is_a_fraction(workshop: Workshop) -> None:
    """Else it would hang on the writer of JSON how it is spelled (dialects.json_text.writer_for)."""
    facts = workshop.facts(workshop.grant())
    values = [read(facts) for read in TOKEN_VALUES.values()]
    items = [item for value in values for item in (value if isinstance(value, list | tuple) else [value])]
    assert {type(item) for item in items} <= {str, int, type(None)}
