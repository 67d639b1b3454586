# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cluster is chosen: option, then K8S_AUTH_*, then KUBECONFIG, then ~/.kube/config; never the pod's own unasked."""

from __future__ import annotations

import base64
import json
import os
import typing as t
from pathlib import Path

import pytest
from kubernetes.config import incluster_config

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible import running
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import Connection, connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.live import LiveReader
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.tests.unit.reading.api_server import ApiServer


def _kubeconfig(name: str, **servers: str) -> dict[str, t.Any]:
    """A kubeconfig with a context for each server; the first one is current."""
    servers = servers or {name: f"https://{name}.example"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(servers)),
        "clusters": [{"name": key, "cluster": {"server": url}} for key, url in servers.items()],
        "users": [{"name": key, "user": {"token": f"token-of-{key}"}} for key in servers],
        "contexts": [{"name": key, "context": {"cluster": key, "user": key}} for key in servers],
    }


def _file(path: Path, **servers: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_kubeconfig(path.stem, **servers)))
    return str(path)


def _chosen(**params: t.Any) -> Connection:
    """The connection that a module with these options makes."""
    reader = running.live_reader(params)
    assert isinstance(reader, LiveReader)
    return reader._connection


def test_each_place_beats_the_next(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AiopsError, match=r"No cluster is given.*~/\.kube/config.*aiops_snapshot"):
        _chosen()
    _file(home / ".kube" / "config")
    assert _chosen().server == "https://config.example"
    monkeypatch.setenv("KUBECONFIG", _file(tmp_path / "variable"))
    assert _chosen().server == "https://variable.example"
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", _file(tmp_path / "auth"))
    assert _chosen().server == "https://auth.example"
    assert _chosen(kubeconfig=_file(tmp_path / "option")).server == "https://option.example"


def test_options_beat_the_kubeconfig(tmp_path: Path) -> None:
    made = _chosen(kubeconfig=_file(tmp_path / "a"), host="https://other.example", api_key="mine")
    assert made.server == "https://other.example"
    assert dict(made._headers)["authorization"] == "Bearer mine"


def test_a_host_alone_needs_no_kubeconfig(home: Path) -> None:
    _file(home / ".kube" / "config")
    made = _chosen(host="https://other.example")
    assert (made.server, made.context) == ("https://other.example", None)
    assert "authorization" not in {name.lower() for name in made._headers}


def test_the_context_is_current_or_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _file(tmp_path / "two", prod="https://prod.example", test="https://test.example")
    made = _chosen(kubeconfig=path)
    assert (made.context, made.server, made.named) == ("prod", "https://prod.example", "context 'prod'")
    assert dict(made._headers)["authorization"] == "Bearer token-of-prod"
    assert _chosen(kubeconfig=path, context="test").server == "https://test.example"
    monkeypatch.setenv("K8S_AUTH_CONTEXT", "test")
    made = _chosen(kubeconfig=path)
    assert (made.context, made.server) == ("test", "https://test.example")
    assert dict(made._headers)["authorization"] == "Bearer token-of-test"


def test_an_unknown_context_is_told_with_the_known_ones(tmp_path: Path) -> None:
    path = _file(tmp_path / "two", prod="https://prod.example", test="https://test.example")
    with pytest.raises(AiopsError) as told:
        _chosen(kubeconfig=path, context="pord")
    assert str(told.value) == f"The kubeconfig {path} has no context 'pord'; it has: prod, test."


def test_a_kubeconfig_as_a_dictionary() -> None:
    given = _kubeconfig("x", prod="https://prod.example", test="https://test.example")
    assert _chosen(kubeconfig=given).context == "prod"
    assert _chosen(kubeconfig=given, context="test").server == "https://test.example"
    with pytest.raises(AiopsError, match="pord"):
        _chosen(kubeconfig=given, context="pord")


def test_several_files_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [_file(tmp_path / "a"), str(tmp_path / "missing"), _file(tmp_path / "b")]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(files))
    assert _chosen().context == "a"
    assert _chosen(context="b").server == "https://b.example"


@pytest.mark.parametrize("how", ["option", "K8S_AUTH_KUBECONFIG", "KUBECONFIG"])
def test_a_file_that_was_named_must_be_there(
    how: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typing error must not end at another cluster."""
    _file(home / ".kube" / "config")
    missing = str(tmp_path / "missing")
    if how != "option":
        monkeypatch.setenv(how, missing)
    with pytest.raises(AiopsError, match=f"The kubeconfig {missing} does not exist"):
        _chosen(kubeconfig=missing if how == "option" else None)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no kubeconfig",
        "{",
        "[]",
        "\x00",
        "contexts: 3\n",
        "a: [",
        json.dumps({**_kubeconfig("x"), "current-context": "gone"}),
        json.dumps({**_kubeconfig("x"), "clusters": []}),
        json.dumps({**_kubeconfig("x"), "users": [{"name": "x", "user": {"client-certificate": "missing.pem"}}]}),
    ],
)
def test_a_broken_kubeconfig_is_told(content: str, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text(content)
    with pytest.raises(AiopsError, match=str(path)):
        _chosen(kubeconfig=str(path))


def test_a_broken_kubeconfig_does_not_show_its_token(tmp_path: Path) -> None:
    config = _kubeconfig("x")
    config["clusters"] = []
    path = tmp_path / "broken"
    path.write_text(json.dumps(config))
    with pytest.raises(AiopsError) as told:
        _chosen(kubeconfig=str(path))
    assert "token-of-x" not in str(told.value)


@pytest.fixture
def in_a_pod(server: ApiServer, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ApiServer:
    """The files and variables that every pod of a cluster has."""
    token = tmp_path / "token"
    token.write_text("token-of-the-pod")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(certificate))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return server


@pytest.mark.usefixtures("in_a_pod")
def test_the_pod_s_own_identity_is_not_taken_unasked(home: Path) -> None:
    with pytest.raises(AiopsError, match="No cluster is given"):
        _chosen()
    _file(home / ".kube" / "config")
    assert _chosen().server == "https://config.example"
    made = _chosen(host="https://other.example")
    assert "authorization" not in {name.lower() for name in made._headers}


@pytest.mark.usefixtures("in_a_pod")
def test_the_pod_s_own_identity_is_taken_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made = _chosen(kubeconfig="in-cluster")
    assert made.server == "https://10.96.0.1:443"
    assert {name.lower(): value for name, value in made._headers.items()}[
        "authorization"
    ].lower() == "bearer token-of-the-pod"
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", "in-cluster")
    assert _chosen().server == "https://10.96.0.1:443"


def test_in_cluster_outside_of_a_cluster() -> None:
    with pytest.raises(AiopsError, match="in-cluster identity was asked for, but this is no pod"):
        _chosen(kubeconfig="in-cluster")


@pytest.mark.parametrize(
    ("word", "verifies"),
    [*((w, True) for w in ("true", "1", "yes")), *((w, False) for w in ("false", "False", "0", "no"))],
)
@pytest.mark.parametrize("name", ["K8S_AUTH_VALIDATE_CERTS", "K8S_AUTH_VERIFY_SSL"])
def test_truth_in_a_variable(name: str, word: str, verifies: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, word)
    pool = _chosen(host="https://other.example")._pool
    assert (pool.connection_pool_kw["cert_reqs"].name == "CERT_REQUIRED") == verifies


def test_every_other_option_has_its_variable(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HOST": server.url,
        "API_KEY": "mine",
        "IMPERSONATE_USER": "ada",
        "IMPERSONATE_GROUPS": "a,b",
    }.items():
        monkeypatch.setenv(f"K8S_AUTH_{name}", value)
    _chosen().get("/version")
    [request] = server.seen
    assert request.header("Authorization") == ["Bearer mine"]
    assert request.header("Impersonate-User") == ["ada"]
    assert request.header("Impersonate-Group") == ["a", "b"]


def test_a_kubeconfig_with_its_ca_inside(tls_server: ApiServer, certificate: Path) -> None:
    given = _kubeconfig("x", x=tls_server.url)
    given["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(certificate.read_bytes()).decode()
    assert connect({"kubeconfig": given}).get("/version")
    assert tls_server.seen[0].header("Authorization") == ["Bearer token-of-x"]


def test_without_kubernetes_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "HAS_KUBERNETES_CORE", False)
    with pytest.raises(AiopsError, match=r"kubernetes\.core is missing.*ansible-galaxy collection install"):
        _chosen(host="https://other.example")
