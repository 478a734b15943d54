"""What ships beside the program: the image, compose, the chart, the workflows. Checked by the tools that know them.

Without an engine and a cluster this is what can be known; docs/how-to/containers.md says what was only rendered.
"""

import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import __version__
from tests.support.paths import ROOT

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "chart"
NEEDED = {"settings": "organization: {name: Acme}\n", "existingSecret": "bursar"}
EVERYTHING = {
    **NEEDED,
    "ingress": {"enabled": True, "host": "bursar.acme.example", "tlsSecretName": "tls", "className": "nginx"},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "networkPolicy": {"fromNamespaces": {"kubernetes.io/metadata.name": "ingress"}},
    "extraEnv": [{"name": "BURSAR_CONFIG", "value": "/etc/bursar/app.yaml"}],
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"disk": "ssd"},
}
ON_SQLITE = {**NEEDED, "database": "sqlite", "replicaCount": 1}
OLDEST, NEWEST = "1.30.0", "1.37.0"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z]+\])?==(\S+)", re.MULTILINE)

needs_tools = pytest.mark.skipif(find_spec("helm_python") is None, reason="make test-deploy installs what checks this")


def tool(name: str) -> str:
    """A program that pip installed beside Python."""
    found = shutil.which(name, path=str(Path(sys.executable).parent))
    assert found, f"{name} is not installed"
    return found


def run(*command: str) -> str:
    """What a program says, if all is well with it."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def helm() -> Any:
    """Helm's own code, as a library."""
    return importlib.import_module("helm_python")


def rendered(values: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every object that the chart makes of some values."""
    files = helm().Chart.load(str(CHART)).render(values, name="bursar", namespace="finops")
    for name, text in files.items():
        if name.endswith(".yaml"):
            yield from (each for each in yaml.safe_load_all(text) if each)


def pins(text: str) -> dict[str, str]:
    """The versions that a list of requirements names."""
    return {name.lower().replace("_", "-"): version for name, version in PIN.findall(text)}


def test_the_lock_holds_what_the_lists_name() -> None:
    """`make lock` writes it; whoever changes a version and forgets that is told here."""
    locked = (DEPLOY / "requirements.lock").read_text()
    wanted = {
        **pins((ROOT / "requirements.txt").read_text()),
        **pins((ROOT / "requirements-teams.txt").read_text()),
        **pins((ROOT / "requirements-mcp.txt").read_text()),
        **pins((ROOT / "requirements-console.txt").read_text()),
        **pins((ROOT / "requirements-aws.txt").read_text()),
        **pins((ROOT / "requirements-tracing.txt").read_text()),
    }

    assert {name: pins(locked).get(name) for name in wanted} == wanted
    assert all("--hash=sha256:" in entry for entry in re.split(r"\n(?=[a-z0-9])", locked.strip()))


def test_one_version_is_named_everywhere() -> None:
    """The package, the chart and the image are of one release."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())

    assert chart["version"] == chart["appVersion"] == __version__
    assert compose["services"]["bursar"]["image"] == f"bursar:{__version__}"


@needs_tools
def test_the_dockerfile_is_as_it_should_be() -> None:
    """Hadolint knows what goes wrong in one."""
    run(tool("hadolint"), "deploy/Dockerfile")


@needs_tools
def test_the_files_follow_their_schemas() -> None:
    """Compose, the workflows, the forms: a mistyped key is found."""
    check = tool("check-jsonschema")
    workflows = [str(each) for each in (ROOT / ".github" / "workflows").glob("*.yml")]
    forms = [str(each) for each in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if each.name != "config.yml"]

    run(check, "--builtin-schema", "vendor.compose-spec", "deploy/compose.yaml")
    run(check, "--builtin-schema", "vendor.github-workflows", *workflows)
    run(check, "--builtin-schema", "vendor.github-issue-forms", *forms)
    run(check, "--builtin-schema", "vendor.github-issue-config", ".github/ISSUE_TEMPLATE/config.yml")
    run(check, "--builtin-schema", "vendor.renovate", ".github/renovate.json")


@needs_tools
def test_the_workflows_give_nobody_more_than_they_need() -> None:
    """Pinned by hash, no words of strangers in a shell, least permissions."""
    run(tool("zizmor"), "--offline", "--no-config", "--quiet", ".github/workflows")


@needs_tools
@pytest.mark.parametrize("values", [NEEDED, EVERYTHING, ON_SQLITE], ids=["least", "all", "sqlite"])
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_the_chart_makes_what_kubernetes_takes(values: dict[str, Any], version: str, tmp_path: Path) -> None:
    """Of the oldest and the newest version; the schemas come with the tool."""
    linted = helm().lint(str(CHART), values, strict=True, kube_version=f"v{version}")
    objects = list(rendered(values))
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all(objects))

    assert [each for each in linted["messages"] if each["severity"] > 1] == []
    run(tool("kubernetes-validate"), "--strict", "-k", version.rpartition(".")[0], str(tmp_path / "all.yaml"))


@needs_tools
@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({**NEEDED, "existingSecret": ""}, "existingSecret"),
        ({**NEEDED, "settings": ""}, "settings"),
        ({**NEEDED, "replicas": 3}, "replicas"),
        ({**NEEDED, "database": "sqlite"}, "replicaCount"),
        ({**NEEDED, "image": {"digest": "latest"}}, "digest"),
        ({**NEEDED, "ingress": {"enabled": True}}, "host"),
    ],
)
def test_wrong_values_are_refused_before_anything_is_installed(values: dict[str, Any], said: str) -> None:
    """Among them two writers on one SQLite file."""
    with pytest.raises(helm().HelmError, match=said):
        helm().Chart.load(str(CHART)).validate_schema(values)


@needs_tools
@pytest.mark.parametrize("values", [NEEDED, ON_SQLITE], ids=["postgresql", "sqlite"])
def test_no_pod_has_more_rights_than_it_needs(values: dict[str, Any]) -> None:
    """Not root, nothing to write but what is mounted, no token of the cluster, a bound on memory, and probes."""
    pods = [each["spec"].get("template", each) for each in rendered(values) if each["kind"] in {"Deployment", "Pod"}]

    for pod in (each["spec"] for each in pods):
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["limits"]["memory"]
            assert {each["mountPath"] for each in container["volumeMounts"]} == {"/etc/bursar", "/scratch", "/data"}
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= pods[-1]["spec"]["containers"][0].keys() or {
        "startupProbe",
        "livenessProbe",
        "readinessProbe",
    } <= pods[0]["spec"]["containers"][0].keys()


@needs_tools
def test_new_settings_restart_the_pods() -> None:
    """app.yaml is read at the start."""

    def mark(settings: str) -> str:
        (deployment,) = (each for each in rendered({**NEEDED, "settings": settings}) if each["kind"] == "Deployment")
        return str(deployment["spec"]["template"]["metadata"]["annotations"]["checksum/settings"])

    assert mark("a: 1\n") != mark("a: 2\n")


def test_the_service_file_is_one() -> None:
    """Every line is a section, a setting or a comment; the command is one that is there."""
    lines = [line for line in (DEPLOY / "bursar.service").read_text().splitlines() if line and line[0] != "#"]

    assert all(re.fullmatch(r"\[\w+\]|\w+=.*", line) for line in lines)
    assert "ExecStart=/opt/bursar/.venv/bin/python -m bot run" in lines
