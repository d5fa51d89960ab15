"""An old server that lies, for all tests of a module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bridge.pairs import lied_to, says
from tests.old_servers import Talker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bridge.crossing import Crossed


@pytest.fixture(scope="module")
def liar(tmp_path_factory) -> Iterator[tuple[Talker, Crossed]]:
    """An old server that says whatever a test has it say, none of which is to leave a trace here."""
    with lied_to(tmp_path_factory.mktemp("liar"), says()) as pair_of_both:
        yield pair_of_both
