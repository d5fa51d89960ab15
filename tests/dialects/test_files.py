"""Dialect files: found, merged, checked."""

import pytest

from dragoman.core.errors import OAuthError, Refusal
from dragoman.dialects.files import DialectFault, list_dialects, load_dialect
from dragoman.dialects.wire import WireRequest

HEAD = 'title = "Acme"\nextends = "standard"\n'


@pytest.fixture
def load(tmp_path):
    def load(text, name="acme", **others):
        for file, content in {name: f'name = "{name}"\n{text}', **others}.items():
            (tmp_path / f"{file}.toml").write_text(content, encoding="utf-8")
        return load_dialect(name, list_dialects([tmp_path]))

    return load


def test_what_a_file_does_not_say_comes_from_the_file_it_extends(load):
    acme = load(HEAD + '[token]\npaths = ["/login"]\n')
    assert acme.words.token.paths == ("/login",)
    assert acme.words.request.duplicates == "refuse"
    assert next(iter(acme.words.response.body)) == "access_token"


def test_ordered_tables_are_replaced_whole_and_others_merged(load):
    acme = load(HEAD + '[response.body]\ntoken = "{access_token}"\n[errors.code.invalid_client]\nstatus = 418\n')
    assert dict(acme.words.response.body) == {"token": "{access_token}"}
    assert acme.words.errors.code["invalid_client"].status == 418
    assert acme.words.errors.body


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (401, "Unauthorized"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
    ],
)
def test_a_phrase_is_the_same_on_every_python(load, status, phrase):
    acme = load(
        HEAD + f'[errors]\nbody = {{ error = "{{reason}}" }}\n[errors.code.invalid_client]\nstatus = {status}\n'
    )
    refused = OAuthError(Refusal.UNKNOWN_CLIENT, "")
    answer = acme.errors.spell(refused, WireRequest(method="POST", path="/"))
    assert (answer.status, answer.body) == (status, f'{{"error":"{phrase}"}}'.encode())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "[requst]\n", "unknown field `requst`"),
        (HEAD + "[request]\nparameters = ['header']\n", "Invalid enum value 'header'"),
        (HEAD + "[response.body]\nx = '{nothing}'\n", "no value 'nothing'"),
        (HEAD + "[response.body]\nx = '{'\n", "braces"),
        (HEAD + "[order]\ndefault = ['client', 'scope', 'grant']\n", "each once"),
        (HEAD + "[order]\ndefault = ['grant', 'client', 'grant_type', 'scope']\n", "client comes before scope"),
        (HEAD + "[order]\ndefault = ['scope', 'client', 'grant_type', 'grant']\n", "client comes before scope"),
        (HEAD + "[errors.refusal.wrong_credential]\nstatus = 401\n", "there is no 'wrong_credential'"),
        (HEAD + "[resource]\nrequired_scope = {GTE = 'read'}\n", "there is no 'GTE'"),
        (HEAD + "[resource]\non_behalf_of = 'user'\n", "no path of the resource has the segment {user}"),
        (HEAD + "[refresh_token]\ngrant_types = ['pasword']\n", "there is no 'pasword'"),
        ("grant_types = ['pass word']\n" + HEAD, "'pass word' is no grant type"),
        ("title = 'x'\nextends = 'nowhere'\n", "not among"),
        ("title = 'x'\nextends = 'acme'\n", "extends it in turn"),
        ("title = \n", "cannot be read as TOML"),
    ],
)
def test_a_mistake_is_told_with_the_file_and_a_reason(load, text, told):
    with pytest.raises(DialectFault, match=r"acme\.toml") as fault:
        load(text)
    assert told in str(fault.value)


def test_a_file_must_be_called_as_it_calls_itself(tmp_path):
    (tmp_path / "other.toml").write_text('name = "acme"\ntitle = "x"\n', encoding="utf-8")
    with pytest.raises(DialectFault, match="its `name` must be 'other'"):
        load_dialect("other", list_dialects([tmp_path]))


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DialectFault, match="no such folder"):
        list_dialects([tmp_path / "missing"])


def test_a_name_that_is_taken_is_refused(tmp_path):
    (tmp_path / "standard.toml").write_text('name = "standard"\ntitle = "Mine"\n', encoding="utf-8")
    with pytest.raises(DialectFault, match="has this name already"):
        list_dialects([tmp_path])


def test_an_unknown_dialect_is_told_the_known_ones():
    with pytest.raises(DialectFault, match=r"there is no dialect 'nobody'; there are: .*standard"):
        load_dialect("nobody", list_dialects([]))


def test_the_words_of_an_error_code_hold_for_all_its_refusals(load):
    acme = load(
        HEAD + '[errors.code.invalid_client]\nerror = "who_are_you"\nextra = {hint = "x"}\ncontent_type = "a/b"\n'
    )
    from dragoman.core.errors import OAuthError, Refusal
    from dragoman.dialects.wire import WireRequest

    answer = acme.errors.spell(OAuthError(Refusal.UNKNOWN_CLIENT), WireRequest(method="POST", path="/x"))
    assert b'"who_are_you"' in answer.body
    assert b'"hint":"x"' in answer.body
    assert (b"Content-Type", b"a/b") in answer.headers


@pytest.mark.parametrize(
    ("template", "holds"),
    [("{client.id}", True), ("{ client.id }", True), ("{client.id?}", True), ("client.id", False), ("{{client.id}}", False),
     ("{client.id} {client.name}", False), ("{client.name}", False)],
)  # fmt: skip
def test_a_claim_names_the_client_only_if_it_is_just_that(load, template, holds):
    acme = load(
        HEAD + f'[access_token.claims]\nwho = "{template}"\njti = "{{token_id.guid}}"\nexp = "{{expires_at}}"\n'
    )
    assert (acme.rules.access_token.client_claim == "who") is holds


def test_a_refresh_may_have_an_order_of_its_own(load):
    acme = load(HEAD + "[order]\nrefresh_token = ['client', 'grant_type', 'grant', 'scope']\n")
    assert acme.rules.order_of("refresh_token") != acme.rules.order_of("password")
    assert acme.rules.order_of(None) == acme.rules.order_of("password")


def test_a_file_that_cannot_be_opened_is_told(tmp_path):
    (tmp_path / "acme.toml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DialectFault, match=r"acme\.toml: cannot be read: No such file"):
        load_dialect("acme", list_dialects([tmp_path]))


def test_a_file_that_extends_nothing_stands_alone(load):
    alone = load('title = "x"\n')
    assert alone.words.token.paths == ()
    assert alone.rules.order_of("refresh_token") == alone.rules.order


def test_lists_in_lists_without_end_are_told_and_not_followed(load):
    with pytest.raises(DialectFault, match="too deep"):
        load(HEAD + "x = " + "[" * 5000)
