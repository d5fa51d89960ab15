"""What was found in the shadow of another server, as it is told: what drifts, and whether anything does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dragoman.shadow.record import ClientRecord, Found, Record


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. Times are epoch seconds; one that is expected is no drift."""

    field: str
    theirs: str
    ours: str
    expected: str
    count: int
    first: int
    last: int


class ClientReport(msgspec.Struct, frozen=True, kw_only=True):
    """One client in one dialect; its id is empty where no client of ours was named."""

    dialect: str
    client: str
    compared: int
    alike: int
    not_compared: dict[str, int]
    first: int | None
    last: int | None
    drifts: bool
    differences: tuple[Told, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a shadow found, of all dialects and clients, as `shadow report` prints it."""

    compared: int
    drifts: bool
    left_out: int
    clients: tuple[ClientReport, ...]


def make_report(record: Record, since: int, client_id: str | None) -> Report:
    """What was there from this time on, of one client or of all; counts are of all times."""
    clients = tuple(
        _client(one, since)
        for one in sorted(record.clients, key=lambda one: (one.dialect, one.client))
        if client_id in (None, one.client)
    )
    return Report(
        compared=sum(one.compared for one in clients if one.last is not None and one.last >= since),
        drifts=any(one.drifts for one in clients) or record.left_out > 0,
        left_out=record.left_out,
        clients=clients,
    )


def is_without_drift(report: Report) -> bool:
    """Whether something was compared and nothing drifts."""
    return report.compared > 0 and not report.drifts


def _client(one: ClientRecord, since: int) -> ClientReport:
    differences = tuple(_told(each) for each in one.differences if each.seen.last >= since)
    more = one.others is not None and one.others.last >= since
    if one.others is not None and more:
        seen = one.others
        told = Told(field="(more)", theirs="", ours="", expected="", count=seen.count, first=seen.first, last=seen.last)
        differences = (*differences, told)
    return ClientReport(
        dialect=one.dialect,
        client=one.client,
        compared=0 if one.compared is None else one.compared.count,
        alike=one.alike,
        not_compared=one.not_compared,
        first=None if one.compared is None else one.compared.first,
        last=None if one.compared is None else one.compared.last,
        drifts=any(not each.expected for each in differences),
        differences=differences,
    )


def _told(one: Found) -> Told:
    return Told(
        field=one.field,
        theirs=one.theirs,
        ours=one.ours,
        expected=one.expected,
        count=one.seen.count,
        first=one.seen.first,
        last=one.seen.last,
    )
