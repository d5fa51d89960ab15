"""The hash guard: K01 to K03."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from dragoman.config.settings import PasswordsTable, ThrottleTable
from tests.attacks.guarding import QUEUE, SLOTS, Held, counted_work, first_of, form_of, stored_of, until_there_are
from tests.attacks.harness import FORM, PASSWORD, Answer, Server, ask, configuration_of, running


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    """A server with two slots."""
    table = PasswordsTable(memory_kib=8, iterations=1, slots=SLOTS, queue=QUEUE)
    configuration = msgspec.structs.replace(configuration_of(tmp_path), passwords=table)
    with running(configuration) as server:
        yield server


def test_k01_of_500_log_ins_at_once_the_excess_is_refused_at_once_and_costs_no_hash(guarded: Server):
    client, owner = guarded.add_client(), guarded.add_owner()
    before = guarded.passwords.hashes_computed
    told = guarded.mark()

    async def storm(held: Held) -> list[Answer]:
        one = form_of(guarded, client, owner)
        tasks = {asyncio.create_task(ask(guarded.application, **one)) for _ in range(500)}
        refused: set[asyncio.Task[Answer]] = set()
        while len(refused) < 500 - QUEUE:
            refused |= await first_of(tasks - refused)
        assert guarded.passwords.hashes_computed == before
        assert guarded.passwords.waiting == QUEUE
        held.let_go()
        return list(await asyncio.gather(*tasks))

    with Held(guarded.passwords) as held:
        answers = guarded.run(storm(held))
    assert sorted(answer.status for answer in answers) == [200] * QUEUE + [503] * (500 - QUEUE)
    assert {answer.header("Retry-After") for answer in answers if answer.status == 503} == {"1"}
    assert {answer.error for answer in answers if answer.status == 503} == {"temporarily_unavailable"}
    assert guarded.passwords.hashes_computed - before == QUEUE
    assert len(guarded.events(told)) == 500


def test_k01_while_the_line_is_full_nobody_is_looked_up_counted_or_kept_waiting(tmp_path: Path):
    """Not even who would have to wait for guesses at the same account, of which five may be checked at once."""
    table = PasswordsTable(memory_kib=8, iterations=1, slots=SLOTS, queue=5)
    configuration = configuration_of(tmp_path, throttle=ThrottleTable())
    with running(msgspec.structs.replace(configuration, passwords=table)) as server:
        client, owner = server.add_client(), server.add_owner()
        assert server.log_in(client, owner).status == 200

        async def crowd(held: Held) -> list[Answer]:
            five = [asyncio.create_task(ask(server.application, **form_of(server, client, owner))) for _ in range(5)]
            await until_there_are(server, 5)
            with counted_work(server) as least:
                assert (await ask(server.application, **form_of(server, client, owner, ""))).error == "invalid_request"
            late = []
            for name in (owner, "nobody"):
                with counted_work(server) as work:
                    late.append(await ask(server.application, **form_of(server, client, name)))
                assert work == least
            held.let_go()
            assert {(await task).status for task in five} == {200}
            return late

        told = server.mark()
        with Held(server.passwords) as held:
            answers = server.run(crowd(held))
        assert {answer.status for answer in answers} == {503}
        assert answers[0].identity == answers[1].identity
        reasons = [
            event["detail"] for event in server.events(told) if event.get("refusal") == "temporarily_unavailable"
        ]
        assert reasons == ["the queue of password hashes is full"] * 2


def test_k02_while_every_slot_is_taken_all_else_is_answered(guarded: Server):
    client, owner = guarded.add_client(), guarded.add_owner()
    tokens = guarded.log_in(client, owner).document
    with Held(guarded.passwords):
        assert guarded.introspect(client, tokens["access_token"])["active"] is True
        assert guarded.refresh(client, tokens["refresh_token"]).status == 200
        assert guarded.ask("GET", "/health/ready").status == 200
        form = {"grant_type": "client_credentials", **guarded.credentials(client)}
        assert guarded.form("/oauth2/token", form).status == 200


def test_k02_a_client_whose_secret_was_imported_as_a_slow_hash_needs_no_slot_once_it_has_shown_it(guarded: Server):
    client, owner = guarded.add_client(secret=PASSWORD, secrets=(stored_of("04"),)), guarded.add_owner()
    tokens = guarded.log_in(client, owner).document
    with Held(guarded.passwords):
        assert guarded.introspect(client, tokens["access_token"])["active"] is True
        assert guarded.refresh(client, tokens["refresh_token"]).status == 200
        wrong = {"grant_type": "client_credentials", "client_id": client, "client_secret": "wrong"}
        assert guarded.form("/oauth2/token", wrong).error == "invalid_client"
        assert guarded.passwords.waiting == 0


def after_the_flood(
    guarded: Server, flood: Iterable[Mapping[str, object]], late: Mapping[str, object]
) -> tuple[list[int], int]:
    """The statuses of those who gave way to the late one, while nobody was served, and its own in the end."""

    async def storm(held: Held) -> tuple[list[int], int]:
        asking = [asyncio.create_task(ask(guarded.application, **one)) for one in flood]
        await until_there_are(guarded, QUEUE)
        latest = asyncio.create_task(ask(guarded.application, **late))
        done = await first_of(asking)
        held.let_go()
        return [task.result().status for task in done], (await latest).status

    with Held(guarded.passwords) as held:
        return guarded.run(storm(held))


def test_k01_one_clients_flood_takes_no_place_from_another_client(guarded: Server):
    flooding, other, owner = guarded.add_client(), guarded.add_client(), guarded.add_owner()
    flood = [form_of(guarded, flooding, owner)] * QUEUE
    assert after_the_flood(guarded, flood, form_of(guarded, other, owner)) == ([503], 200)


def test_k01_one_addresss_flood_through_a_public_client_takes_no_place_from_other_addresses(guarded: Server):
    app, owner = guarded.add_client(public=True), guarded.add_owner()
    body = urlencode({"grant_type": "password", "client_id": app, "username": owner, "password": PASSWORD}).encode()
    one = {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body}
    flood = [{**one, "peer": f"2001:db8::{number:x}"} for number in range(1, QUEUE + 1)]
    assert after_the_flood(guarded, flood, {**one, "peer": "2001:db8:0:1::1"}) == ([503], 200)


def test_k03_wrong_client_secrets_cost_no_hash_and_no_place(guarded: Server):
    client = guarded.add_client()
    with Held(guarded.passwords), guarded.nothing_happens():
        for client_id, secret in ((client, "wrong"), ("nobody", "wrong")):
            form = {"grant_type": "password", "username": "x", "password": PASSWORD}
            answer = guarded.form("/oauth2/token", form | {"client_id": client_id, "client_secret": secret})
            assert answer.error == "invalid_client"
        assert guarded.passwords.waiting == 0


def secret_of(client: str, text: str, **more: object) -> dict[str, object]:
    """A request for the client's own token, to be asked."""
    body = urlencode({"grant_type": "client_credentials", "client_id": client, "client_secret": text}).encode()
    return {"method": "POST", "path": "/oauth2/token", "headers": [("Content-Type", FORM)], "body": body, **more}


def test_k03_wrong_secrets_of_many_clients_with_slow_hashes_take_no_place_from_log_ins(guarded: Server):
    """Whoever knows the ids of as many clients as may wait, as where they are numbers, need know no secret."""
    named = [guarded.add_client(secrets=(stored_of("04"),)) for _ in range(QUEUE)]
    app, owner = guarded.add_client(), guarded.add_owner()
    flood = [secret_of(client, "wrong") for client in named]
    assert after_the_flood(guarded, flood, form_of(guarded, app, owner)) == ([503], 200)


def test_k03_wrong_secrets_from_one_address_take_no_place_from_the_client_that_they_are_to_be_of(guarded: Server):
    client = guarded.add_client(secret=PASSWORD, secrets=(stored_of("04"),))
    flood = [secret_of(client, "wrong", peer=f"2001:db8::{number:x}") for number in range(1, QUEUE + 1)]
    assert after_the_flood(guarded, flood, secret_of(client, PASSWORD, peer="2001:db8:0:1::1")) == ([503], 200)
