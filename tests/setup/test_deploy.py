"""The manifests: each is valid by the official schema, and says what is so of the sidecar."""

import copy
import importlib.resources
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import yaml
from namespaces import namespaces, needs_namespaces
from openai_upstream import openai_upstream
from pandaprobe_proxy.app.metrics import Metrics
from pandaprobe_proxy.app.trust import certificate
from pandaprobe_proxy.cli.transparent import TO_PORT
from pandaprobe_proxy.settings import Settings
from pandaprobe_proxy.sources import load
from sidecar import clean_environment, sidecar

PLACES = {"certs": "/etc/ssl/certs", "own": "/usr/local/share/ca-certificates"}
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = DEPLOY / "compose" / "compose.yaml"
KUBERNETES = sorted([*(DEPLOY / "kubernetes").glob("*.yaml"), DEPLOY / "kustomize" / "example" / "deployment.yaml"])
VERSIONS = ("1.29", "1.33", "1.37")
KUSTOMIZATION = {
    "type": "object",
    "additionalProperties": False,
    "required": ["apiVersion", "kind"],
    "properties": {
        "apiVersion": {"pattern": r"^kustomize\.config\.k8s\.io/v1(alpha1|beta1)$"},
        "kind": {"enum": ["Component", "Kustomization"]},
        "resources": {"type": "array", "items": {"type": "string"}},
        "components": {"type": "array", "items": {"type": "string"}},
        "patches": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "target"],
                "properties": {"path": {"type": "string"}, "target": {"type": "object"}},
            },
        },
        "images": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name"],
                "properties": {name: {"type": "string"} for name in ("name", "newName", "newTag")},
            },
        },
    },
}


def documents(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def pods():
    """Every pod that the manifests make, as (where, spec)."""
    for path in KUBERNETES[:2]:
        for document in documents(path):
            if document["kind"] == "Pod":
                yield path.name, document["spec"]
            elif document["kind"] == "Job":
                yield path.name, document["spec"]["template"]["spec"]
    yield "kustomize", patched()["spec"]["template"]["spec"]


def patched():
    """The example's Deployment as the component leaves it."""
    (deployment,) = documents(DEPLOY / "kustomize" / "example" / "deployment.yaml")
    (patch,) = documents(DEPLOY / "kustomize" / "sidecar" / "sidecar.yaml")
    return merge(copy.deepcopy(deployment), {**patch, "metadata": {}})


def merge(value, patch):
    """A strategic merge of what has lists of named things only."""
    for name, new in patch.items():
        if isinstance(new, dict):
            merge(value.setdefault(name, {}), new)
        elif isinstance(new, list):
            value.setdefault(name, []).extend(new)
        else:
            value[name] = new
    return value


def sidecar_of(spec):
    (container,) = [one for one in spec["initContainers"] if one["name"] == "pandaprobe"]
    return container


def settings_of(container, tmp_path):
    """The settings that a container starts with, as the image has them beneath."""
    image = dict(re.findall(r"(PANDAPROBE_\w+)=(\S+)", (DEPLOY.parent / "Dockerfile").read_text()))
    given = {entry["name"]: entry["value"] for entry in container.get("env", ())}
    loaded = load({}, {**image, **given}, tmp_path)
    assert loaded.warnings == ()
    assert {name.removeprefix("PANDAPROBE_").lower() for name in given} <= set(Settings.model_fields)
    return loaded.settings


def test_every_manifest_is_looked_at_here():
    known = {COMPOSE, *KUBERNETES, *DEPLOY.glob("kustomize/*/*.yaml"), *DEPLOY.glob("prometheus/*.yaml")}
    assert set(DEPLOY.rglob("*.y*ml")) == known


def test_compose_is_valid():
    schemas = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((schemas / "compose-spec.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(yaml.safe_load(COMPOSE.read_text()))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", KUBERNETES, ids=lambda path: path.name)
def test_kubernetes_takes_it(path, version):
    for document in documents(path):
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_what_the_component_makes(version):
    kubernetes_validate.validate(patched(), version, strict=True)


@pytest.mark.parametrize(
    "path", sorted(DEPLOY.glob("kustomize/*/kustomization.yaml")), ids=lambda path: path.parent.name
)
def test_a_kustomization_names_what_is_there(path):
    (document,) = documents(path)
    jsonschema.Draft202012Validator(KUSTOMIZATION).validate(document)
    named = [*document.get("resources", ()), *document.get("components", ())]
    named += [patch["path"] for patch in document.get("patches", ())]
    assert named and all((path.parent / name).exists() for name in named)


def test_a_wrong_manifest_would_be_noticed():
    wrong = patched()
    sidecar_of(wrong["spec"]["template"]["spec"])["restartpolicy"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize(("where", "spec"), list(pods()))
def test_a_pod_has_a_native_sidecar_that_cannot_harm_its_app(where, spec, tmp_path):
    container = sidecar_of(spec)
    settings = settings_of(container, tmp_path)
    assert container["restartPolicy"] == "Always"
    assert not {"readinessProbe", "livenessProbe", "lifecycle"} & set(container)
    assert spec["terminationGracePeriodSeconds"] > settings.drain_s
    assert settings.web_host == "127.0.0.1" and not settings.unsafe_web_bind
    assert settings.host == "127.0.0.1"
    assert settings.metrics_address.endswith(f":{container['ports'][0]['containerPort']}")
    assert container["resources"]["limits"].keys() == {"memory"}
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    (volume,) = [one for one in spec["volumes"] if one["name"] == "pandaprobe"]
    if "emptyDir" in volume:
        assert volume["emptyDir"]["sizeLimit"] == "2Gi" and settings.keep_bytes * 2 <= 2 * 1024**3
    (mount,) = [one for one in container["volumeMounts"] if one["name"] == "pandaprobe"]
    assert str(settings.data_dir).startswith(mount["mountPath"] + "/")
    (app,) = spec["containers"]
    urls = {entry["name"]: entry.get("value") for entry in app["env"]}
    assert urls["OPENAI_BASE_URL"] == f"http://127.0.0.1:{settings.port}/v1"
    assert urls["ANTHROPIC_BASE_URL"] == f"http://127.0.0.1:{settings.port}"


def test_all_manifests_have_the_same_sidecar():
    first, *others = [sidecar_of(spec) for _, spec in pods()]
    assert all(other == first for other in others)


def closed_pod():
    """(sidecar, redirecting container, app) of the pod whose app cannot be told anything."""
    (document,) = documents(DEPLOY / "kubernetes" / "transparent.yaml")
    assert [one["name"] for one in document["spec"]["initContainers"]] == ["pandaprobe", "pandaprobe-redirect"]
    return (*document["spec"]["initContainers"], *document["spec"]["containers"])


def test_a_closed_app_has_no_settings_and_no_way_to_the_authoritys_key(tmp_path):
    container, redirecting, app = closed_pod()
    settings = settings_of(container, tmp_path)
    assert "env" not in app
    assert app["volumeMounts"] == [{"name": "trust", "mountPath": "/etc/ssl/certs", "readOnly": True}]
    assert {mount["name"]: mount.get("readOnly") for mount in redirecting["volumeMounts"]}["pandaprobe"] is True
    user = container["securityContext"]["runAsUser"]
    assert f"--user {user}" in redirecting["args"][0] and app["securityContext"]["runAsUser"] != user
    assert settings.transparent == TO_PORT and settings.host == "127.0.0.1"
    assert redirecting["securityContext"]["capabilities"]["drop"] == ["ALL"]
    for one in (container, redirecting):
        assert one["image"].endswith(":intercept")
    plain = sidecar_of(next(pods())[1])
    for part in ("securityContext", "volumeMounts", "ports", "restartPolicy"):
        assert container[part] == plain[part]


@needs_namespaces
def test_what_is_run_before_a_closed_app_redirects_and_trusts(tmp_path):
    _, redirecting, _ = closed_pod()
    assert redirecting["command"] == ["sh", "-ec"]
    (tmp_path / "trust").mkdir()
    authority = certificate(Settings(data_dir=tmp_path / "data"))
    with namespaces(tmp_path) as spaces:
        lines = [
            *(f"mkdir {tmp_path}/{name}; cp -a {place}/. {tmp_path}/{name}" for name, place in PLACES.items()),
            *(f"mount --bind {tmp_path}/{name} {place}" for name, place in PLACES.items()),
            redirecting["args"][0].replace("/trust/", f"{tmp_path}/trust/"),
        ]
        environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        environment |= {"PANDAPROBE_DATA_DIR": str(tmp_path / "data")}
        done = spaces.privately("redirect.sh", lines, env=environment)
        assert "-A PANDAPROBE -m owner --uid-owner 65532 -j RETURN" in done.stdout
        assert sum("--dport 443 -j REDIRECT --to-ports 4103" in line for line in spaces.saved()) == 2
    assert authority.read_text() in (tmp_path / "trust" / "ca-certificates.crt").read_text()


def test_the_startup_probe_sees_the_listener(tmp_path):
    _, spec = next(pods())
    command = sidecar_of(spec)["startupProbe"]["exec"]["command"]
    with sidecar(tmp_path / "data", "http://127.0.0.1:9") as recording:
        probe = [sys.executable, *(word.replace("4100", str(recording.port)) for word in command[1:])]
        assert subprocess.run(probe).returncode == 0
    assert subprocess.run(probe, stderr=subprocess.DEVNULL).returncode == 1


def test_the_app_of_the_compose_file_is_recorded(tmp_path):
    app = yaml.safe_load(COMPOSE.read_text())["services"]["app"]
    with openai_upstream() as upstream, sidecar(tmp_path / "data", upstream.url) as recording:
        variables = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": f"http://127.0.0.1:{recording.port}/v1"}
        command = [sys.executable, *app["command"][1:]]
        done = subprocess.run(command, env={**clean_environment(), **variables}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        recording.settled(1)
        (call,) = recording.json("calls", "ls", "--session", "compose-example")["items"]
    assert call["outcome"] == "ok"


def test_alerts_and_scraping_use_names_that_there_are(place):
    told = {
        "relay": {"relayed": 1, "open": 0, "ended": 1, "dropped": {"ring_full": 1}, "refused": {"x": 1}},
        "ring": {"capacity": 1, "used": 0},
        "recorder": {"state": "ok", "restarts": 0, "recorded": 1},
    }
    metrics = Metrics(lambda: told, lambda: 0, lambda: 0)
    metrics.begin({})
    there = set(re.findall(r"^(\w+)", metrics.render().decode(), re.M))
    (alerts,) = documents(DEPLOY / "prometheus" / "alerts.yaml")
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    for rule in rules:
        assert {"alert", "expr", "labels", "annotations"} <= set(rule)
        named = set(re.findall(r"pandaprobe_\w+", rule["expr"]))
        assert named and named <= there
    ports = {port["name"] for _, spec in pods() for port in sidecar_of(spec)["ports"]}
    (scrape,) = documents(DEPLOY / "prometheus" / "scrape.yaml")
    assert scrape["scrape_configs"][0]["relabel_configs"][0]["regex"] in ports
