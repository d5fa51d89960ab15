"""An invented dialect, and a server that speaks it."""

from pathlib import Path

from dragoman.config.settings import MountTable
from tests.attacks.harness import running
from tests.serving import configure

TOPAZ = """
name = "topaz"
title = "An invented API"
extends = "standard"
grant_types = ["password", "refresh_token"]

[token]
paths = ["/topaz/session"]
methods = ["POST", "GET"]

[request]
parameters = ["body", "query"]
media_types = ["json", "form"]
default_media_type = "form"

[client_authentication]
methods = ["parameters"]
both = "first"

[response.headers]
Content-Type = "application/vnd.topaz+json"
Cache-Control = "no-store"
X-Topaz = "session for {{you}}"

[response.body]
result = "ok"
session = { key = "{access_token}", seconds = "{expires_in}", of = "{resource_owner.username}" }
renew = "{refresh_token}"

[access_token]
format = "reference"
prefix = "tpz_"
encoding = "hex"

[refresh_token]
prefix = "tpzr_"

[errors.headers]
Content-Type = "application/vnd.topaz+json"

[errors.body]
result = "failed"
why = "{error}"
text = "{description}"

[errors.code.invalid_client]
status = 403
headers = {}

[errors.refusal.wrong_credentials]
status = 418
error = "nobody_like_that"
description = "There is nobody like that."

[introspection]
paths = []

[revocation]
paths = []

[jwks]
paths = []

[metadata]
paths = []

[resource]
paths = ["/topaz/me"]
headers = ["X-Topaz-Key"]
schemes = ["Topaz"]
required_scope = {}

[resource.body]
me = "{resource_owner.username}"
"""


def write_dialect(folder: Path, text: str = TOPAZ, name: str = "topaz"):
    (folder / "dialects").mkdir(exist_ok=True)
    (folder / "dialects" / f"{name}.toml").write_text(text, encoding="utf-8")


def configured(folder: Path, *mounts: MountTable):
    return configure(folder, *mounts, dialect_folders=("dialects",))


def serve(folder: Path, *mounts: MountTable):
    return running(configured(folder, *mounts))
