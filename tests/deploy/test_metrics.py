"""What stands in the manifests as an option is right once its comment signs are taken away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import kubernetes_validate
import yaml

from dragoman.config.reading import read_configuration
from tests.deploy.reading import KUBERNETES, read_manifests

if TYPE_CHECKING:
    from pathlib import Path


OPTION = re.compile(r"^( *)# Optional: metrics.*\n((?:\1# .*\n)+)", re.MULTILINE)


def switched_on(path: Path) -> dict:
    """The manifest with its optional lines, of which there must be some."""

    def uncommented(found: re.Match[str]) -> str:
        return re.sub(rf"^{found[1]}# ", found[1], found[2], flags=re.MULTILINE)

    text, number = OPTION.subn(uncommented, path.read_text(encoding="utf-8"))
    assert number, path
    return yaml.safe_load(text)


def test_metrics_are_off_unless_their_lines_are_switched_on(tmp_path: Path):
    (tmp_path / "dragoman.toml").write_text(read_manifests()["ConfigMap"]["data"]["dragoman.toml"])
    assert read_configuration(tmp_path / "dragoman.toml", {}).metrics.port is None


def test_the_optional_lines_fit_the_schemas_the_code_and_each_other(tmp_path: Path):
    configuration, deployment, policy = (
        switched_on(KUBERNETES / name)
        for name in ("20-configuration.yaml", "40-deployment.yaml", "70-network-policy.yaml")
    )
    for manifest in (configuration, deployment, policy):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    (tmp_path / "dragoman.toml").write_text(configuration["data"]["dragoman.toml"])
    table = read_configuration(tmp_path / "dragoman.toml", {}).metrics
    assert table.host == "0.0.0.0"
    template = deployment["spec"]["template"]
    assert {"name": "metrics", "containerPort": table.port} in template["spec"]["containers"][0]["ports"]
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(table.port)
    allowed = {port["port"] for rule in policy["spec"]["ingress"] for port in rule["ports"]}
    assert allowed == {8000, table.port}
