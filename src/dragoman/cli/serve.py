"""`dragoman serve`: run the server."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
import uvicorn
import uvloop

from dragoman.cli.listening import listen, refuse_unusable_tls
from dragoman.config import CONFIG_NAME, Configuration, read_configuration
from dragoman.wiring import open_server

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

    from dragoman.http.paths import Application


class DrainingServer(uvicorn.Server):
    """Stops listening at the first signal, lets requests in flight finish, and then returns instead of dying.

    A second signal ends it at once.
    """

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM while serving, and never raise them again afterwards."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def run(
    configuration: Configuration,
    announce: Callable[[Sequence[str]], None],
    sockets: list[socket.socket] | None = None,
    started: Callable[[], None] | None = None,
) -> None:
    """Serve until a signal.

    `announce` gets what is switched on against RFC 9700; `started` is called once the server answers.
    """

    async def serve() -> None:
        async with open_server(configuration) as served:
            announce(served.exposures)
            server = DrainingServer(_uvicorn_config(configuration, served.application))
            waiting = asyncio.create_task(_when_started(server, started)) if started is not None else None
            await server.serve(sockets=sockets)
            if waiting is not None:
                waiting.cancel()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


async def _when_started(server: uvicorn.Server, started: Callable[[], None]) -> None:
    while not server.started:  # noqa: ASYNC110 (uvicorn offers no event)
        await asyncio.sleep(0.005)
    started()


def _uvicorn_config(configuration: Configuration, application: Application) -> uvicorn.Config:
    server = configuration.server
    return uvicorn.Config(
        application,
        host=server.host,
        port=server.port,
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=server.drain_seconds,
        ssl_certfile=None if server.tls_certificate is None else str(configuration.path(server.tls_certificate)),
        ssl_keyfile=None if server.tls_key is None else str(configuration.path(server.tls_key)),
    )


def print_exposures(exposures: Sequence[str]) -> None:
    """On standard error, one line each."""
    for exposure in exposures:
        click.echo(f"dragoman: switched on against RFC 9700: {exposure}", err=True)


@click.command()
@click.option(
    "--config", "path", type=click.Path(path_type=Path), default=Path(CONFIG_NAME), envvar="DRAGOMAN_CONFIG",
    show_default=True, help="The configuration file.",
)  # fmt: skip
def command(path: Path) -> None:
    """Run the server in the foreground.

    Ctrl-C or SIGTERM lets requests in flight finish; a second one does not wait.

    \b
    dragoman serve
    dragoman serve --config /srv/dragoman/dragoman.toml
    DRAGOMAN_SERVER__PORT=9000 dragoman serve
    """
    configuration = read_configuration(path)
    server = configuration.server
    refuse_unusable_tls(configuration)
    listening = listen(server.host, server.port)
    scheme = "https" if server.tls_certificate else "http"
    where = f"{configuration.issuer} on {scheme}://{server.host}:{listening.getsockname()[1]}"

    def announce(exposures: Sequence[str]) -> None:
        click.echo(f"dragoman: serving {where}", err=True)
        print_exposures(exposures)

    with listening:
        run(configuration, announce, [listening])
