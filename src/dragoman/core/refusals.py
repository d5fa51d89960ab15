"""What each refusal is in the RFCs' terms: its error code, and a text that tells no more than a client may know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.core.errors import ErrorCode, Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_REQUEST = ErrorCode.INVALID_REQUEST
_CLIENT = ErrorCode.INVALID_CLIENT
_GRANT = ErrorCode.INVALID_GRANT
_UNAUTHORIZED = ErrorCode.UNAUTHORIZED_CLIENT
_SCOPE = ErrorCode.INVALID_SCOPE
_TOKEN = ErrorCode.INVALID_TOKEN

_CLIENT_FAILED = "client authentication failed"
_BAD_PASSWORD = "invalid username or password"
_BAD_REFRESH = "the refresh token is invalid, expired or revoked"
_BAD_TOKEN = "the access token is invalid, expired or revoked"

REFUSALS: Mapping[Refusal, tuple[ErrorCode, str]] = {
    Refusal.MALFORMED_REQUEST: (_REQUEST, "the request cannot be parsed"),
    Refusal.DUPLICATE_PARAMETER: (_REQUEST, "the parameter {parameter} is present more than once"),
    Refusal.LIST_PARAMETER: (_REQUEST, "the parameter {parameter} must be a single value"),
    Refusal.PARAMETER_IN_QUERY: (_REQUEST, "parameters must be in the request body, not in the URL"),
    Refusal.UNSUPPORTED_MEDIA_TYPE: (_REQUEST, "the media type of the body is not supported"),
    Refusal.BODY_TOO_LARGE: (_REQUEST, "the request body is too large"),
    Refusal.METHOD_NOT_ALLOWED: (_REQUEST, "the method {method} is not allowed"),
    Refusal.TRANSPORT_NOT_SECURE: (_REQUEST, "credentials in a URL need TLS"),
    Refusal.BROWSER_NAVIGATION: (_REQUEST, "this endpoint does not answer browsers"),
    Refusal.MISSING_GRANT_TYPE: (_REQUEST, "the parameter grant_type is missing"),
    Refusal.UNSUPPORTED_GRANT_TYPE: (ErrorCode.UNSUPPORTED_GRANT_TYPE, "the grant type is not supported"),
    Refusal.IMPLICIT_GRANT_TYPE: (ErrorCode.UNSUPPORTED_GRANT_TYPE, "the grant type is not supported"),
    Refusal.MISSING_CLIENT_ID: (_CLIENT, _CLIENT_FAILED),
    Refusal.MALFORMED_CLIENT_AUTHENTICATION: (_CLIENT, _CLIENT_FAILED),
    Refusal.MULTIPLE_CLIENT_AUTHENTICATION: (_REQUEST, "the client must authenticate by one method only"),
    Refusal.CLIENT_ID_MISMATCH: (_REQUEST, "client_id names another client than the one that authenticated"),
    Refusal.UNKNOWN_CLIENT: (_CLIENT, _CLIENT_FAILED),
    Refusal.MISSING_CLIENT_SECRET: (_CLIENT, _CLIENT_FAILED),
    Refusal.WRONG_CLIENT_SECRET: (_CLIENT, _CLIENT_FAILED),
    Refusal.UNEXPECTED_CLIENT_SECRET: (_CLIENT, _CLIENT_FAILED),
    Refusal.CLIENT_DISABLED: (_CLIENT, _CLIENT_FAILED),
    Refusal.DIALECT_NOT_ALLOWED: (_UNAUTHORIZED, "the client may not use this endpoint"),
    Refusal.GRANT_TYPE_NOT_ALLOWED: (_UNAUTHORIZED, "the client may not use this grant type"),
    Refusal.CLIENT_NOT_CONFIDENTIAL: (_UNAUTHORIZED, "the client may not use this grant type"),
    Refusal.ACCOUNT_DISABLED: (_GRANT, _BAD_PASSWORD),
    Refusal.ACCOUNT_LOCKED: (_GRANT, _BAD_PASSWORD),
    Refusal.ACCOUNT_EXPIRED: (_GRANT, _BAD_PASSWORD),
    Refusal.PASSWORD_EXPIRED: (_GRANT, _BAD_PASSWORD),
    Refusal.ACCOUNT_REFUSED_AT_REFRESH: (_GRANT, _BAD_REFRESH),
    Refusal.MISSING_USERNAME: (_REQUEST, "the parameter username is missing"),
    Refusal.MISSING_PASSWORD: (_REQUEST, "the parameter password is missing"),
    Refusal.WRONG_CREDENTIALS: (_GRANT, _BAD_PASSWORD),
    Refusal.MALFORMED_SCOPE: (_SCOPE, "the scope is malformed"),
    Refusal.UNKNOWN_SCOPE: (_SCOPE, "the scope is unknown or not allowed"),
    Refusal.SCOPE_NOT_ALLOWED: (_SCOPE, "the scope is unknown or not allowed"),
    Refusal.SCOPE_EXCEEDS_GRANT: (_SCOPE, "the scope exceeds what was granted"),
    Refusal.EMPTY_SCOPE: (_SCOPE, "no scope was asked for"),
    Refusal.MISSING_REFRESH_TOKEN: (_REQUEST, "the parameter refresh_token is missing"),
    Refusal.MALFORMED_REFRESH_TOKEN: (_GRANT, _BAD_REFRESH),
    Refusal.FORGED_REFRESH_TOKEN: (_GRANT, _BAD_REFRESH),
    Refusal.NOT_A_REFRESH_TOKEN: (_GRANT, _BAD_REFRESH),
    Refusal.UNKNOWN_REFRESH_TOKEN: (_GRANT, _BAD_REFRESH),
    Refusal.FOREIGN_REFRESH_TOKEN: (_GRANT, _BAD_REFRESH),
    Refusal.EXPIRED_REFRESH_TOKEN: (_GRANT, _BAD_REFRESH),
    Refusal.REVOKED_REFRESH_TOKEN: (_GRANT, _BAD_REFRESH),
    Refusal.MISSING_TOKEN_PARAMETER: (_REQUEST, "the parameter token is missing"),
    Refusal.UNSUPPORTED_TOKEN_TYPE_HINT: (ErrorCode.UNSUPPORTED_TOKEN_TYPE, "the token type is not supported"),
    Refusal.FOREIGN_TOKEN: (_UNAUTHORIZED, "the token was issued to another client"),
    Refusal.SHARED_KEY_NOT_SHOWN: (ErrorCode.ACCESS_DENIED, "the shared key is not shown"),
    Refusal.MISSING_TOKEN: (_REQUEST, "an access token is required"),
    Refusal.MALFORMED_TOKEN: (_TOKEN, _BAD_TOKEN),
    Refusal.EXPIRED_TOKEN: (_TOKEN, _BAD_TOKEN),
    Refusal.REVOKED_TOKEN: (_TOKEN, _BAD_TOKEN),
    Refusal.REFRESH_TOKEN_AS_ACCESS_TOKEN: (_TOKEN, _BAD_TOKEN),
    Refusal.WRONG_AUDIENCE: (_TOKEN, _BAD_TOKEN),
    Refusal.INSUFFICIENT_SCOPE: (ErrorCode.INSUFFICIENT_SCOPE, "the access token's scope is not enough"),
    Refusal.NOT_ON_BEHALF_OF: (
        ErrorCode.ACCESS_DENIED,
        "the access token may not act on behalf of this resource owner",
    ),
    Refusal.TOO_MANY_REQUESTS: (ErrorCode.TEMPORARILY_UNAVAILABLE, "too many requests"),
    Refusal.TEMPORARILY_UNAVAILABLE: (ErrorCode.TEMPORARILY_UNAVAILABLE, "the server cannot answer now, try again"),
    Refusal.SERVER_ERROR: (ErrorCode.SERVER_ERROR, "the server met an unexpected condition"),
}
"""Every refusal. The texts are templates of the values that the refusal carries."""
