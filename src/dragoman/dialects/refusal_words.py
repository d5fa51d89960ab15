"""How a dialect's words tell each refusal: what is said of it, of its error code, and of all of them, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dragoman.core.refusals import REFUSALS
from dragoman.dialects.schema import ErrorsWords, ErrorWords

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.errors import Refusal
    from dragoman.dialects.schema import Ordered

_TEXT = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalWords:
    """One refusal at one endpoint, nothing left open: templates and constants."""

    status: int
    error: str
    description: str
    hint: str | None
    headers: Mapping[str, object]
    """Of the answer in JSON, Content-Type included."""
    body: Ordered
    text: str | None
    """What is told in place of JSON."""
    text_type: str
    """The Content-Type of that."""
    text_unless_json_accepted: bool


def join_errors(words: ErrorsWords, base: ErrorsWords) -> ErrorsWords:
    """The words of an endpoint; where it is silent, `base`, the token endpoint's, holds."""
    return ErrorsWords(
        headers=words.headers or base.headers,
        body=words.body or base.body,
        json=words.json or base.json,
        escape=words.escape or base.escape,
        code={**base.code, **words.code},
        refusal={**base.refusal, **words.refusal},
    )


def words_of(refusal: Refusal, words: ErrorsWords) -> RefusalWords:
    """How this one is told: what is said of it comes before what is said of its code, and that before the rest."""
    code, text = REFUSALS[refusal]
    own = words.refusal.get(refusal.value, ErrorWords())
    shared = words.code.get(own.error or code.value, ErrorWords())
    body = own.body if own.body is not None else shared.body if shared.body is not None else words.body
    headers = {**words.headers, **shared.headers, **own.headers}
    content_type = own.content_type or shared.content_type
    answer_text = own.text if own.text is not None else shared.text
    if content_type is not None and answer_text is None:
        headers["Content-Type"] = content_type
    description = own.description if own.description is not None else shared.description
    return RefusalWords(
        status=own.status or shared.status or 400,
        error=own.error or shared.error or code.value,
        description=text if description is None else description,
        hint=own.hint if own.hint is not None else shared.hint,
        headers=headers,
        body={**body, **shared.extra, **own.extra},
        text=answer_text,
        text_type=content_type or _TEXT,
        text_unless_json_accepted=own.text_unless_json_accepted,
    )
