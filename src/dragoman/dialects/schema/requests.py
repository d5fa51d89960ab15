"""How requests are read."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from dragoman.dialects.schema.common import Names, Words


class RequestWords(Words, frozen=True):
    """Where parameters stand and how they are read."""

    parameters: tuple[Literal["query", "body"], ...] = ("body",)
    """Where parameters may stand; the first place that has a name wins."""
    query: Literal["refuse", "ignore"] = "refuse"
    """What OAuth parameters in the query come to where the query is not read."""
    media_types: tuple[Literal["form", "multipart", "json"], ...] = ("form",)
    """Body formats that are read."""
    default_media_type: Literal["form", "none"] = "none"
    """What a body counts as that has no Content-Type, or `text/plain`: `fetch` writes so where nobody says another."""
    other_media_type: Literal["refuse", "ignore"] = "refuse"
    """Whether a body in another format is refused, or counts as empty."""
    malformed: Literal["refuse", "ignore"] = "refuse"
    """Whether a body that cannot be parsed is refused, or counts as empty."""
    duplicates: Literal["refuse", "first", "last"] = "refuse"
    """Which of several values of one name in one place counts. A doubled part of a multipart body is always refused."""
    lists: Literal["refuse", "ignore", "first"] = "ignore"
    """What `name[]=value` and JSON arrays come to: the refusal `list_parameter`, nothing, or their first element."""
    lists_joined: Names = ()
    """Parameters whose list counts as its elements with a blank between each, whatever becomes of other lists."""
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
