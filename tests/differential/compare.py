"""Which differences between two answers to the same request are meant to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dragoman.shadow.comparison import Difference

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPECTED_DIFFERENCES: Mapping[str, str] = {
    # in any answer
    "never_stored": "upstream lets errors and the other endpoints' answers be stored; ours are never",
    "one_second": "upstream says 3600 when it answers in the millisecond it began in, else 3599",
    # of single requests
    "empty_is_missing": "a parameter without a value is omitted (RFC 6749 §3.2); upstream takes the value",
    "bracketed_scope": "a scope in brackets is a list, as behind Express's extended parser; behind its plain one it is none",
    "one_value": "a parameter twice or as a list is refused (RFC 6749 §3.2); upstream takes some",
    "unreadable_body": "a body that cannot be read is an error in JSON; upstream shows its parser's page",
    "json_by_name": "any media type that ends in json is read as JSON; upstream reads application/json alone",
    "reuse_ends_the_grant": "a refresh token that comes back ends its grant (RFC 9700 §4.14); upstream goes on",
    "scope_as_granted": "less scope at one refresh is not for ever (RFC 6749 §6); upstream narrows the grant itself",
    "names_once": "a scope name is told once; upstream tells an unknown one as often as it was asked for",
    "audience_is_ours": "clients do not choose the audience of their tokens; upstream copies it from the request",
    "hint_is_advisory": "a refresh token is known without token_type_hint (RFC 7662 §2.1), as upstream does from 5.0",
    "confidential_introspection": "only confidential clients may introspect (RFC 7662 §4), as upstream from 5.0",
    "own_grant_types": "introspection needs no grant type, as upstream from 5.0; 4.3.7 wants client_credentials",
    "failure_is_told": "a revocation that did not happen is not answered as done (RFC 7009 §2.1), as upstream from 5.0",
    "no_fault": "the request is refused; upstream's parser or repository fails on it",
}
"""Why answers may differ, by the name of the difference."""


def unexpected(differences: list[Difference], differs: str) -> list[Difference]:
    """Those that nothing explains. `differs` names the difference that the request is there to show, if it is.

    Nothing explains a fault of ours, and a difference that is expected must be there.
    """
    unexplained = [difference for difference in differences if not difference.expected]
    if not differs:
        return unexplained
    if differs not in EXPECTED_DIFFERENCES:
        raise KeyError(differs)
    if unexplained:
        return [one for one in unexplained if one.field == "status" and str(one.ours).startswith("5")]
    return [Difference(field=f"expected difference {differs}", theirs="the same", ours="the same")]
