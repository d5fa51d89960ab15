"""One demo for all of these tests; each test takes what it needs and leaves the rest as it was."""

import pytest

from tests.clients.demo_process import running_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory):
    with running_demo(tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch):
    """The demo listens on loopback without TLS; the libraries want to be told that this is meant."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
