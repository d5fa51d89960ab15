"""Who plays in the demo: one client and one person for each dialect, in the shapes that dialect's clients know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dragoman.core.model import RefreshPolicy

_ALL_GRANTS = frozenset({"password", "client_credentials", "refresh_token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPart:
    """One dialect's part. Secrets and passwords are drawn anew for each data folder."""

    dialect: str
    client_id: str
    token_path: str
    resource_path: str
    """With `{owner}` for the person's id."""
    curl: str
    """With the names of demo.json's members in braces."""
    scope: str = ""
    """What to ask for; also the client's whole scope."""
    client: Mapping[str, object] = field(default_factory=dict)
    """Further fields of the client."""
    owner: Mapping[str, object]
    """Fields of the person."""


_ROLES = (
    "ADMIN_APPROVER AGENT ANALYTICS ANALYTICS_ADMIN BAMBORA_OB_ADMIN EDIT_USER_PSP_ACCOUNT EXPERIMENTAL_FEATURES "
    "FIRST_APPROVER IIN IIN_ADMIN INVESTIGATOR INVESTIGATOR_ADMIN KYC KYC_ADMIN MAINTENANCE_ADMIN MAINTENANCE_SUPPORT "
    "MERCHANT_ADMIN MERCHANT_SUPPORT MINIBANK MINIBANK_ADMIN OPERATOR_ADMIN RULES RULES_ADMIN SECOND_APPROVER STORE "
    "STORE_ADMIN TRANSACTION_VIEWER USER_PSP_ACCOUNT USER_PSP_ACCOUNT_ADMIN"
)

CAST: tuple[DemoPart, ...] = (
    DemoPart(
        dialect="jobspace",
        client_id="2",
        token_path="/oauth/token",
        resource_path="/api/job",
        curl="curl -X POST {token_url}"
        " -H 'content-type: multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW'"
        " -F grant_type=password -F client_id={client_id} -F client_secret={client_secret}"
        " -F username={username} -F password={password}",
        client={"access_token_lifetime": 86400, "refresh_ends_access_token": True},
        owner={
            "id": "1042",
            "username": "recruiter",
            "email": "recruiter@jobspace.example",
            "first_name": "Rae",
            "last_name": "Cruiter",
        },
    ),
    DemoPart(
        dialect="jmondi",
        client_id="35615f2f-13fa-4731-83a1-9e34556ab390",
        token_path="/token",
        resource_path="/contacts",
        curl="curl -X POST {token_url} -d grant_type=password -d client_id={client_id} -d client_secret={client_secret}"
        " -d username={username} -d password={password} -d 'scope=\"contacts.read contacts.write\"'",
        scope="contacts.read contacts.write",
        client={"shared_key_signature": True, "refresh_ends_access_token": True},
        owner={
            "id": "512ab9a4-c786-48a6-8ad6-94c53a8dc651",
            "username": "jason",
            "email": "jason@contacts.example",
            "first_name": "Jason",
            "last_name": "Contact",
        },
    ),
    DemoPart(
        dialect="paymentiq",
        client_id="ca4acb869f604555ae57ea933abd6a65",
        token_path="/paymentiq/oauth/token",
        resource_path="/paymentiq/admin/v1/me",
        curl="curl -X POST '{token_url}?grant_type=password&username={username}&password={password}'"
        " -u {client_id}:{client_secret} -H 'Cache-Control: no-cache' -i",
        scope="default",
        client={
            "shared_key_signature": True,
            "may_read_shared_key": True,
            "access_token_lifetime": 86400,
            "refresh_token_lifetime": None,
            "refresh": RefreshPolicy.REUSE,
            "audience": ("backoffice_api",),
            "authorities": ("ROLE_MERCHANT_ADMIN",),
        },
        owner={
            "id": "b6f8c1de-0a55-4f6e-9d7c-3b1d2f6f8a10",
            "username": "junhuh",
            "email": "junhuh@backoffice.example",
            "first_name": "Jun",
            "last_name": "Huh",
            "authorities": tuple(f"ROLE_{role}" for role in _ROLES.split()),
        },
    ),
    DemoPart(
        dialect="kabbage",
        client_id="kabbage-partner",
        token_path="/auth/token",
        resource_path="/v2/Data/{owner}/me",
        curl="curl -X POST {token_url} -u {client_id}:{client_secret}"
        " -d grant_type=password -d username={username} -d password={password}",
        client={"access_token_lifetime": 86400},
        owner={
            "id": "0d7c1b5a-5b0f-4c44-8a3e-2f0f0c6f9e21",
            "username": "borrower@kabbage.example",
            "email": "borrower@kabbage.example",
            "first_name": "Bo",
            "last_name": "Rower",
            "belongs_to": "kabbage-partner",
        },
    ),
    DemoPart(
        dialect="axosoft",
        client_id="1b7a3ee1-5ff5-4d4a-9a0f-6f2c51f3d1c4",
        token_path="/api/oauth2/token",
        resource_path="/api/v6/me",
        curl="curl '{token_url}?grant_type=password&username={username}&password={password}"
        "&client_id={client_id}&client_secret={client_secret}&scope=read%20write'",
        scope="read write",
        client={"grant_types": frozenset({"password"}), "access_token_lifetime": 30 * 86400},
        owner={
            "id": "7",
            "username": "cathy",
            "email": "Cathy.Oreilly@mycompany.com",
            "first_name": "Cathy",
            "last_name": "O'Reilly (Dev)",
        },
    ),
    DemoPart(
        dialect="standard",
        client_id="standard-app",
        token_path="/oauth2/token",
        resource_path="/resource",
        curl="curl {token_url} -u {client_id}:{client_secret} -d grant_type=password"
        " -d username={username} -d password={password} -d 'scope=read write'",
        scope="read write",
        owner={
            "id": "8b6a3f0e-6c1d-4f3a-a1c5-7d0f4a2b9c11",
            "username": "alice",
            "email": "alice@standard.example",
            "first_name": "Alice",
            "last_name": "Standard",
        },
    ),
)


def grant_types_of(part: DemoPart) -> frozenset[str]:
    """All three, unless the dialect has fewer."""
    named = part.client.get("grant_types")
    return named if isinstance(named, frozenset) else _ALL_GRANTS
