"""Grant types: one module each, found by name. A module offers `GRANT_TYPE`."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dragoman.core.ports import GrantType


def load_grant_types() -> Mapping[str, GrantType]:
    """All grant types in this folder, by the value of `grant_type`."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    return {module.GRANT_TYPE.name: module.GRANT_TYPE for module in modules}
