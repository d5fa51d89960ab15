"""What each endpoint does with a request: steps 2 to 7 of a request, on one page (docs/concepts.md)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core import token_endpoint
from dragoman.core.bearer import read_bearer
from dragoman.core.client_authentication import authenticate_client
from dragoman.core.errors import OAuthError, Refusal
from dragoman.core.gate import admit_client
from dragoman.core.introspection import introspect
from dragoman.core.on_behalf_of import admit_on_behalf_of
from dragoman.core.ports import Event
from dragoman.core.revocation import NOTHING, Ended, revoke, sign_out
from dragoman.dialects import codec
from dragoman.dialects.dialect import KeyFacts, ResourceFacts

if TYPE_CHECKING:
    from dragoman.core.model import Client, ClientCredentials, TokenFacts, TokenRequest
    from dragoman.core.ports import Services
    from dragoman.core.rules import ServerRules
    from dragoman.dialects.schema import RevocationWords
    from dragoman.dialects.wire import WireRequest, WireResponse
    from dragoman.http.mount import Mount

_HINTS = frozenset({"access_token", "refresh_token"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One mount with all it needs to answer."""

    mount: Mount
    services: Services
    server: ServerRules
    now: Callable[[], int]
    shared_key: Callable[[str | None, tuple[str, ...]], KeyFacts]
    """The key that signs tokens of a JOSE algorithm and an audience, as its key endpoint shows it."""
    elsewhere: Callable[[str, WireRequest], Awaitable[WireResponse]] | None = None
    """What answers in place of each endpoint of this mount but the demo resource, by name; None: it does itself."""

    around_client: Callable[[Services, ClientCredentials, TokenRequest | None], Services] | None = None
    """The services of one request, where they are not those of all; the credentials are believed by nobody yet."""

    async def token(self, wire: WireRequest) -> WireResponse:
        """The token endpoint."""
        dialect = self.mount.dialect
        try:
            request = codec.decode(dialect, wire)
        except OAuthError as refused:  # what comes further is recorded there
            self.record_refusal("token_refused", wire, refused)
            raise
        services = self._services_of(request.client, request)
        response = await token_endpoint.answer(services, self.server, self.mount.rules, request, self.now())
        return codec.encode_answer(dialect, response)

    def _services_of(self, credentials: ClientCredentials, request: TokenRequest | None = None) -> Services:
        return self.services if self.around_client is None else self.around_client(self.services, credentials, request)

    async def introspection(self, wire: WireRequest) -> WireResponse:
        """Token introspection (RFC 7662), for clients that authenticate, of tokens whose client lists the dialect."""
        dialect, words = self.mount.dialect, self.mount.dialect.words.introspection
        credentials, token, hint = codec.decode_token_parameter(dialect, wire, words, words.parameters, "token")
        client = await self._admitted(credentials, wire)
        if words.clients == "confidential" and not client.confidential:
            raise OAuthError(Refusal.CLIENT_NOT_CONFIDENTIAL, "introspection by a public client")
        if not token:
            raise OAuthError(Refusal.MISSING_TOKEN_PARAMETER, parameter="token")
        _check_hint(hint, words.unsupported_hint)
        try:
            found = await introspect(self.services, self.server, token, self.now(), refresh_tokens=words.refresh_tokens)
            self._admit_dialect(found.facts)
        except OAuthError as refused:
            if words.inactive == "refuse" or refused.refusal is Refusal.TEMPORARILY_UNAVAILABLE:
                raise
            found = None
        return codec.encode_introspection(dialect, found)

    async def revocation(self, wire: WireRequest) -> WireResponse:
        """Token revocation (RFC 7009), or a bearer signing itself out; each leaves an audit event."""
        try:
            client, ended = await self._revoke(wire)
        except OAuthError as refused:
            self.record_refusal("revocation_refused", wire, refused)
            if refused.refusal is not Refusal.FOREIGN_TOKEN or self._revocation.foreign_token == "refuse":
                raise
        else:
            self._record_revocation(wire, client, ended)
        return self.mount.dialect.revoked.spell(None)

    @property
    def _revocation(self) -> RevocationWords:
        return self.mount.dialect.words.revocation

    async def _revoke(self, wire: WireRequest) -> tuple[Client, Ended]:
        """The client whose token was ended, and what that has come to."""
        dialect, words = self.mount.dialect, self._revocation
        codec.check_method(words, wire)
        if words.authentication == "token":
            presented = codec.decode_bearer(dialect.words.resource, wire)
            facts = await read_bearer(self.services, self.server, presented, self.now())
            self._admit_dialect(facts)
            return facts.client, await sign_out(self.services, facts, self.now(), codec.read_sender(wire))
        credentials, token, hint = codec.decode_token_parameter(
            dialect, wire, words, words.parameters, words.token_parameter
        )
        client = await self._authenticated(credentials, wire)
        if not token:
            raise OAuthError(Refusal.MISSING_TOKEN_PARAMETER, parameter=words.token_parameter)
        _check_hint(hint, words.unsupported_hint)
        whole_grant = words.access_token_ends == "grant"
        sender = codec.read_sender(wire)
        services = self._services_of(credentials)
        return client, await revoke(services, client, token, self.now(), whole_grant=whole_grant, sender=sender)

    def record_refusal(self, name: str, wire: WireRequest, refused: OAuthError) -> None:
        """One audit event of this name, with whom it concerns as far as the refusal knows."""
        self.services.audit.record(
            Event(
                name=name,
                dialect=self.mount.dialect.name,
                sender=codec.read_sender(wire),
                client_id=refused.client_id,
                subject=refused.subject,
                grant_id=None if refused.grant_id is None else refused.grant_id.hex(),
                facts={"refusal": refused.refusal.value, "detail": refused.detail},
            )
        )

    def _record_revocation(self, wire: WireRequest, client: Client, ended: Ended) -> None:
        grant, done = ended.grant, {"detail": NOTHING} if ended.nothing else {}
        self.services.audit.record(
            Event(
                name="token_revoked",
                dialect=self.mount.dialect.name,
                sender=codec.read_sender(wire),
                client_id=client.id,
                subject=None if grant is None else grant.subject,
                grant_id=None if grant is None else grant.id.hex(),
                facts=done if ended.because is None else {"because": ended.because},
            )
        )

    async def key(self, wire: WireRequest) -> WireResponse:
        """The one key of this dialect: a public key for anyone, a shared one for clients that may read it.

        An API is shown the shared key of the tokens that are for it, and no other's: that of its own audience.
        """
        dialect = self.mount.dialect
        audience: tuple[str, ...] = ()
        codec.check_method(dialect.words.key, wire)
        algorithm = dialect.words.access_token.algorithm
        if algorithm is not None and algorithm.startswith("HS"):
            credentials, _token, _hint = codec.decode_token_parameter(dialect, wire, dialect.words.key, ("query",), "")
            if credentials.id is None:
                raise OAuthError(Refusal.SHARED_KEY_NOT_SHOWN, "anonymous")
            client = await self._admitted(credentials, wire)
            if not (self.mount.shared_key_shown and client.may_read_shared_key):
                raise OAuthError(Refusal.SHARED_KEY_NOT_SHOWN, "not switched on for this mount and this client")
            audience = client.audience
        return dialect.key.spell(self.shared_key(algorithm, audience))

    async def resource(self, wire: WireRequest) -> WireResponse:
        """The demo resource: who am I, how far, on whose behalf (RFC 6750)."""
        dialect, words = self.mount.dialect, self.mount.dialect.words.resource
        codec.check_method(words, wire)
        presented = codec.decode_bearer(words, wire)
        facts = await read_bearer(self.services, self.server, presented, self.now())
        self._admit_token(facts, wire.method)
        owner_id = wire.path_parameters.get(words.on_behalf_of or "")
        if owner_id is not None:
            await admit_on_behalf_of(self.services.resource_owners, facts, owner_id)
        own = None if facts.resource_owner is None else facts.resource_owner.id
        return dialect.resource.spell(ResourceFacts(token=facts, on_behalf_of=owner_id or own, method=wire.method))

    def _admit_token(self, facts: TokenFacts, method: str) -> None:
        words = self.mount.dialect.words.resource
        self._admit_dialect(facts)
        audience = self.server.issuer if words.audience == "issuer" else words.audience
        if audience is not None and facts.audience and audience not in facts.audience:
            raise OAuthError(Refusal.WRONG_AUDIENCE, "for another audience")
        if words.resource_owner == "required" and facts.resource_owner is None:
            raise OAuthError(Refusal.MALFORMED_TOKEN, "speaks for its client alone")
        needed = words.required_scope.get(method)
        if needed is not None and not {needed, self.mount.rules.scope.wildcard} & set(facts.scope):
            raise OAuthError(Refusal.INSUFFICIENT_SCOPE, "scope", required_scope=needed, scope=needed)

    def _admit_dialect(self, facts: TokenFacts) -> None:
        """Path and the client's list decide here too: elsewhere its tokens are none."""
        name = self.mount.dialect.name
        if name not in facts.client.dialects:
            raise OAuthError(Refusal.MALFORMED_TOKEN, f"its client does not list the dialect {name}")

    async def _admitted(self, credentials: ClientCredentials, wire: WireRequest) -> Client:
        """The same where nothing else is audited: whoever guesses at a client's secret leaves a trace at each door."""
        try:
            return await self._authenticated(credentials, wire)
        except OAuthError as refused:
            self.record_refusal("client_refused", wire, refused)
            raise

    async def _authenticated(self, credentials: ClientCredentials, wire: WireRequest) -> Client:
        sender, dialect = codec.read_sender(wire), self.mount.dialect.name
        client = await authenticate_client(self.services, credentials, sender, dialect, wire.hung_up, now=self.now())
        admit_client(client, self.mount.rules)
        return client


def _check_hint(hint: str | None, unsupported: str) -> None:
    if hint is not None and hint not in _HINTS and unsupported == "refuse":
        raise OAuthError(Refusal.UNSUPPORTED_TOKEN_TYPE_HINT, "unknown hint")
