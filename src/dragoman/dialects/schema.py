"""The vocabulary of dialect files. Every word has a docstring: the documentation is made from them.

A word that is missing in a file means what it means in the file it extends. Tables are merged, except the ordered
ones (`body`, `headers`, `header`, `claims`), which replace what they extend as a whole.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Names = tuple[str, ...]
Ordered = dict[str, object]
Path = Annotated[str, Meta(pattern=r"^/[!-~]*$")]
Status = Annotated[int, Meta(ge=200, le=599)]


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a dialect file."""


class EndpointWords(Words, frozen=True):
    """Where an endpoint stands."""

    paths: tuple[Path, ...] = ()
    """Paths below the mount's prefix; `{name}` stands for one segment. No path: the dialect has no such endpoint."""
    methods: tuple[Literal["GET", "POST"], ...] = ("POST",)
    """Methods that are answered; others get the refusal `method_not_allowed`."""


class RequestWords(Words, frozen=True):
    """Where parameters stand and how they are read."""

    parameters: tuple[Literal["query", "body"], ...] = ("body",)
    """Where parameters may stand; the first place that has a name wins."""
    query: Literal["refuse", "ignore"] = "refuse"
    """What OAuth parameters in the query come to where the query is not read."""
    media_types: tuple[Literal["form", "multipart", "json"], ...] = ("form",)
    """Body formats that are read."""
    default_media_type: Literal["form", "none"] = "none"
    """What a body without a Content-Type counts as."""
    other_media_type: Literal["refuse", "ignore"] = "refuse"
    """Whether a body in another format is refused, or counts as empty."""
    malformed: Literal["refuse", "ignore"] = "refuse"
    """Whether a body that cannot be parsed is refused, or counts as empty."""
    duplicates: Literal["refuse", "first", "last"] = "refuse"
    """Which of several values of one name in one place counts."""
    lists: Literal["refuse", "ignore", "first"] = "ignore"
    """What `name[]=value` and JSON arrays come to: the refusal `list_parameter`, nothing, or their first element."""
    trimmed: bool = False
    """Whether white space around values is dropped."""
    untrimmed: Names = ("password",)
    """Parameters that keep their white space all the same."""
    empty: Literal["missing", "value"] = "missing"
    """Whether an empty parameter counts as absent (RFC 6749 §3.2) or as a value."""
    line_breaks: Literal["keep", "drop"] = "keep"
    """Whether line breaks before `&` and at the end of a form body, as in printed samples, are dropped."""


class BasicWords(Words, frozen=True):
    """How HTTP Basic credentials are read (RFC 7617)."""

    scheme_case: Literal["exact", "any"] = "any"
    """Whether the scheme must be written `Basic`."""
    base64: Literal["strict", "lenient"] = "strict"
    """Whether characters outside the alphabet and missing padding are forgiven."""
    charset: Literal["utf-8", "latin-1"] = "utf-8"
    """How the decoded bytes become text."""
    percent_decoding: bool = False
    """Whether id and secret are form-decoded after splitting (RFC 6749 §2.3.1)."""
    secret_ends_at_colon: bool = False
    """Whether a second colon cuts the secret off."""
    malformed: Literal["refuse", "ignore"] = "refuse"
    """Whether credentials that cannot be read are refused, or count as absent."""


class ClientAuthenticationWords(Words, frozen=True):
    """How clients authenticate at the token endpoint (RFC 6749 §2.3)."""

    methods: tuple[Literal["basic", "parameters"], ...] = ("basic", "parameters")
    """Where client id and secret may stand, the one that wins first."""
    both: Literal["refuse", "first", "each", "match"] = "refuse"
    """When both are present: refuse; take the first method; take each value from the first method that has it;
    or take the first and refuse another client id in the other."""
    basic: BasicWords = BasicWords()
    """How Basic credentials are read."""


class OrderWords(Words, frozen=True):
    """The order of checks: `client`, `grant_type`, `scope`, `grant`, each once."""

    default: Names = ("client", "grant_type", "scope", "grant")
    """For every grant type that is not named below."""
    refresh_token: Names | None = None
    """For the refresh token grant, where it differs."""


class ScopeWords(Words, frozen=True):
    """How the scope parameter is read and judged."""

    separators: Annotated[str, Meta(min_length=1)] = " "
    """The characters that part scope names."""
    empty_names: Literal["drop", "keep"] = "drop"
    """Whether two separators in a row make an empty (and unknown) name; kept, an empty first name means no scope."""
    quotes: Literal["keep", "strip"] = "keep"
    """Whether double quotes around the whole value are dropped, as some documents print it."""
    grammar: Literal["rfc6749", "any"] = "any"
    """Whether characters outside RFC 6749 §3.3 are refused."""
    sorted: bool = False
    """Whether names are put in alphabetical order."""
    default: Literal["none", "client"] | Names = "client"
    """What a request without scope asks for: nothing, all of the client's scope, or these names."""
    requested: Literal["judge", "ignore"] = "judge"
    """Whether a requested scope has any effect."""
    wildcard: str | None = None
    """A name that is always known and passes every scope check."""
    wildcard_for: Names = ()
    """Grant types that keep the wildcard; others drop it in silence."""
    empty: Literal["allow", "refuse"] = "allow"
    """Whether ending up with no scope is the refusal `empty_scope`."""


class ResponseWords(Words, frozen=True):
    """The successful answer of the token endpoint (RFC 6749 §5.1)."""

    headers: Ordered = {}
    """Headers in order, Content-Type included."""
    body: Ordered = {}
    """JSON members in order; a member whose value is absent is left out."""
    expires_in: Literal["lifetime", "rounded_down"] = "lifetime"
    """Whether the lifetime is told in full, or as what is left of it in whole seconds: one less."""
    json: Literal["plain", "escaped"] = "plain"
    """How JSON text is escaped."""


class TokenWords(Words, frozen=True):
    """How a token is spelled."""

    format: str = "jwt"
    """The token format: `jwt`, `sealed` or `reference` for access tokens, `handle` or `jwt` for refresh tokens."""
    algorithm: str | None = None
    """The JOSE algorithm, where the format is signed; without it the server's default."""
    header: Ordered = {}
    """The JOSE header's members in order."""
    claims: Ordered = {}
    """The claims in order."""
    json: Literal["plain", "escaped"] = "plain"
    """How JSON text inside the token is escaped."""
    prefix: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.~-]*$")] = ""
    """Text before a token that is not a JWT."""
    encoding: Literal["base64url", "hex", "guid"] = "base64url"
    """How the bytes of a token that is not a JWT are printed."""


class RefreshTokenWords(TokenWords, frozen=True):
    """How refresh tokens are spelled, and which answers hold one."""

    grant_types: Names = ("password", "refresh_token")
    """Grant types whose answer may hold a refresh token; a client needs `refresh_token` among its own, too."""


class ErrorWords(Words, frozen=True):
    """How one refusal, or all refusals with one error code, are told."""

    status: Status | None = None
    """The HTTP status."""
    error: str | None = None
    """The error code."""
    description: str | None = None
    """The text, a template."""
    hint: str | None = None
    """A second text, a template, for dialects whose error body has one."""
    extra: Ordered = {}
    """Further JSON members after the body's own."""
    headers: Ordered = {}
    """Further headers; a header whose value is absent is left out."""
    body: Ordered | None = None
    """A body of its own in place of the dialect's error body."""
    content_type: str | None = None
    """A Content-Type of its own; where there is a `text`, of that."""
    text: str | None = None
    """A body that is not JSON, a template, in place of any JSON."""
    text_unless_json_accepted: bool = False
    """Whether `text` gives way to JSON when the request's Accept asks for JSON."""


class ErrorsWords(Words, frozen=True):
    """Error answers."""

    headers: Ordered = {}
    """Headers in order, Content-Type included."""
    body: Ordered = {}
    """JSON members in order."""
    json: Literal["plain", "escaped"] = "plain"
    """How JSON text is escaped."""
    escape: Literal["none", "html", "html-padded"] = "none"
    """Whether descriptions and hints are HTML-escaped in bodies; an apostrophe becomes `&#39;`, or padded `&#039;`."""
    code: dict[str, ErrorWords] = {}
    """By error code: what all its refusals share."""
    refusal: dict[str, ErrorWords] = {}
    """By refusal: what this one says differently."""


class IntrospectionWords(EndpointWords, frozen=True):
    """Token introspection (RFC 7662), or what a dialect has in its place."""

    parameters: tuple[Literal["query", "body"], ...] = ("body",)
    """Where the token may stand."""
    token_types: tuple[Literal["access_token", "refresh_token"], ...] = ("access_token", "refresh_token")
    """What may be introspected."""
    clients: Literal["confidential", "any"] = "confidential"
    """Who may ask."""
    unsupported_hint: Literal["ignore", "refuse"] = "ignore"
    """What an unknown `token_type_hint` comes to."""
    inactive: Literal["answer", "refuse"] = "answer"
    """Whether a token that is not good is an answer (`active` false) or a refusal."""
    body: Ordered = {}
    """Members for an active access token, in order."""
    refresh_body: Ordered | None = None
    """Members for an active refresh token, where they differ."""
    inactive_body: Ordered = field(default_factory=lambda: {"active": False})
    """Members for a token that is not good."""
    errors: ErrorsWords = ErrorsWords()
    """Errors of this endpoint, where they differ from the token endpoint's."""


class RevocationWords(EndpointWords, frozen=True):
    """Token revocation (RFC 7009), or what a dialect has in its place."""

    parameters: tuple[Literal["query", "body"], ...] = ("body",)
    """Where the token may stand."""
    token_parameter: str = "token"  # noqa: S105
    """The name of the parameter that holds the token."""
    authentication: Literal["client", "token"] = "client"
    """Whether the client authenticates, or the bearer token itself is what is revoked."""
    headers: Ordered = {}
    """Headers of the answer."""
    body: Ordered | None = None
    """Members of the answer; without it the answer is empty."""
    unsupported_hint: Literal["ignore", "refuse"] = "ignore"
    """What an unknown `token_type_hint` comes to."""
    access_token_ends: Literal["itself", "grant"] = "itself"
    """Whether revoking an access token ends its grant, and so its refresh token, too."""
    foreign_token: Literal["refuse", "ignore"] = "refuse"
    """How another client's token is answered; it stays good either way."""


class KeyWords(EndpointWords, frozen=True):
    """An endpoint that shows the one key with which a dialect's tokens are signed."""

    body: Ordered = {}
    """Members in order."""


class ResourceWords(EndpointWords, frozen=True):
    """How an API takes this dialect's tokens (RFC 6750); the demo mounts one such resource."""

    headers: Names = ("Authorization",)
    """Request headers that may hold the token, in this order."""
    schemes: Names = ("Bearer",)
    """Authentication schemes that introduce it."""
    scheme_case: Literal["exact", "any"] = "any"
    """Whether the scheme must be written as above."""
    cut_at_comma: bool = False
    """Whether the token ends at a comma."""
    parameter: str | None = None
    """A parameter that may hold the token, in place of a header."""
    parameter_in: tuple[Literal["query", "body"], ...] = ()
    """Where that parameter may stand."""
    required_scope: dict[str, str] = {}
    """The scope that each method needs."""
    audience: str | None = None
    """The audience that a token must be for; a token for no audience in particular passes."""
    resource_owner: Literal["required", "optional"] = "optional"
    """Whether a token that speaks for its client alone is refused as no good."""
    on_behalf_of: str | None = None
    """The path segment that names the resource owner on whose behalf the call is made."""
    response_headers: Ordered = {}
    """Headers of the demo resource's answer."""
    body: Ordered = {}
    """Members of the demo resource's answer."""
    errors: ErrorsWords = ErrorsWords()
    """How the resource refuses."""


class ClientDefaults(Words, frozen=True):
    """What a client gets when it is registered for this dialect and nothing else is said."""

    access_token_lifetime: int | None = None
    """Seconds."""
    refresh_token_lifetime: int | None = None
    """Seconds; 0: no end but the idle one."""
    refresh_token_idle_lifetime: int | None = None
    """Seconds from the last refresh; 0: no idle end."""
    refresh: Literal["rotate", "reuse"] | None = None
    """What a refresh does to the refresh token."""
    refresh_ends_access_token: bool | None = None
    """Whether a refresh revokes the access token before it."""
    scope: Names | None = None
    """Scope names."""
    audience: Names | None = None
    """Audience of its access tokens."""


class DialectFile(Words, frozen=True):
    """One dialect."""

    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9.-]*$")]
    """What configuration, clients and paths call it; the same as the file's name."""
    title: str
    """One line for people."""
    extends: str | None = None
    """The dialect whose words hold where this file is silent."""
    document: str = ""
    """The published document that its clients were written from."""
    upstream: str = ""
    """The software, with its version, that decides what the document does not say."""
    needs: tuple[Literal["query_credentials", "get_credentials"], ...] = ()
    """What RFC 9700 forbids and this dialect cannot do without; shown when the server starts."""
    grant_types: Names = ("password", "client_credentials", "refresh_token")
    """Grant types that exist in this dialect."""
    token: EndpointWords = EndpointWords()
    """The token endpoint."""
    request: RequestWords = RequestWords()
    client_authentication: ClientAuthenticationWords = ClientAuthenticationWords()
    order: OrderWords = OrderWords()
    scope: ScopeWords = ScopeWords()
    response: ResponseWords = ResponseWords()
    access_token: TokenWords = TokenWords()
    refresh_token: RefreshTokenWords = RefreshTokenWords()
    errors: ErrorsWords = ErrorsWords()
    introspection: IntrospectionWords = IntrospectionWords()
    revocation: RevocationWords = RevocationWords()
    key: KeyWords = KeyWords()
    jwks: EndpointWords = EndpointWords(methods=("GET",))
    metadata: EndpointWords = EndpointWords(methods=("GET",))
    resource: ResourceWords = ResourceWords()
    client_defaults: ClientDefaults = ClientDefaults()
