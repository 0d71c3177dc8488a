"""The committed configurations hang together: parts, pins, mounts, and traps that validation does not see (S4.06)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATIONS = ["collector/builder.yaml", "collector/agent.yaml", "collector/gateway.yaml", "docker-compose.yml"]
# The type names of parts whose module is called otherwise.
MODULES = {
    "otlp_grpc": "otlpexporter",
    "otlp_http": "otlphttpexporter",
    "health_check": "healthcheckextension",
    "file_storage": "filestorage",
}


def load(path: str) -> Any:
    """A YAML file of the checkout."""
    return yaml.safe_load((ROOT / path).read_text())


@pytest.mark.parametrize("path", CONFIGURATIONS)
def test_each_file_says_what_it_is(path: str) -> None:
    """A newcomer reads at the top what a file is and what its traps are."""
    header = "".join(line for line in (ROOT / path).read_text().splitlines(True) if line.startswith("#"))
    assert "What this is: " in header
    assert "Traps:" in header


def test_the_built_parts_are_the_listed_parts() -> None:
    """backends/collector requires what collector/builder.yaml lists, at the same versions, and compiles it in."""
    listed = {
        part["gomod"]
        for section, parts in load("collector/builder.yaml").items()
        if section != "dist"
        for part in parts
    }
    required = set(re.findall(r"^\t(\S+ \S+)$", (ROOT / "backends/collector/go.mod").read_text(), re.MULTILINE))
    assert listed - required == set()
    # What main.go itself needs beside the parts.
    core = {"component", "confmap", "connector", "exporter", "extension", "otelcol", "processor", "receiver", "service"}
    assert {line.split()[0] for line in required - listed} == {f"go.opentelemetry.io/collector/{name}" for name in core}
    compiled = "".join((ROOT / "backends/collector" / name).read_text() for name in ("components.go", "main.go"))
    assert [part for part in listed if f'"{part.split()[0]}"' not in compiled] == []


@pytest.mark.parametrize("layers", [["collector/agent.yaml"], ["collector/agent.yaml", "collector/gateway.yaml"]])
def test_the_configurations_use_only_listed_parts(layers: list[str]) -> None:
    """Every part that a configuration names is in the distribution, and every part that it defines is used."""
    modules = {
        part["gomod"].split()[0].rsplit("/", 1)[1]
        for parts in load("collector/builder.yaml").values()
        if isinstance(parts, list)
        for part in parts
    }
    merged: dict[str, Any] = {}
    for layer in layers:
        for section, parts in load(layer).items():
            merged[section] = merge(merged.get(section, {}), parts)
    used = {*merged["service"]["extensions"]}
    for pipeline in merged["service"]["pipelines"].values():
        used |= {*pipeline["receivers"], *pipeline["processors"], *pipeline["exporters"]}
    defined: set[str] = set()
    for section in ("receivers", "processors", "exporters", "connectors", "extensions"):
        for name in merged.get(section, {}):
            kind = name.split("/")[0]
            assert MODULES.get(kind, kind.replace("_", "") + section.removesuffix("s")) in modules
            defined.add(name)
    assert used == defined


def merge(under: Any, over: Any) -> Any:
    """What the Collector does with two files: maps are merged, everything else is replaced."""
    if isinstance(under, dict) and isinstance(over, dict):
        return {key: merge(under.get(key), over[key]) if key in over else under[key] for key in {**under, **over}}
    return over


def test_nothing_is_acknowledged_before_it_is_on_disk() -> None:
    """No pipeline has a batch processor, and every exporter's queue is the durable one."""
    agent, gateway = load("collector/agent.yaml"), load("collector/gateway.yaml")
    for pipeline in [*agent["service"]["pipelines"].values(), *gateway["service"]["pipelines"].values()]:
        assert not [name for name in pipeline["processors"] if name.split("/")[0] == "batch"]
    assert {each["sending_queue"]["storage"] for each in agent["exporters"].values()} == {"file_storage/queue"}
    assert agent["extensions"]["file_storage/queue"]["fsync"] is True


def test_content_is_dropped_before_anything_leaves() -> None:
    """Each traces pipeline drops content and masks keys first, whatever it does afterwards."""
    agent, gateway = load("collector/agent.yaml"), load("collector/gateway.yaml")
    for layer in (agent, gateway):
        for name, pipeline in layer["service"]["pipelines"].items():
            if name.split("/")[0] == "traces":
                assert pipeline["processors"][:3] == ["memory_limiter", "transform/no_content", "redaction/keys"]
    # Flat statements would run per span event only; see the traps in agent.yaml.
    groups = agent["processors"]["transform/no_content"]["trace_statements"]
    assert [group["context"] for group in groups] == ["span", "spanevent", "span"]


# -- docker-compose.yml -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of docker-compose.yml."""
    found: dict[str, Any] = load("docker-compose.yml")["services"]
    return found


def test_compose_pins_the_versions_that_are_built(services: dict[str, Any]) -> None:
    """Every image has a full version, and where we build the same program natively, it is the same release."""
    images = {name: service["image"].rsplit(":", 1) for name, service in services.items()}
    assert all(re.fullmatch(r"v?\d+\.\d+\.\d+", tag) for _, tag in images.values())
    assert images["collector"] == [
        "otel/opentelemetry-collector-contrib",
        load("collector/builder.yaml")["dist"]["version"],
    ]
    # Prometheus 3.N.P is the module v0.3NN.P; Jaeger 2.13.0 was released as the module v1.76.0.
    major, minor, patch = images["prometheus"][1].removeprefix("v").split(".")
    assert f"prometheus/prometheus v0.{major}{minor:0>2}.{patch}\n" in (ROOT / "backends/prometheus/go.mod").read_text()
    assert images["jaeger"][1] == "2.13.0"
    assert "jaegertracing/jaeger v1.76.0\n" in (ROOT / "backends/jaeger/go.mod").read_text()


def test_compose_limits_memory_and_publishes_only_locally(services: dict[str, Any]) -> None:
    """No service can take the machine down, and none listens beyond the loopback interface."""
    for service in services.values():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
        for port in service["ports"]:
            assert re.fullmatch(r"127\.0\.0\.1:\$\{WAYPOST_PORT_[A-Z_]+:-(\d+)\}:\1", port)


def test_compose_mounts_what_the_tests_run(services: dict[str, Any]) -> None:
    """Every mounted path exists in the checkout and is read-only; every volume is declared."""
    declared = set(load("docker-compose.yml")["volumes"])
    mounts = [mount.split(":") for service in services.values() for mount in service["volumes"]]
    for source, _, *mode in mounts:
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
            assert mode == ["ro"]
    assert {source for source, *_ in mounts if not source.startswith("./")} == declared
    assert ["./collector", "/etc/waypost", "ro"] in mounts


def test_compose_sets_every_address(services: dict[str, Any]) -> None:
    """Inside containers no configuration falls back to a loopback default, and none sets a name that nothing reads."""
    reads = {
        "collector": (ROOT / "collector/agent.yaml").read_text() + (ROOT / "collector/gateway.yaml").read_text(),
        "jaeger": (ROOT / "backends/jaeger/jaeger.yaml").read_text(),
    }
    for name, text in reads.items():
        loopback = set(re.findall(r"\$\{env:(\w+):-[^}]*127\.0\.0\.1", text))
        every = set(re.findall(r"\$\{env:(\w+):-", text))
        assert loopback <= set(services[name]["environment"]) <= every


def test_grafana_finds_its_sources(services: dict[str, Any]) -> None:
    """Exemplars lead from Prometheus to Jaeger by the label that Prometheus uses, and both are the compose services."""
    sources = {each["type"]: each for each in load("dashboards/provisioning/datasources/waypost.yaml")["datasources"]}
    (link,) = sources["prometheus"]["jsonData"]["exemplarTraceIdDestinations"]
    assert (link["name"], link["datasourceUid"]) == ("trace_id", sources["jaeger"]["uid"])
    for kind, source in sources.items():
        port = services[kind]["ports"][0].rsplit(":", 1)[1]
        assert source["url"] == f"http://{kind}:{port}"
    (provider,) = load("dashboards/provisioning/dashboards/waypost.yaml")["providers"]
    assert f"./dashboards:{provider['options']['path']}:ro" in services["grafana"]["volumes"]


def test_committed_files_name_no_machine() -> None:
    """Go modules, configurations and scripts hold no path of a machine and no registry host."""
    folders = ("backends", "collector", "scripts", "dashboards/provisioning")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = [path for path in files if path.suffix in (".go", ".mod", ".sum", ".py", ".yaml", ".yml")]
    assert len(texts) > 12
    named = re.compile(r"https?://(?:proxy|registry|index|sum|goproxy)\.|/(?:home|root|Users)/")
    assert [str(path) for path in texts if named.search(path.read_text())] == []
