# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, kubeconfigs, certificates, configuration files and command lines."""

from __future__ import annotations

import base64
import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from onenode import build, configuration, layout, pki, services
from onenode.layout import Layout

IMAGES = Path("/cache/images-1")
BINARIES = Path("/cache/kubenode-1")


@pytest.fixture
def files(layout: Layout) -> dict[str, str]:
    return configuration.configuration_files(layout, IMAGES)


@pytest.mark.parametrize("name", ["aiops", "a", "run-2", "0"])
def test_valid_names(name: str) -> None:
    assert layout.valid_name(name)


@pytest.mark.parametrize("name", ["", "Aiops", "-a", "a-", "a/b", "..", "a b", "a" * 31])
def test_invalid_names(name: str) -> None:
    assert not layout.valid_name(name)


def test_folders_follow_the_xdg_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/x/state")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x/cache")
    assert layout.layout_of("demo").kubeconfig == Path("/x/state/aiops-kubernetes/clusters/demo/admin.kubeconfig")
    assert layout.cache_folder() == Path("/x/cache/aiops-kubernetes")


def test_folders_have_their_defaults_and_ignore_relative_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere/somebody")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert layout.clusters_folder() == Path("/nowhere/somebody/.local/state/aiops-kubernetes/clusters")
    assert layout.cache_folder() == Path("/nowhere/somebody/.cache/aiops-kubernetes")


def test_two_clusters_share_neither_cgroup_nor_context() -> None:
    one, two, third = Layout("a", Path("/s/a")), Layout("b", Path("/s/b")), Layout("a", Path("/t/a"))
    assert len({one.cgroup, two.cgroup, third.cgroup}) == 3
    assert one.context == "aiops-test-a"
    assert two.context == "aiops-test-b"


def test_kubeconfigs_hold_a_working_pair_for_the_right_server(layout: Layout) -> None:
    layout.configuration.mkdir(parents=True)
    pki.write_pki(layout, 45678)
    outside = json.loads(layout.kubeconfig.read_bytes())
    inside = json.loads(layout.inner_kubeconfig.read_bytes())
    assert outside["current-context"] == "aiops-test-demo"
    assert outside["contexts"][0]["name"] == "aiops-test-demo"
    assert outside["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:45678"
    assert inside["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    assert stat.S_IMODE(layout.kubeconfig.stat().st_mode) == 0o600
    user = outside["users"][0]["user"]
    certificate = x509.load_pem_x509_certificate(base64.b64decode(user["client-certificate-data"]))
    authority = x509.load_pem_x509_certificate((layout.pki / "ca.crt").read_bytes())
    certificate.verify_directly_issued_by(authority)
    assert certificate.subject.rfc4514_string() == "CN=kubernetes-admin,O=system:masters"


def test_private_registry_has_a_certificate_for_its_name(layout: Layout) -> None:
    layout.configuration.mkdir(parents=True)
    pki.write_pki(layout, 1)
    certificate = x509.load_pem_x509_certificate((layout.pki / "private-registry.crt").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["private.registry.test"]


def test_keys_are_for_their_owner_only(layout: Layout) -> None:
    layout.configuration.mkdir(parents=True)
    pki.write_pki(layout, 1)
    keys = list(layout.pki.glob("*.key"))
    assert len(keys) > 10
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def _yaml(files: dict[str, str], name: str) -> dict[str, Any]:
    value: dict[str, Any] = yaml.safe_load(files[name])
    return value


def test_kubelet_makes_failures_quick_to_see_in_its_own_cgroup(files: dict[str, str], layout: Layout) -> None:
    kubelet = _yaml(files, "kubelet.yaml")
    assert kubelet["crashLoopBackOff"] == {"maxContainerRestartPeriod": "5s"}
    assert kubelet["cgroupRoot"] == f"/{layout.cgroup}"
    assert kubelet["failCgroupV1"] is False
    assert kubelet["registryPullQPS"] == 0
    assert kubelet["volumePluginDir"].startswith("/run/")


def test_audit_policy_writes_what_tests_ask_for_and_who_reads_a_secret(files: dict[str, str]) -> None:
    policy = _yaml(files, "audit-policy.yaml")
    first, *left_out, last = policy["rules"]
    assert first == {"level": "Metadata", "resources": [{"group": "", "resources": ["secrets"]}]}
    assert last == {"level": "Metadata"}
    named = [name for rule in left_out for name in (*rule.get("users", ()), *rule.get("userGroups", ()))]
    assert {rule["level"] for rule in left_out} == {"None"}
    assert all(name.startswith("system:") and name != "system:masters" for name in named)
    assert policy["omitStages"] == ["RequestReceived"]


def test_every_public_host_is_answered_by_the_mirror_alone(files: dict[str, str]) -> None:
    for host in ("docker.io", "registry.k8s.io", "quay.io", "ghcr.io"):
        hosts = tomllib.loads(files[f"registries/{host}/hosts.toml"])
        url = f"http://127.0.0.1:5055/v2/{host}"
        assert hosts["server"] == url
        assert list(hosts["host"]) == [url]
        assert hosts["host"][url]["override_path"] is True
    assert "registries/_default/hosts.toml" not in files


def test_private_registry_wants_the_documented_password(files: dict[str, str], layout: Layout) -> None:
    registry = _yaml(files, "private-registry.yaml")
    assert registry["auth"]["htpasswd"]["path"] == f"{layout.configuration}/private-registry.htpasswd"
    assert registry["storage"]["filesystem"]["rootdirectory"] == "/cache/images-1/private"
    assert registry["storage"]["maintenance"]["readonly"] == {"enabled": True}
    assert files["private-registry.htpasswd"].startswith("puller:$2b$")
    hosts = tomllib.loads(files["registries/private.registry.test/hosts.toml"])
    assert list(hosts["host"]) == ["https://private.registry.test"]
    assert hosts["server"] == "http://127.0.0.1:5055/v2/private.registry.test"
    assert "127.0.0.1 localhost private.registry.test" in files["hosts"]


def test_containerd_reads_the_hosts_and_the_network_of_this_cluster(files: dict[str, str], layout: Layout) -> None:
    cri = tomllib.loads(files["containerd.toml"])["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["registry"]["config_path"] == f"{layout.configuration}/registries"
    assert cri["cni"]["conf_dir"] == f"{layout.configuration}/cni"
    assert cri["restrict_oom_score_adj"] is True
    assert json.loads(files["cni/10-bridge.conflist"])["plugins"][0]["type"] == "bridge"


def test_api_server_writes_the_audit_log_and_serves_the_aggregation(layout: Layout) -> None:
    argv = services.api_server(layout, BINARIES)
    assert argv[0] == "/cache/kubenode-1/kube-apiserver"
    assert f"--audit-log-path={layout.audit_log}" in argv
    assert "--audit-log-maxsize=10000" in argv
    assert "--enable-aggregator-routing=true" in argv
    assert "--enable-admission-plugins=NodeRestriction" in argv
    assert "--allow-privileged=true" in argv
    assert "--event-ttl=1h" in argv


def test_controllers_are_as_fast_as_tests_need(layout: Layout) -> None:
    argv = services.node_services(layout, BINARIES)["kube-controller-manager"]
    assert "--node-monitor-grace-period=20s" in argv
    assert "--horizontal-pod-autoscaler-sync-period=5s" in argv
    assert "--kube-api-qps=400" in argv
    assert "--enable-hostpath-provisioner=true" in argv


def test_every_file_that_a_service_is_told_to_read_is_written(layout: Layout, files: dict[str, str]) -> None:
    layout.configuration.mkdir(parents=True)
    pki.write_pki(layout, 1)
    for name, text in files.items():
        path = layout.configuration / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    commands = {
        **services.base_services(layout),
        "kube-apiserver": services.api_server(layout, BINARIES),
        **services.node_services(layout, BINARIES),
    }
    for name, argv in commands.items():
        for word in argv:
            value = word.partition("=")[2] or word
            if value.startswith(str(layout.state)) and value != str(layout.audit_log):
                assert Path(value).exists(), f"{name}: {word}"


def test_manifests_name_the_images_that_are_built() -> None:
    for addon in build.addons():
        text = (layout.SOURCES / f"manifests/{addon.name}.yaml").read_text(encoding="utf-8")
        deployments = [one for one in yaml.safe_load(text)["items"] if one["kind"] == "Deployment"]
        containers = [c for one in deployments for c in one["spec"]["template"]["spec"]["containers"]]
        assert [c["image"] for c in containers] == [f"{addon.repository}:{addon.version}"]
