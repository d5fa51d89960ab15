"""What an API does that checks tokens by itself: keys from where the server publishes them, and no question asked."""

import time

import pytest
import requests
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet, OctKey
from joserfc.jws import JWSRegistry

from tests.clients.demo_process import Credentials, Demo

CLAIMS_OF_RFC9068 = {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"}
JUNHUH_ROLES = 29
JTI_IN_HEADER = JWSRegistry(algorithms=["RS256"], strict_check_header=False)
"""lcobucci/jwt 3 wrote `jti` into the header, too; joserfc reads over it when told to."""


def fetch_token(one: Credentials, **changed: str):
    form = {"grant_type": "password", "username": one["username"], "password": one["password"], **changed}
    if one["scope"]:
        form["scope"] = one["scope"]
    return requests.post(one["token_url"], data=form, auth=(one["client_id"], one["client_secret"]), timeout=10).json()


def metadata(demo: Demo):
    return requests.get(demo.base_url + "/.well-known/oauth-authorization-server", timeout=10).json()


def key_set(demo: Demo):
    return KeySet.import_key_set(requests.get(metadata(demo)["jwks_uri"], timeout=10).json())


class Validator(JWTBearerTokenValidator):
    """Authlib's own reading of RFC 9068 §4; only the keys come from us."""

    def __init__(self, demo: Demo) -> None:
        super().__init__(issuer=demo.base_url, resource_server=demo.base_url)
        self._keys = key_set(demo)

    def get_jwks(self):
        return self._keys


def test_metadata_names_the_issuer_it_was_asked_at(demo: Demo):
    document = metadata(demo)
    assert document["issuer"] == demo.base_url
    assert document["token_endpoint"] == demo.dialects["standard"]["token_url"]
    assert "kabbage" not in str(document)


@pytest.mark.parametrize("grant_type", ["password", "client_credentials"])
def test_a_standard_access_token_is_verified_as_rfc_9068_says(demo: Demo, grant_type: str):
    one = demo.dialects["standard"]
    token = jwt.decode(fetch_token(one, grant_type=grant_type)["access_token"], key_set(demo), algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert token.header["kid"]
    assert token.claims.keys() >= CLAIMS_OF_RFC9068
    assert (token.claims["iss"], token.claims["aud"]) == (demo.base_url, demo.base_url)
    assert token.claims["client_id"] == one["client_id"]
    assert (token.claims["sub"] == one["client_id"]) is (grant_type == "client_credentials")
    assert token.claims["exp"] - token.claims["iat"] == 3600
    assert abs(token.claims["iat"] - time.time()) < 60
    assert token.claims["scope"] == "read write"


def test_authlibs_validator_takes_a_standard_access_token(demo: Demo):
    validator = Validator(demo)
    claims = validator.authenticate_token(fetch_token(demo.dialects["standard"])["access_token"])
    validator.validate_token(claims, ["read"], None)


def test_authlibs_validator_takes_no_other_dialects_token(demo: Demo):
    validator = Validator(demo)
    for dialect in ("jobspace", "jmondi", "paymentiq", "kabbage"):
        token = fetch_token(demo.dialects[dialect])["access_token"]
        with pytest.raises((InvalidTokenError, ValueError)):
            validator.validate_token(validator.authenticate_token(token), ["read"], None)


def test_authlibs_validator_takes_no_refresh_token(demo: Demo):
    validator = Validator(demo)
    for dialect in ("standard", "jmondi", "paymentiq"):
        with pytest.raises((InvalidTokenError, ValueError)):
            validator.authenticate_token(fetch_token(demo.dialects[dialect])["refresh_token"])


def test_the_key_set_is_public_and_holds_no_shared_key(demo: Demo):
    answer = requests.get(metadata(demo)["jwks_uri"], timeout=10)
    for key in answer.json()["keys"]:
        assert key["kty"] in ("EC", "RSA", "OKP")
        assert not {"d", "p", "q", "k"} & key.keys()
        assert (key["use"], bool(key["kid"]), bool(key["alg"])) == ("sig", True, True)


def test_a_job_space_token_is_verified_with_the_rsa_key_of_the_key_set(demo: Demo):
    one = demo.dialects["jobspace"]
    keys = [key for key in key_set(demo).keys if key.as_dict()["alg"] == "RS256"]
    assert len(keys) == 1
    token = jwt.decode(fetch_token(one)["access_token"], keys[0], registry=JTI_IN_HEADER)
    assert list(token.header) == ["typ", "alg", "jti"]
    assert list(token.claims) == ["aud", "jti", "iat", "nbf", "exp", "sub", "scopes"]
    assert (token.claims["aud"], token.claims["sub"], token.claims["scopes"]) == (one["client_id"], "1042", [])
    assert token.header["jti"] == token.claims["jti"]
    assert token.claims["exp"] - token.claims["iat"] == 86400


def test_a_paymentiq_token_is_verified_with_the_key_that_token_key_shows(demo: Demo):
    one = demo.dialects["paymentiq"]
    url = demo.base_url + "/paymentiq/oauth/token_key"
    shown = requests.get(url, auth=(one["client_id"], one["client_secret"]), timeout=10).json()
    assert shown["alg"] == "HMACSHA256"
    answer = fetch_token(one)
    token = jwt.decode(answer["access_token"], OctKey.import_key(shown["value"]), algorithms=["HS256"])
    assert list(token.claims) == ["aud", "user_name", "scope", "exp", "authorities", "jti", "client_id"]
    assert (token.claims["aud"], token.claims["user_name"]) == (["backoffice_api"], one["username"])
    assert (token.claims["jti"], token.claims["client_id"]) == (answer["jti"], one["client_id"])
    assert len(token.claims["authorities"]) == JUNHUH_ROLES


def test_the_shared_key_is_shown_to_nobody_else(demo: Demo):
    url = demo.base_url + "/paymentiq/oauth/token_key"
    one = demo.dialects["paymentiq"]
    other = demo.dialects["standard"]
    assert requests.get(url, timeout=10).status_code == 403
    assert requests.get(url, auth=(one["client_id"], "wrong"), timeout=10).status_code == 401
    assert requests.get(url, auth=(other["client_id"], other["client_secret"]), timeout=10).status_code == 401


def test_the_shared_key_opens_no_refresh_token(demo: Demo):
    one = demo.dialects["paymentiq"]
    url = demo.base_url + "/paymentiq/oauth/token_key"
    shown = requests.get(url, auth=(one["client_id"], one["client_secret"]), timeout=10).json()
    key = OctKey.import_key(shown["value"])
    for dialect in ("paymentiq", "jmondi"):
        with pytest.raises(BadSignatureError):
            jwt.decode(fetch_token(demo.dialects[dialect])["refresh_token"], key, algorithms=["HS256"])
