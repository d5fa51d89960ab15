"""The unit: known to systemd, hardened, and in step with the configuration beside it."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from dragoman.cli.main import dragoman
from dragoman.hashing.huge_pages import SETTING
from tests.deploy.reading import DEPLOY, PROJECT, SPARE_SECONDS, UNIT, read_shipped, read_unit, seconds

KNOWN = {
    "Unit": {"Description", "Wants", "After"},
    "Service": {
        "Type", "NotifyAccess", "ExecStart", "ExecReload", "EnvironmentFile", "User", "Group", "UMask", "StateDirectory",
        "StateDirectoryMode", "Restart", "RestartSec", "RestartPreventExitStatus", "TimeoutStartSec", "TimeoutStopSec", "WatchdogSec", "LimitNOFILE", "LimitCORE",
        "MemorySwapMax", "TasksMax", "NoNewPrivileges", "CapabilityBoundingSet", "AmbientCapabilities", "PrivateUsers",
        "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices", "PrivateMounts", "ProtectProc", "ProcSubset",
        "ProtectClock", "ProtectHostname", "ProtectKernelLogs", "ProtectKernelModules", "ProtectKernelTunables",
        "ProtectControlGroups", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID", "LockPersonality",
        "MemoryDenyWriteExecute", "RemoveIPC", "KeyringMode", "RestrictAddressFamilies", "SystemCallArchitectures",
        "SystemCallFilter", "SystemCallErrorNumber",
    },
    "Install": {"WantedBy"},
}  # fmt: skip
HARDENED = {
    "Type": "notify", "NotifyAccess": "main", "Restart": "on-failure", "UMask": "0077", "StateDirectoryMode": "0700",
    "LimitCORE": "0", "MemorySwapMax": "0", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "",
    "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
    "MemoryDenyWriteExecute": "yes", "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "SystemCallArchitectures": "native", "RestrictNamespaces": "yes", "ExecReload": "/bin/kill -HUP $MAINPID",
}  # fmt: skip
WORST_EXPOSURE = 15
"""In tenths, as `systemd-analyze security` judges it: 0 is nothing, 100 is root without bounds."""


def _can_judge_files() -> bool:
    if shutil.which("systemd-analyze") is None:
        return False
    told = subprocess.run(["systemd-analyze", "--help"], capture_output=True, text=True, check=False, timeout=60)
    return "--offline" in told.stdout


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")


def complaints(text: str) -> list[str]:
    sections = read_unit(text)
    found = [
        f"{section}: {name} is not known"
        for section, settings in sections.items()
        for name, _ in settings
        if name not in KNOWN.get(section, set())
    ]
    service = sections["Service"]
    found += [f"{name} is not {value!r}" for name, value in HARDENED.items() if (name, value) not in service]
    if ("User", "root") in service or "User" not in dict(service):
        found.append("it runs as root")
    return found


def test_the_unit_is_hardened_and_has_known_settings_only():
    assert complaints(UNIT.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("LockPersonality=", "LockPersonalty=", "Service: LockPersonalty is not known"),
        ("ProtectSystem=strict\n", "", "ProtectSystem is not 'strict'"),
        ("User=dragoman", "User=root", "it runs as root"),
        ("[Install]", "[Instal]", "Instal: WantedBy is not known"),
    ],
)
def test_a_mistake_in_the_unit_is_told(old: str, new: str, complaint: str):
    text = UNIT.read_text()
    assert old in text
    assert complaints(text.replace(old, new, 1)) == [complaint]


@needs_systemd
def test_systemd_itself_finds_nothing_to_say(tmp_path: Path):
    assert _verify(UNIT.read_text(), tmp_path) == ""
    assert "Unknown key" in _verify(UNIT.read_text().replace("LockPersonality=", "LockPersonalty="), tmp_path)


@pytest.mark.skipif(not _can_judge_files(), reason="systemd 250 or later is not on this machine")
def test_systemd_judges_the_unit_as_hardly_exposed(tmp_path: Path):
    assert _security(UNIT.read_text(), tmp_path) == 0
    weaker = [line for line in UNIT.read_text().splitlines() if not line.startswith(("SystemCall", "Private"))]
    assert _security("\n".join(weaker), tmp_path) != 0


def test_the_server_is_given_longer_to_stop_than_it_drains(tmp_path: Path):
    configuration = read_shipped("systemd/dragoman.toml", tmp_path)
    service = dict(read_unit(UNIT.read_text())["Service"])
    assert seconds(service["TimeoutStopSec"]) >= configuration.server.drain_seconds + SPARE_SECONDS


def test_the_unit_starts_a_command_that_exists_with_an_option_that_it_has():
    words = dict(read_unit(UNIT.read_text())["Service"])["ExecStart"].split()
    assert Path(words[0]).name in PROJECT["project"]["scripts"]
    command = dragoman.get_command(None, words[1])
    assert words[2] in {name for option in command.params for name in option.opts}
    assert words[3:] == ["/etc/dragoman/dragoman.toml"]


def test_what_hashes_may_stand_back():
    """A later line of the filter adds to those before it (systemd.exec(5))."""
    filters = [value for name, value in read_unit(UNIT.read_text())["Service"] if name == "SystemCallFilter"]
    assert filters[-1].split() == ["nice", "setpriority"]


def test_all_that_is_written_is_in_the_state_directory(tmp_path: Path):
    configuration = read_shipped("systemd/dragoman.toml", tmp_path)
    state = Path("/var/lib") / dict(read_unit(UNIT.read_text())["Service"])["StateDirectory"]
    for name in (configuration.database, configuration.keys):
        assert state in configuration.path(name).parents


def test_the_account_of_the_unit_is_the_one_that_is_made():
    service = dict(read_unit(UNIT.read_text())["Service"])
    lines = [line for line in (DEPLOY / "systemd" / "dragoman.sysusers").read_text().splitlines() if line[0] != "#"]
    assert [line.split()[:2] for line in lines] == [["u", service["User"]]]
    assert service["Group"] == service["User"]


def test_the_proxy_that_is_trusted_is_on_this_machine():
    text = (DEPLOY / "systemd" / "dragoman.toml").read_text()
    assert tomllib.loads(text)["server"]["trusted_proxies"] == ["127.0.0.1/32"]


def _verify(text: str, folder: Path) -> str:
    """What systemd has to say. The program need not be on this machine."""
    start = next(line for line in text.splitlines() if line.startswith("ExecStart="))
    unit = folder / "dragoman.service"
    unit.write_text(text.replace(start, "ExecStart=/bin/sh"))
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    lines = (done.stdout + done.stderr).splitlines()
    return "\n".join(line for line in lines if "dragoman.service" in line)


def _security(text: str, folder: Path) -> int:
    unit = folder / "dragoman.service"
    unit.write_text(text)
    options = ["--offline=true", f"--threshold={WORST_EXPOSURE}", "--no-pager"]
    command = ["systemd-analyze", "security", *options, str(unit)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


def test_huge_pages_are_set_where_the_doctor_looks():
    lines = [line for line in (DEPLOY / "systemd" / "huge-pages.tmpfiles").read_text().splitlines() if line[0] != "#"]
    assert [line.split() for line in lines] == [["w", str(SETTING), "-", "-", "-", "-", "always"]]
