"""Sessions of the server that stood here before (docs/sessions.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dragoman.core.model import Client, RefreshHandle, Sender
    from dragoman.core.secret import Secret


class FormerSessions(Protocol):
    """Sessions of the server that stood here before: each becomes a grant of ours when it is first used."""

    async def adopt(self, presented: Secret, client: Client, sender: Sender, now: int) -> RefreshHandle | None:
        """The grant that a refresh token of the former server stands for from now on; None if it is none of its.

        Always the same one, whoever asks at the same time: its generation 0 is the former token. What then becomes of
        it is judged as for any token of ours. Refuses as `judge_standing`, and as the store and the threads do.
        """
        ...
