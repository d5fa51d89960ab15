"""Why a request is refused: the RFCs' error codes, and the finer refusals that dialects spell."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """The RFCs' registry of error codes."""

    INVALID_REQUEST = "invalid_request"  # RFC 6749 §5.2
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    INVALID_SCOPE = "invalid_scope"
    SERVER_ERROR = "server_error"  # RFC 6749 §4.1.2.1
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    ACCESS_DENIED = "access_denied"
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"  # RFC 7009 §2.2.1
    INVALID_TOKEN = "invalid_token"  # RFC 6750 §3.1
    INSUFFICIENT_SCOPE = "insufficient_scope"


class Refusal(StrEnum):
    """Every reason the engine has for refusing: finer than an error code, so that a dialect can tell them apart.

    The value is the name a dialect file uses under `[errors.refusal.…]`.
    """

    # the request as such
    MALFORMED_REQUEST = "malformed_request"
    DUPLICATE_PARAMETER = "duplicate_parameter"
    LIST_PARAMETER = "list_parameter"
    PARAMETER_IN_QUERY = "parameter_in_query"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    BODY_TOO_LARGE = "body_too_large"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    TRANSPORT_NOT_SECURE = "transport_not_secure"
    BROWSER_NAVIGATION = "browser_navigation"
    # grant type
    MISSING_GRANT_TYPE = "missing_grant_type"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    IMPLICIT_GRANT_TYPE = "implicit_grant_type"
    # client authentication
    MISSING_CLIENT_ID = "missing_client_id"
    MALFORMED_CLIENT_AUTHENTICATION = "malformed_client_authentication"
    MULTIPLE_CLIENT_AUTHENTICATION = "multiple_client_authentication"
    CLIENT_ID_MISMATCH = "client_id_mismatch"
    UNKNOWN_CLIENT = "unknown_client"
    MISSING_CLIENT_SECRET = "missing_client_secret"
    WRONG_CLIENT_SECRET = "wrong_client_secret"
    UNEXPECTED_CLIENT_SECRET = "unexpected_client_secret"
    CLIENT_DISABLED = "client_disabled"
    # the gate
    DIALECT_NOT_ALLOWED = "dialect_not_allowed"
    GRANT_TYPE_NOT_ALLOWED = "grant_type_not_allowed"
    CLIENT_NOT_CONFIDENTIAL = "client_not_confidential"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_EXPIRED = "account_expired"
    PASSWORD_EXPIRED = "password_expired"
    ACCOUNT_REFUSED_AT_REFRESH = "account_refused_at_refresh"
    # resource owner password credentials
    MISSING_USERNAME = "missing_username"
    MISSING_PASSWORD = "missing_password"
    WRONG_CREDENTIALS = "wrong_credentials"
    # scope
    MALFORMED_SCOPE = "malformed_scope"
    UNKNOWN_SCOPE = "unknown_scope"
    SCOPE_NOT_ALLOWED = "scope_not_allowed"
    SCOPE_EXCEEDS_GRANT = "scope_exceeds_grant"
    EMPTY_SCOPE = "empty_scope"
    # refresh token
    MISSING_REFRESH_TOKEN = "missing_refresh_token"
    MALFORMED_REFRESH_TOKEN = "malformed_refresh_token"
    FORGED_REFRESH_TOKEN = "forged_refresh_token"
    NOT_A_REFRESH_TOKEN = "not_a_refresh_token"
    UNKNOWN_REFRESH_TOKEN = "unknown_refresh_token"
    FOREIGN_REFRESH_TOKEN = "foreign_refresh_token"
    EXPIRED_REFRESH_TOKEN = "expired_refresh_token"
    REVOKED_REFRESH_TOKEN = "revoked_refresh_token"
    # introspection, revocation, keys
    MISSING_TOKEN_PARAMETER = "missing_token_parameter"
    UNSUPPORTED_TOKEN_TYPE_HINT = "unsupported_token_type_hint"
    FOREIGN_TOKEN = "foreign_token"
    SHARED_KEY_NOT_SHOWN = "shared_key_not_shown"
    # bearer tokens at a resource or at an introspection endpoint
    MISSING_TOKEN = "missing_token"
    MALFORMED_TOKEN = "malformed_token"
    EXPIRED_TOKEN = "expired_token"
    REVOKED_TOKEN = "revoked_token"
    REFRESH_TOKEN_AS_ACCESS_TOKEN = "refresh_token_as_access_token"
    WRONG_AUDIENCE = "wrong_audience"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    NOT_ON_BEHALF_OF = "not_on_behalf_of"
    # the server itself
    TOO_MANY_REQUESTS = "too_many_requests"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    SERVER_ERROR = "server_error"


class OAuthError(Exception):
    """A refusal on its way to the client.

    `values` may be shown to the client if the dialect's text asks for them. The rest goes to the audit only: `detail`,
    and whom it concerns as far as we know it ourselves, the registered client, the resource owner and the grant.
    """

    def __init__(
        self,
        refusal: Refusal,
        detail: str = "",
        *,
        client_id: str | None = None,
        subject: str | None = None,
        grant_id: bytes | None = None,
        **values: str,
    ) -> None:
        """`detail` is for the audit alone; `values` are what the texts of the refusal name.

        Client, subject and grant are those that it is about, as far as they are known.
        """
        super().__init__(refusal.value)
        self.refusal = refusal
        self.detail = detail
        self.client_id = client_id
        self.subject = subject
        self.grant_id = grant_id
        self.values = values

    def about(self, subject: str | None, grant_id: bytes | None) -> OAuthError:
        """The same refusal, with whom it concerns."""
        return OAuthError(
            self.refusal,
            self.detail,
            client_id=self.client_id,
            subject=subject,
            grant_id=grant_id,
            **self.values,
        )


class TokenTooLong(OAuthError):
    """No token could be written that its own server would read: somebody has to change whom it is for, or the client.

    Told as what passes by itself, for so it does once somebody has: nothing is spent, and nobody is logged out.
    """

    def __init__(self, subject: str | None, detail: str) -> None:
        super().__init__(Refusal.TEMPORARILY_UNAVAILABLE, detail, subject=subject)


class Fault(Exception):
    """Something an operator can mend: the message says what is wrong, where, and what to do."""
