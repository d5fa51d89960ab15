"""A form as a client posts it, and what it is answered."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode


def post(url: str, basic: str | None = None, **form: str) -> tuple[int, dict]:
    """Status and document of the answer to a form, whatever they are."""
    headers = {} if basic is None else {"Authorization": f"Basic {b64encode(basic.encode()).decode()}"}
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)
