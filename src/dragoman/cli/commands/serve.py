"""`dragoman serve`: run the server."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from dragoman.config.reading import CONFIG_NAME
from dragoman.config.rereading import ConfigurationFile
from dragoman.config.settings import Configuration
from dragoman.core.errors import Fault
from dragoman.hashing.cores import hash_slots
from dragoman.hashing.processes import HashProcesses
from dragoman.http.lines import Unhurried
from dragoman.http.log import Log
from dragoman.serving.forking import Unusable, fork, hear, tell
from dragoman.serving.listening import listen, refuse_unusable_tls
from dragoman.serving.meter import opened_meter
from dragoman.serving.notification import ServiceManager
from dragoman.serving.signals import kept
from dragoman.serving.supervisor import Outside, Supervisor
from dragoman.store.opening import hold
from dragoman.store.opening import prepare as prepare_database
from dragoman.wiring.shared_memory import opened_memory

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence


@click.command()
@click.option(
    "--config", "path", type=click.Path(path_type=Path), default=Path(CONFIG_NAME), envvar="DRAGOMAN_CONFIG",
    show_default=True, help="The configuration file.",
)  # fmt: skip
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes answer; instead of server.workers.")
@click.option(
    "--tls-cert", "certificate", type=click.Path(path_type=Path),
    help="A PEM file with the certificate chain; instead of server.tls_certificate.",
)  # fmt: skip
@click.option(
    "--tls-key", "key", type=click.Path(path_type=Path),
    help="A PEM file with the certificate's private key; instead of server.tls_key.",
)  # fmt: skip
def command(path: Path, workers: int | None, certificate: Path | None, key: Path | None) -> int:
    """Run the server in the foreground.

    Ctrl-C or SIGTERM lets requests in flight finish; a second one does not wait. SIGHUP takes over a changed
    configuration, and a renewed certificate, without refusing anyone.

    \b
    dragoman serve
    dragoman serve --config /srv/dragoman/dragoman.toml --workers 2
    dragoman serve --tls-cert chain.pem --tls-key key.pem
    DRAGOMAN_SERVER__PORT=9000 dragoman serve
    """
    told = {"workers": workers, "tls_certificate": _absolute(certificate), "tls_key": _absolute(key)}
    with kept(signal.SIGHUP):  # a reload that is asked for during the start is due once it is over
        return _serve(
            partial(_read, ConfigurationFile(path), {n: value for n, value in told.items() if value is not None})
        )


def _serve(read: Callable[[], Configuration]) -> int:
    """The exit status. Raises Fault."""
    configuration = read()
    with hold(configuration.location()) as look:
        _prepare(configuration)
        with (
            listen(configuration.server.host, configuration.server.port) as listening,
            opened_meter(configuration) as meter,
            opened_memory() as memory,
            closing(HashProcesses(hash_slots(configuration.passwords.slots))) as hashing,
        ):
            outside = Outside(
                read=read,
                announce=partial(
                    _announce, configuration, listening.getsockname()[1], None if meter is None else meter.port
                ),
                open_log=lambda current: Log(current.log.level, Unhurried(sys.stderr)),
                manager=ServiceManager(),
                look=look,
                meter=meter,
                memory=memory,
                hashing=hashing,
            )
            status, sentence = Supervisor(configuration, listening, outside).supervise()
    if sentence:
        _say(sentence)
    return status


def _absolute(path: Path | None) -> str | None:
    """Options are about where the command is called, settings about where their file is."""
    return None if path is None else str(path.absolute())


def _read(file: ConfigurationFile, told: Mapping[str, object]) -> Configuration:
    """The configuration, with these settings of its server instead. Raises Fault."""
    configuration = file.read()
    server = msgspec.structs.replace(configuration.server, **told)
    if (server.tls_certificate is None) != (server.tls_key is None):
        raise Fault("--tls-cert and --tls-key go together: name both, or have the other in the configuration")
    return msgspec.structs.replace(configuration, server=server)


def _prepare(configuration: Configuration) -> None:
    """Look at what must be there, and make or upgrade the database, in a process of its own.

    Keys and database connections go with it. The database's lock must be held. Raises Fault.
    """

    def prepare(channel: socket.socket) -> int:
        try:
            refuse_unusable_tls(configuration)
            prepare_database(configuration.location())
        except Fault as fault:
            tell(channel, Unusable(reason=str(fault)))
        return 0

    preparing = fork(prepare, ())
    with preparing.channel:
        select.select([preparing.channel], [], [])
        word = hear(preparing.channel)
    _, wait_status = os.waitpid(preparing.pid, 0)
    if isinstance(word, Unusable):
        raise Fault(word.reason)
    if wait_status:
        raise Fault("the database could not be prepared; what is above says why")


def _announce(configuration: Configuration, port: int, metrics_port: int | None, exposures: Sequence[str]) -> None:
    """On standard error: where it serves, then what is switched on."""
    server = configuration.server
    scheme = "https" if server.tls_certificate else "http"
    _say(f"serving {configuration.issuer} on {scheme}://{server.host}:{port}")
    if metrics_port is not None:
        _say(f"metrics on http://{configuration.metrics.host}:{metrics_port}/metrics")
    for exposure in exposures:
        _say(f"switched on against RFC 9700: {exposure}")


def _say(sentence: str) -> None:
    """On standard error; where that is a full disk, or a pipe that nobody reads any more, it is lost, as the log is.

    Past Python's buffer, which would keep it and fail again with each flush.
    """
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"dragoman: {sentence}\n".encode())
