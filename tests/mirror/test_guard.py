"""Passport's guard goes on to let in who has a token, and nobody else, over tables as Passport's migrations make them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from tests.mirror.laravel import seconds_of

if TYPE_CHECKING:
    from tests.mirror.conftest import Story

_NUMBERS = itertools.count(10)


def somebody(story: Story) -> str:
    return story.add_user(next(_NUMBERS) * 100 + story.database.version)


def test_a_token_is_let_in_from_the_moment_it_is_there_until_its_session_ends(story: Story):
    ann = somebody(story)
    first = story.log_in(ann, scope="read").document
    assert story.api.lets_in(first["access_token"])
    second = story.refresh(first["refresh_token"]).document
    assert story.api.lets_in(second["access_token"])
    assert story.api.lets_in(first["access_token"])
    story.revoke(second["refresh_token"])
    story.ends(first["access_token"])
    story.ends(second["access_token"])


def test_the_row_is_the_one_that_the_old_server_would_have_written(story: Story):
    ann = somebody(story)
    token = story.log_in(ann, scope="read write").document["access_token"]
    row, claims = story.api.row(token), story.api.claims(token)
    assert row["id"] == claims["jti"]
    assert str(row["user_id"]) == claims["sub"] == story.server.owner_id(ann)
    assert str(row["client_id"]) == claims["aud"] == story.database.client_id
    assert sorted(story.api.scopes(token)) == ["read", "write"] == sorted(claims["scopes"])
    assert not row["revoked"]
    assert seconds_of(row["expires_at"]) == claims["exp"]
    assert row["name"] in {grant.id.hex() for grant in story.server.grants(story.database.client_id)}
    zone = 5 * 3600 if story.database.kind == "mariadb" else 0  # a TIMESTAMP, seen from another zone
    assert seconds_of(row["created_at"]) == seconds_of(row["updated_at"]) == claims["iat"] + zone


def test_a_token_of_a_client_for_itself_belongs_to_nobody(story: Story):
    token = story.for_itself().document["access_token"]
    row = story.api.row(token)
    assert (row["user_id"], row["name"]) == (None, None)
    assert story.api.lets_in(token)
    story.revoke(token)
    story.ends(token)


def test_whoever_ends_a_session_and_however_the_api_learns_of_it(story: Story):
    people = [somebody(story) for _ in range(5)]
    signed_out, disabled, deleted, robbed, other = people
    tokens = {name: story.log_in(name).document for name in people}
    story.server.revoke_all(signed_out)
    story.server.change_owner(disabled, enabled=False)
    story.server.delete_owner(deleted)
    spent = tokens[robbed]["refresh_token"]
    successor = story.refresh(story.refresh(spent).document["refresh_token"]).document
    assert story.refresh(spent).status >= 400  # two generations back: stolen
    for one in (tokens[signed_out], tokens[disabled], tokens[deleted], tokens[robbed], successor):
        story.ends(one["access_token"])
    assert story.api.lets_in(tokens[other]["access_token"])


def test_states_that_can_be_taken_back_end_nothing_until_somebody_is_signed_out(story: Story):
    locked, expired = somebody(story), somebody(story)
    tokens = {name: story.log_in(name).document["access_token"] for name in (locked, expired)}
    story.server.change_owner(locked, locked=True)
    story.server.change_owner(expired, expired=True)
    ended = story.log_in(somebody(story)).document["access_token"]
    story.revoke(ended)
    story.ends(ended)  # by then the others would have ended
    assert all(map(story.api.lets_in, tokens.values()))
    client = story.server.credentials(story.database.client_id)
    told = [story.server.form("/oauth2/introspect", {**client, "token": one}).document for one in tokens.values()]
    assert [one["active"] for one in told] == [True, False]
    for name, token in tokens.items():
        story.server.revoke_all(name)
        story.ends(token)


def test_one_token_can_end_by_itself(story: Story):
    ann = somebody(story)
    first = story.log_in(ann).document
    second = story.refresh(first["refresh_token"]).document
    story.revoke(first["access_token"])
    story.ends(first["access_token"])
    assert story.api.lets_in(second["access_token"])


def test_a_refresh_ends_the_token_before_it_where_the_client_has_it_so(story: Story):
    story.server.change_client(story.database.client_id, refresh_ends_access_token=True)
    try:
        first = story.log_in(somebody(story)).document
        second = story.refresh(first["refresh_token"]).document
        story.ends(first["access_token"])
        assert story.api.lets_in(second["access_token"])
    finally:
        story.server.change_client(story.database.client_id, refresh_ends_access_token=False)


def test_a_refresh_that_is_asked_for_again_finds_its_row(story: Story):
    first = story.log_in(somebody(story)).document
    second, again = (story.refresh(first["refresh_token"]) for _ in range(2))
    assert second.status == again.status == 200
    tokens = [one.document["access_token"] for one in (second, again)]
    assert story.api.claims(tokens[0])["jti"] == story.api.claims(tokens[1])["jti"]
    assert all(map(story.api.lets_in, tokens))
    story.revoke(tokens[0])
    story.ends(tokens[0])
    assert story.refresh(first["refresh_token"]).status == 200
    assert not story.api.lets_in(tokens[1]), "asking again has brought back what had ended"


def test_while_the_table_is_gone_nothing_is_spent_and_afterwards_all_goes_on(story: Story):
    ann = somebody(story)
    first = story.log_in(ann).document
    with story.database.table_is_gone(), story.server.nothing_issued():
        for asked in (lambda: story.log_in(ann), lambda: story.refresh(first["refresh_token"]), story.for_itself):
            answer = asked()
            assert answer.status == 503
            assert int(answer.header("Retry-After")) > 0
    story.becomes(lambda: story.refresh(first["refresh_token"]).status == 200)
    assert story.api.lets_in(story.log_in(ann).document["access_token"])
    assert story.api.lets_in(story.refresh(first["refresh_token"]).document["access_token"])


def test_what_ended_while_the_table_was_gone_ends_there_afterwards(story: Story):
    token = story.log_in(somebody(story)).document
    mark = story.server.mark()
    with story.database.table_is_gone():
        story.revoke(token["refresh_token"])
        story.becomes(lambda: told(story, mark, "mirror_behind") == 1)
    story.ends(token["access_token"])
    story.becomes(lambda: told(story, mark, "mirror_caught_up") == 1)
    assert told(story, mark, "mirror_behind") == 1


def told(story: Story, mark: int, event: str) -> int:
    """How often the log says so."""
    return sum(line["event"] == event for line in story.server.log_lines(mark))


def test_whose_id_does_not_fit_gets_no_token_and_stands_in_nobodys_way(story: Story):
    stranger = story.server.add_owner(id="not-a-number")
    answer = story.log_in(stranger)
    if story.database.kind == "sqlite":  # which has no such columns
        assert answer.status == 200
        return
    assert answer.status == 503
    assert "fit" in story.server.events()[-1]["detail"] or "fails" in story.server.events()[-1]["detail"]
    elsewhere = story.server.log_in(story.database.client_id, stranger).document  # at a mount that mirrors nothing
    story.server.revoke_all(stranger)
    ann = story.log_in(somebody(story)).document
    story.revoke(ann["refresh_token"])
    story.ends(ann["access_token"])
    assert elsewhere["access_token"]
