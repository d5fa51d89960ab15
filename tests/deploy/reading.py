"""The files of deploy/ as values."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from dragoman.config.reading import read_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dragoman.config.settings import Configuration

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "systemd" / "dragoman.service"
CONTAINERFILE = DEPLOY / "container" / "Containerfile"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes"
DATABASE_URL = "postgresql://dragoman:0f3a@postgres.example.internal:5432/dragoman"
SHARED_URL = "redis://dragoman:0f3a@valkey.example.internal:6379"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
SPARE_SECONDS = 10
"""What a server is given to end, once the time to drain is over."""
_SECONDS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction of a Containerfile, with the number of its stage (0 is the first)."""

    stage: int
    name: str
    text: str

    @property
    def words(self) -> Sequence[str]:
        """What stands after the name: the list of the exec form, else the words."""
        return tuple(json.loads(self.text)) if self.text.startswith("[") else tuple(self.text.split())

    @property
    def arguments(self) -> Sequence[str]:
        return tuple(word for word in self.words if not word.startswith("--"))


def read_instructions(text: str) -> Sequence[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    stage, found = -1, []
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, rest = line.strip().split(maxsplit=1)
        stage += name == "FROM"
        found.append(Instruction(stage=stage, name=name, text=" ".join(rest.split())))
    return tuple(found)


def read_unit(text: str) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The settings of each section, in order; a name may stand more than once."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith(("#", ";")):
            continue
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), [])
        else:
            name, _, value = line.partition("=")
            section.append((name, value))
    return sections


def read_manifests() -> Mapping[str, dict[str, Any]]:
    """Every manifest by its kind; there is one of each, besides the templates."""
    found = [one for path in sorted(KUBERNETES.glob("*.yaml")) for one in read_yaml(path)]
    assert len(found) == len({one["kind"] for one in found})
    return {one["kind"]: one for one in found}


def read_yaml(path: Path) -> Sequence[dict[str, Any]]:
    return tuple(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def configuration_texts() -> Mapping[str, str]:
    """Every dragoman.toml that is shipped, by where it is."""
    files = {f"{name}/dragoman.toml": DEPLOY / name / "dragoman.toml" for name in ("systemd", "container", "compose")}
    texts = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    return {**texts, "kubernetes": read_manifests()["ConfigMap"]["data"]["dragoman.toml"]}


def read_shipped(name: str, folder: Path, environment: Mapping[str, str] | None = None) -> Configuration:
    file = folder / "dragoman.toml"
    file.write_text(configuration_texts()[name], encoding="utf-8")
    return read_configuration(file, environment or {})


def seconds(text: str) -> int:
    """`45s` or `1m30s`, as units and compose files write times."""
    parts = re.findall(r"(\d+)([smh])", text)
    assert "".join(number + unit for number, unit in parts) == text, text
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)


def probed_paths() -> Sequence[str]:
    """Every path that something in deploy/ asks in order to learn how the server fares."""
    instructions = read_instructions(CONTAINERFILE.read_text(encoding="utf-8"))
    image = next(one for one in instructions if one.name == "HEALTHCHECK")
    compose = read_yaml(COMPOSE)[0]["services"]["server"]["healthcheck"]["test"]
    server = read_manifests()["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    probes = [server[f"{one}Probe"]["httpGet"]["path"] for one in ("startup", "liveness", "readiness")]
    return (json.loads(image.text.partition(" CMD ")[2])[-1], compose[-1], *probes)
