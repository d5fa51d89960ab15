"""The compose file: valid by the specification's schema, hardened, without passwords, and in step with the code."""

from __future__ import annotations

import copy
import json
import re
import shutil
import stat
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import jsonschema
import pytest
from deploy.container.settings_from_files import read_files

from tests.deploy.reading import COMPOSE, PROJECT, ROOT, SPARE_SECONDS, read_shipped, read_yaml, seconds
from tests.deploy.test_container import TAGGED
from tests.redis_server import RedisServer

FOLDER = COMPOSE.parent
SCHEMA = json.loads(Path(__file__).with_name("compose-spec.json").read_text(encoding="utf-8"))
SERVICES = ("server", "init", "postgres", "valkey")
PASSWORD = re.compile(r"://[^/\s]*:[^/\s]*@|^ *requirepass|password *[:=] *\w", re.MULTILINE | re.IGNORECASE)
SECRET_NAME = re.compile(r"PASSWORD|SECRET|DATABASE|SHARED|URL|AUTH(?!OR)")


@pytest.fixture
def compose() -> dict[str, Any]:
    return copy.deepcopy(read_yaml(COMPOSE)[0])


def complaints(compose: dict[str, Any]) -> list[str]:
    try:
        jsonschema.Draft202012Validator(SCHEMA).validate(compose)
    except jsonschema.ValidationError as error:
        return [f"schema: {'.'.join(map(str, error.absolute_path))}"]
    return [f"{name}: {text}" for name, service in compose["services"].items() for text in _service(service, compose)]


def _service(service: dict[str, Any], compose: dict[str, Any]) -> list[str]:
    found = []
    if service.get("read_only") is not True or service.get("cap_drop") != ["ALL"] or "cap_add" in service:
        found.append("it may do more than it needs")
    if "no-new-privileges:true" not in service.get("security_opt", ()) or service.get("privileged"):
        found.append("it may gain privileges")
    if not TAGGED.fullmatch(service["image"]):
        found.append("the image is not pinned")
    if "healthcheck" not in service:
        found.append("nobody asks how it fares")
    if any(not str(port).startswith("127.0.0.1:") for port in service.get("ports", ())):
        found.append("a port is open to other machines")
    return found + _secrets_in(service) + _names_in(service, compose)


def _secrets_in(service: dict[str, Any]) -> list[str]:
    return [
        f"{name} is a secret and comes from no file"
        for name, value in service.get("environment", {}).items()
        if SECRET_NAME.search(name) and not (name.endswith("_FILE") and _is_given(value, service))
    ]


def _names_in(service: dict[str, Any], compose: dict[str, Any]) -> list[str]:
    found = []
    for kind in ("secrets", "configs", "volumes", "networks"):
        named = {_name(one) for one in service.get(kind, ())}
        found += [f"{one} is not among the {kind}" for one in sorted(named - set(compose[kind]))]
    for one, wait in service.get("depends_on", {}).items():
        if one not in compose["services"]:
            found.append(f"it waits for {one}, which is not there")
        elif wait["condition"] == "service_started":
            found.append(f"it does not wait until {one} answers")
    return found


def _is_given(file: str, service: dict[str, Any]) -> bool:
    path = PurePosixPath(file)
    return path.parent == PurePosixPath("/run/secrets") and path.name in service["secrets"]


def _name(entry: str | dict[str, str]) -> str:
    return entry.partition(":")[0] if isinstance(entry, str) else entry["source"]


def services_to_wait_for(compose: dict[str, Any], service: str) -> set[str]:
    """Those without which it is not started."""
    return {name for name, wait in compose["services"][service]["depends_on"].items() if wait.get("required", True)}


def test_the_compose_file_is_valid_and_obeys_the_rules(compose: dict[str, Any]):
    assert tuple(compose["services"]) == SERVICES
    assert complaints(compose) == []


@pytest.mark.parametrize(
    ("service", "setting", "value", "complaint"),
    [
        ("server", "dependson", [], "schema: services.server"),
        ("server", "healthcheck", {"test": 7}, "schema: services.server.healthcheck.test"),
        ("postgres", "read_only", False, "postgres: it may do more than it needs"),
        ("valkey", "cap_drop", [], "valkey: it may do more than it needs"),
        ("server", "security_opt", [], "server: it may gain privileges"),
        ("postgres", "image", "postgres:latest", "postgres: the image is not pinned"),
        ("postgres", "image", "postgres", "postgres: the image is not pinned"),
        ("server", "ports", ["8000:8000"], "server: a port is open to other machines"),
        (
            "postgres", "environment", {"POSTGRES_PASSWORD": "postgres"},
            "postgres: POSTGRES_PASSWORD is a secret and comes from no file",
        ),
        (
            "postgres", "environment", {"POSTGRES_PASSWORD_FILE": "/run/secrets/other"},
            "postgres: POSTGRES_PASSWORD_FILE is a secret and comes from no file",
        ),
        ("valkey", "secrets", ["valkey_auth", "lost"], "valkey: lost is not among the secrets"),
        (
            "init", "depends_on", {"postgres": {"condition": "service_started"}},
            "init: it does not wait until postgres answers",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_compose_file_is_told(
    compose: dict[str, Any], service: str, setting: str, value: object, complaint: str
):
    compose["services"][service][setting] = value
    assert complaints(compose) == [complaint]


def test_no_password_stands_in_the_files_that_are_committed(compose: dict[str, Any]):
    texts = (COMPOSE.read_text(), (FOLDER / "dragoman.toml").read_text(), (FOLDER / "valkey.conf").read_text())
    for text in texts:
        assert PASSWORD.findall(text) == []
    assert len(PASSWORD.findall("postgresql://a:b@c/d\nrequirepass x\npassword: x\nPOSTGRES_PASSWORD=x\n")) == 4
    files = {secret["file"] for secret in compose["secrets"].values()}
    assert {str(PurePosixPath(file).parent) for file in files} == {"secrets"}
    assert "secrets/" in (FOLDER / ".gitignore").read_text().splitlines()


def test_passwords_are_drawn_once_for_all_secrets_and_fit_the_server(compose: dict[str, Any], tmp_path: Path):
    script = shutil.copy(FOLDER / "make-secrets.sh", tmp_path)
    subprocess.run(["sh", script], check=True, capture_output=True, timeout=60)
    made = tmp_path / "secrets"
    assert {f"./secrets/{file.name}" for file in made.iterdir()} == {one["file"] for one in compose["secrets"].values()}
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.iterdir()} == {0o444}
    password = (made / "postgres_password").read_text().strip()
    assert re.fullmatch(r"[0-9a-f]{64}", password)
    assert re.fullmatch(r"requirepass [0-9a-f]{64}\n", (made / "valkey_auth").read_text())
    assert password not in (made / "valkey_auth").read_text()
    environment = {
        name: value.replace("/run/secrets", str(made))
        for name, value in compose["services"]["server"]["environment"].items()
    }
    configuration = read_shipped("compose/dragoman.toml", tmp_path, read_files(environment))
    user = compose["services"]["postgres"]["environment"]["POSTGRES_USER"]
    name = compose["services"]["postgres"]["environment"]["POSTGRES_DB"]
    assert configuration.database == f"postgresql://{user}:{password}@postgres:5432/{name}"
    other = (made / "valkey_auth").read_text().removeprefix("requirepass ").strip()
    assert configuration.shared == f"redis://:{other}@valkey:6379/0"
    assert services_to_wait_for(compose, "server") == {"init", "postgres"}
    again = subprocess.run(["sh", script], check=False, capture_output=True, timeout=60)
    assert again.returncode == 1
    assert (made / "postgres_password").read_text().strip() == password


def test_ports_times_and_paths_agree_with_the_configuration(compose: dict[str, Any], tmp_path: Path):
    configuration = read_shipped("compose/dragoman.toml", tmp_path)
    server = compose["services"]["server"]
    assert server["ports"] == [f"127.0.0.1:8000:{configuration.server.port}"]
    assert configuration.issuer == "http://127.0.0.1:8000"
    assert configuration.server.host == "0.0.0.0"
    assert seconds(server["stop_grace_period"]) >= configuration.server.drain_seconds + SPARE_SECONDS
    mounted = {PurePosixPath(one.partition(":")[2]) for one in server["volumes"]}
    assert mounted & set(PurePosixPath(configuration.keys).parents)
    for service in ("server", "init"):
        assert [one["target"] for one in compose["services"][service]["configs"]] == ["/etc/dragoman/dragoman.toml"]
    assert compose["services"]["init"]["command"] == ["init", "/etc/dragoman"]


def test_hashes_leave_the_databases_what_they_need_and_one_core_is_enough_to_start(
    compose: dict[str, Any], tmp_path: Path
):
    configuration = read_shipped("compose/dragoman.toml", tmp_path)
    for name in ("server", "init"):
        default = re.fullmatch(r"\$\{DRAGOMAN_CPUS:-(\d+)\}", compose["services"][name]["cpus"])
        assert default is not None
        assert int(default[1]) == configuration.passwords.slots * configuration.server.workers
    assert compose["services"]["valkey"]["cpus"] <= 1


def test_valkey_takes_its_settings_and_cuts_off_who_reads_nothing(tmp_path: Path, shared_server: RedisServer):
    lines = [line for line in (FOLDER / "valkey.conf").read_text().splitlines() if line and not line.startswith("#")]
    settings = dict(line.split(" ", 1) for line in lines)
    assert settings.pop("include").startswith("/run/secrets/")
    assert settings.pop("dir") == "/data"
    for name, value in settings.items():
        assert shared_server.run("CONFIG", "SET", name, value.strip('"')) == "OK"
    assert "pubsub 1048576 262144 10" in str(shared_server.run("CONFIG", "GET", "client-output-buffer-limit"))


def test_the_image_is_built_here_once_from_the_repository(compose: dict[str, Any]):
    services = compose["services"]
    assert [name for name in SERVICES if "build" in services[name]] == ["server"]
    build = services["server"]["build"]
    context = (FOLDER / build["context"]).resolve()
    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()
    assert services["server"]["image"] == services["init"]["image"] == f"dragoman:{PROJECT['project']['version']}"


def test_databases_are_reached_by_the_server_alone(compose: dict[str, Any]):
    assert compose["networks"]["back"] == {"internal": True}
    for name in ("postgres", "valkey"):
        assert compose["services"][name]["networks"] == ["back"]
        assert "ports" not in compose["services"][name]
