"""The files under `deploy` pass the programs that read them: Compose, Helm, and the schemas of Kubernetes.

`make lint-deploy` gets these, as `deploy_tools.lock` pins them, and runs this; the suite does not, as they are no part
of what `requirements.lock` pins. What it always runs is `test_deploy.py`, `test_deploy_compose.py` and
`test_deploy_chart.py`.
"""

import subprocess
from importlib import import_module
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.architecture.source import ROOT

helm: Any = import_module("helm_python")
kubernetes: Any = import_module("kubernetes_validate")

TOOLS = ROOT / ".venv/deploy-tools"
CHART = ROOT / "deploy/helm/karla"
KUBERNETES = ("1.25", "1.34")

SECRETS: dict[str, Any] = {"database": {"url": "postgresql://karla:word@db/karla"}, "secretKey": "0" * 32}
EVERYTHING: dict[str, Any] = {
    **SECRETS,
    "previousSecretKeys": f"{'1' * 32},{'2' * 32}",
    "publicUrl": "https://karla.example.com",
    "imagePullSecrets": [{"name": "registry"}],
    "settings": {"KARLA_LOG_LEVEL": "debug", "KARLA_WEBHOOK_RETRIES": 5, "KARLA_ALLOW_PRIVATE_TARGETS": False},
    "extraEnv": [{"name": "AWS_REGION", "value": "eu-central-1"}],
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"a": "b"},
        "hosts": ["karla.example.com", "*.karla.example.com"],
        "tls": [{"secretName": "tls", "hosts": ["karla.example.com"]}],
    },
    **{
        workload: {
            "autoscaling": {"enabled": True},
            "podAnnotations": {"prometheus.io/scrape": "true"},
            "nodeSelector": {"disk": "fast"},
            "tolerations": [{"key": "only", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {}},
        }
        for workload in ("api", "worker")
    },
}
ELSEWHERE: dict[str, Any] = {
    "existingSecret": "mine",
    "objectStore": {"url": "s3://bucket/karla"},
    "serviceAccount": {"create": False},
    "migrate": {"enabled": False},
    "api": {"podDisruptionBudget": {"enabled": False}},
}

CONFIG = [str(TOOLS / "bin/docker-compose"), "--file", str(ROOT / "deploy/compose/compose.yaml"), "config"]


def test_compose_takes_its_file() -> None:
    done = subprocess.run(CONFIG, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    services = yaml.safe_load(done.stdout)["services"]
    assert {"postgres", "migrate", "serve", "work", "proxy"} == services.keys()
    assert services["serve"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    with helm.Chart.load(CHART) as chart:
        files = chart.render(values, name="release", namespace="shop")
    manifests = (text for name, text in files.items() if not name.endswith(".txt"))
    return [document for text in manifests for document in yaml.safe_load_all(text) if document]


@pytest.mark.parametrize("values", [SECRETS, EVERYTHING, ELSEWHERE], ids=["least", "everything", "elsewhere"])
def test_helm_finds_no_fault_in_the_chart(values: dict[str, Any]) -> None:
    found = helm.lint(CHART, values)
    assert found["errors"] == []
    assert [message["error"] for message in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("values", [SECRETS, EVERYTHING, ELSEWHERE], ids=["least", "everything", "elsewhere"])
def test_kubernetes_would_take_every_manifest(values: dict[str, Any], version: str) -> None:
    for manifest in rendered(values):
        kubernetes.validate(manifest, version, strict=True)


def test_what_is_asked_for_is_there_and_nothing_else() -> None:
    kinds = [manifest["kind"] for manifest in rendered(EVERYTHING)]
    assert sorted(kinds) == sorted(
        [*["Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Secret"] * 2,
         "ConfigMap", "Ingress", "Job", "PersistentVolumeClaim", "Service", "ServiceAccount"]
    )  # fmt: skip
    kinds = [manifest["kind"] for manifest in rendered(ELSEWHERE)]
    assert sorted(kinds) == ["ConfigMap", "Deployment", "Deployment", "PodDisruptionBudget", "Service"]


def test_pods_find_what_they_name() -> None:
    manifests = rendered(EVERYTHING)
    names = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in manifests}
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "Job"):
            pod = manifest["spec"]["template"]["spec"]
            for source in pod["containers"][0]["envFrom"]:
                (kind,) = source
                assert (kind[0].upper() + kind[1:-3], source[kind]["name"]) in names
            mounted = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
            assert mounted == {volume["name"] for volume in pod["volumes"]}


@pytest.mark.parametrize(
    ("values", "words"), [({}, "Give database.url"), ({**SECRETS, "secretKey": "short"}, "secretKey")]
)
def test_what_is_missing_is_named(values: dict[str, Any], words: str) -> None:
    with pytest.raises(helm.HelmError, match=words):
        rendered(values)


def test_a_secret_key_of_before_reaches_every_process_and_none_is_set_where_there_is_none() -> None:
    for values, expected in ((EVERYTHING, EVERYTHING["previousSecretKeys"]), (SECRETS, None)):
        secrets = [manifest["stringData"] for manifest in rendered(values) if manifest["kind"] == "Secret"]
        assert [secret.get("KARLA_PREVIOUS_SECRET_KEYS") for secret in secrets] == [expected] * 2
