"""The manifests: valid by the API's own schemas, restricted, and in step with each other and the code."""

from __future__ import annotations

import copy
import re
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from dragoman.config.reading import ConfigurationFault
from dragoman.tokens.key_files import read_keys
from dragoman.tokens.keyring import create_missing
from dragoman.tokens.keys import KeyFault
from tests.deploy.reading import (
    DATABASE_URL,
    KUBERNETES,
    PROJECT,
    SHARED_URL,
    SPARE_SECONDS,
    read_manifests,
    read_shipped,
    read_yaml,
)

VERSIONS = ("1.28", kubernetes_validate.latest_version())
IMAGE = f"registry.example.com/dragoman:{PROJECT['project']['version']}"
PODS = ("Deployment", "Job")


@pytest.fixture
def manifests() -> dict[str, Any]:
    return copy.deepcopy(dict(read_manifests()))


def complaints(manifests: dict[str, Any]) -> list[str]:
    for kind, manifest in manifests.items():
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                return [f"schema: {kind}.{'.'.join(map(str, error.path))}"]
    return [f"{kind}: {text}" for kind in PODS for text in _pod(manifests[kind]["spec"]["template"]["spec"], manifests)]


def _pod(pod: dict[str, Any], manifests: dict[str, Any]) -> list[str]:
    """Against the Pod Security Standard `restricted`, and what our own server needs."""
    found = []
    security = pod.get("securityContext", {})
    if not security.get("runAsNonRoot") or not security.get("runAsUser") or "fsGroup" not in security:
        found.append("it may run as root")
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        found.append("no system call is refused")
    if pod.get("automountServiceAccountToken") is not False:
        found.append("it holds a token of the cluster")
    if pod.get("enableServiceLinks") is not False:
        found.append("the Service's links set variables that the server refuses")
    volumes = {one["name"]: one for one in pod["volumes"]}
    for container in (*pod["initContainers"], *pod["containers"]):
        found += _container(container, volumes)
    for volume in volumes.values():
        if volume.get("configMap", {"name": manifests["ConfigMap"]["metadata"]["name"]}) != {"name": "dragoman"}:
            found.append(f"volume {volume['name']}: there is no such ConfigMap")
        if volume.get("secret", {}).get("defaultMode", 0o440) != 0o440:
            found.append("the keys can be read by others, or not by the copy")
    return found


def _container(container: dict[str, Any], volumes: dict[str, Any]) -> list[str]:
    found = []
    security = container.get("securityContext", {})
    if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
        found.append(f"{container['name']} may gain privileges")
    if security.get("capabilities") != {"drop": ["ALL"]} or security.get("readOnlyRootFilesystem") is not True:
        found.append(f"{container['name']} may do more than it needs")
    if container["image"] != IMAGE:
        found.append(f"{container['name']} is of another version")
    if {"cpu", "memory"} - set(container.get("resources", {}).get("limits", ())):
        found.append(f"{container['name']} has no limits")
    found += [f"no volume {one['name']}" for one in container["volumeMounts"] if one["name"] not in volumes]
    return found


def test_the_manifests_are_valid_and_restricted(manifests: dict[str, Any]):
    kinds = {"Namespace", "ConfigMap", "Job", "Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}
    assert set(manifests) == kinds
    assert complaints(manifests) == []
    for kind, manifest in manifests.items():
        assert manifest["metadata"].get("namespace", "dragoman") == "dragoman", kind
    labels = manifests["Namespace"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (("Service", "spec", "selektor"), {}, "schema: Service.spec"),
        (("Deployment", "spec", "replicas"), "two", "schema: Deployment.spec.replicas"),
        (("Deployment", "POD", "securityContext", "runAsNonRoot"), False, "Deployment: it may run as root"),
        (("Job", "POD", "automountServiceAccountToken"), True, "Job: it holds a token of the cluster"),
        (
            ("Deployment", "POD", "enableServiceLinks"), True,
            "Deployment: the Service's links set variables that the server refuses",
        ),
        (
            ("Deployment", "POD", "containers", 0, "securityContext", "readOnlyRootFilesystem"), False,
            "Deployment: server may do more than it needs",
        ),
        (("Deployment", "POD", "containers", 0, "image"), "dragoman:latest", "Deployment: server is of another version"),
        (("Deployment", "POD", "containers", 0, "resources"), {}, "Deployment: server has no limits"),
        (
            ("Job", "POD", "volumes", 1, "secret", "defaultMode"), 0o444,
            "Job: the keys can be read by others, or not by the copy",
        ),
    ],
)  # fmt: skip
def test_a_mistake_in_the_manifests_is_told(
    manifests: dict[str, Any], place: tuple[str | int, ...], value: object, complaint: str
):
    *steps, last = (step for one in place for step in (("spec", "template", "spec") if one == "POD" else (one,)))
    target = manifests
    for step in steps:
        target = target[step]
    target[last] = value
    assert complaints(manifests) == [complaint]


def test_selectors_choose_the_servers_pods_and_not_the_jobs(manifests: dict[str, Any]):
    server = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    job = manifests["Job"]["spec"]["template"]["metadata"]["labels"]
    spread = manifests["Deployment"]["spec"]["template"]["spec"]["topologySpreadConstraints"][0]
    for selector in (
        manifests["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests["Service"]["spec"]["selector"],
        manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        spread["labelSelector"]["matchLabels"],
    ):
        assert selector.items() <= server.items()
        assert not selector.items() <= job.items()
    for labels in (server, job):
        assert manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_there_are_never_fewer_pods_than_wanted(manifests: dict[str, Any]):
    spec = manifests["Deployment"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert 1 <= manifests["PodDisruptionBudget"]["spec"]["minAvailable"] < spec["replicas"]


def test_ports_times_and_sizes_agree_with_the_configuration(manifests: dict[str, Any], tmp_path: Path):
    configuration = read_shipped("kubernetes", tmp_path, {"DRAGOMAN_DATABASE": DATABASE_URL})
    pod = manifests["Deployment"]["spec"]["template"]["spec"]
    server = pod["containers"][0]
    assert server["ports"] == [{"name": "http", "containerPort": configuration.server.port}]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert server[probe]["httpGet"]["port"] == "http"
    assert manifests["Service"]["spec"]["ports"][0]["targetPort"] == "http"
    policy = manifests["NetworkPolicy"]["spec"]
    assert [one["port"] for one in policy["ingress"][0]["ports"]] == [configuration.server.port]
    assert {5432, 6379} <= {port["port"] for rule in policy["egress"] for port in rule["ports"]}
    wait = int(server["lifecycle"]["preStop"]["exec"]["command"][-1])
    assert pod["terminationGracePeriodSeconds"] >= wait + configuration.server.drain_seconds + SPARE_SECONDS
    limits = server["resources"]["limits"]
    assert int(limits["cpu"]) == configuration.passwords.slots * configuration.server.workers
    hashes = configuration.passwords.slots * configuration.server.workers * configuration.passwords.memory_kib / 1024
    assert int(limits["memory"].removesuffix("Mi")) > hashes + 128 * configuration.server.workers
    assert configuration.issuer.startswith("https://")


def test_the_network_policy_says_what_is_to_be_put_in_its_place(manifests: dict[str, Any]):
    text = (KUBERNETES / "70-network-policy.yaml").read_text()
    named = re.findall(r"metadata\.name: (\S+)(  # yours)?$", text, re.MULTILINE)
    assert {name for name, mark in named if not mark} == {"kube-system"}
    elsewhere = re.search(r"# +- (ipBlock: .*)  # yours$", text, re.MULTILINE)
    assert elsewhere is not None
    database = manifests["NetworkPolicy"]["spec"]["egress"][1]
    assert database["ports"] == [{"protocol": "TCP", "port": 5432}]
    database["to"] = [yaml.safe_load(elsewhere[1])]
    assert complaints(manifests) == []


def test_keys_are_read_where_they_are_copied_to(manifests: dict[str, Any], tmp_path: Path):
    configuration = read_shipped("kubernetes", tmp_path)
    for kind in PODS:
        pod = manifests[kind]["spec"]["template"]["spec"]
        script = pod["initContainers"][0]["command"][-1]
        assert f"chmod 0700 {configuration.keys}\n" in script
        for container in pod["containers"]:
            mounted = {one["mountPath"]: one["name"] for one in container["volumeMounts"]}
            state = mounted[str(Path(configuration.keys).parent)]
            assert next(one for one in pod["volumes"] if one["name"] == state)["emptyDir"]["medium"] == "Memory"
    first, second = (manifests[kind]["spec"]["template"]["spec"]["initContainers"] for kind in PODS)
    assert first == second


def test_keys_of_a_secret_volume_are_refused_and_their_copies_taken(manifests: dict[str, Any], tmp_path: Path):
    made, volume, state = (tmp_path / name for name in ("made", "volume", "state"))
    create_missing(made, {"ES256": "a test"}, 1_700_000_000)
    _lay_out_as_kubernetes_does(made, volume)
    state.mkdir(mode=0o777)
    state.chmod(0o2777)
    with pytest.raises(KeyFault, match="open to other accounts"):
        read_keys(volume)
    volume.chmod(0o700)
    with pytest.raises(KeyFault, match="is a link"):
        read_keys(volume)
    command = list(manifests["Deployment"]["spec"]["template"]["spec"]["initContainers"][0]["command"])
    command[-1] = command[-1].replace("/run/dragoman-keys", str(volume)).replace("/var/lib/dragoman", str(state))
    for _ in range(2):  # a container that is started again finds what it made before
        subprocess.run(command, check=True, timeout=60)
        assert read_keys(state / "keys") == read_keys(made)


def _lay_out_as_kubernetes_does(keys: Path, volume: Path) -> None:
    """A folder with a time for a name, a link to it, a link for each file; modes as fsGroup leaves them."""
    inner = volume / "..2026_01_01_00_00_00.1"
    inner.mkdir(parents=True)
    (volume / "..data").symlink_to(inner.name)
    for key in keys.iterdir():
        (inner / key.name).write_bytes(key.read_bytes())
        (inner / key.name).chmod(0o440)
        (volume / key.name).symlink_to(Path("..data") / key.name)
    volume.chmod(0o1777)


def test_variables_of_a_service_link_would_stop_the_server(tmp_path: Path):
    with pytest.raises(ConfigurationFault, match="DRAGOMAN_PORT"):
        read_shipped("kubernetes", tmp_path, {"DRAGOMAN_PORT": "tcp://10.0.0.1:80"})


def test_secrets_are_templates_apart_from_what_is_applied(manifests: dict[str, Any], tmp_path: Path):
    assert "Secret" not in manifests
    templates = {path.stem: read_yaml(path)[0] for path in (KUBERNETES / "templates").glob("*.yaml")}
    assert set(templates) == {"database", "keys", "shared"}
    for path in (KUBERNETES / "templates").glob("*.yaml"):
        assert "Do not commit it filled in" in path.read_text()
    for template in templates.values():
        for version in VERSIONS:
            kubernetes_validate.validate(template, version, strict=True)
        assert all("REPLACE" in name + value for name, value in template["stringData"].items())
    assert "*.secret.yaml" in (KUBERNETES / ".gitignore").read_text().splitlines()
    for kind in PODS:
        pod = manifests[kind]["spec"]["template"]["spec"]
        variables = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in pod["containers"][0]["env"]}
        database = templates["database"]
        name = {"name": database["metadata"]["name"], "key": next(iter(database["stringData"]))}
        assert variables["DRAGOMAN_DATABASE"] == name
        keys = next(one["secret"] for one in pod["volumes"] if one["name"] == "keys")
        assert keys["secretName"] == templates["keys"]["metadata"]["name"]
        shared = variables.pop("DRAGOMAN_SHARED", None)
        assert (shared is not None) == (kind == "Deployment")
        assert shared in (None, {"name": templates["shared"]["metadata"]["name"], "key": "url", "optional": True})
        settings = {**dict.fromkeys(variables, DATABASE_URL), "DRAGOMAN_SHARED": SHARED_URL}
        configuration = read_shipped("kubernetes", tmp_path, settings)
        assert (configuration.database, configuration.shared) == (DATABASE_URL, SHARED_URL)
