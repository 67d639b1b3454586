# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""metrics-server from nothing to nothing, on a cluster of its own that has none."""

from __future__ import annotations

import datetime as dt
import json
import typing as t
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.aiops.kubernetes.tests.setup.playing import Own, play

MANIFEST = Path(__file__).resolve().parents[1] / "cluster" / "manifests" / "metrics-server.yaml"


@pytest.fixture
def variables(own: Own) -> dict[str, t.Any]:
    return {"aiops_kubeconfig": str(own.kubeconfig), "aiops_setup": ["metrics_server"], "metrics_server_wait": 120}


def test_from_nothing_to_nothing(own: Own, variables: dict[str, t.Any]) -> None:
    before = _all(own)
    tried = play(variables, "--check")
    assert (tried.status, tried.changed) == (0, 1)
    assert _all(own) == before
    made = play(variables)
    assert (made.status, made.changed) == (0, 1)
    assert "served by the role metrics_server" in made.text
    metrics = json.loads(own.kubectl("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes"))
    assert [item["metadata"]["name"] for item in metrics["items"]] == ["node-1"]
    again = play(variables)
    assert (again.status, again.changed) == (0, 0)
    own.kubectl("-n", "kube-system", "set", "image", "deployment/metrics-server", "metrics-server=no.such.host/m:v1")
    repaired = play(variables)
    assert (repaired.status, repaired.changed) == (0, 1)
    own.kubectl("-n", "kube-system", "delete", "deployment", "metrics-server")
    assert play(variables).changed == 1
    removed = play({**variables, "aiops_setup_state": "absent"})
    assert (removed.status, removed.changed) == (0, 1)
    assert _all(own) == before
    assert play({**variables, "aiops_setup_state": "absent"}).changed == 0


def test_an_image_that_does_not_come_is_told(variables: dict[str, t.Any]) -> None:
    wrong = {"metrics_server_image": "registry.k8s.io/metrics-server/metrics-server:v9", "metrics_server_wait": 10}
    failed = play({**variables, **wrong})
    assert failed.status == 2
    assert "ErrImagePull" in failed.text or "ImagePullBackOff" in failed.text
    assert play({**variables, "aiops_setup_state": "absent"}).status == 0


def test_what_somebody_else_made_is_not_repaired(own: Own, variables: dict[str, t.Any]) -> None:
    own.kubectl("apply", "-f", "-", text=MANIFEST.read_text(encoding="utf-8").replace(":v0.9.0", ":v9"))
    before = _all(own)
    failed = play(variables)
    assert (failed.status, failed.changed) == (2, 0)
    assert "repair it there" in failed.text
    assert play({**variables, "aiops_setup_state": "absent"}).changed == 0
    assert _all(own) == before
    own.kubectl("delete", "-f", "-", text=MANIFEST.read_text(encoding="utf-8"))


def test_kubelets_whose_certificates_do_not_verify(own: Own, variables: dict[str, t.Any]) -> None:
    _certify_itself(own.state / "pki" / "kubelet-serving.crt", own.state / "pki" / "kubelet-serving.key")
    own.execute("sh", "-c", f"kill $(cat {own.state}/pids/kubelet) && sleep 2 && kill -HUP 1")
    failed = play({**variables, "metrics_server_wait": 40})
    assert failed.status == 2
    assert "the certificates of the kubelets don't verify (x509: " in failed.text, failed.text[-1500:]
    accepted = play({**variables, "metrics_server_kubelet_insecure_tls": True})
    assert (accepted.status, accepted.changed) == (0, 1)


def _all(own: Own) -> list[str]:
    """What there is of the kinds that the role makes, with the versions of what is not touched by anybody else."""
    kinds = "serviceaccounts,clusterroles,clusterrolebindings,rolebindings,services,deployments,apiservices"
    return sorted(own.kubectl("get", kinds, "-A", "-o", "name").split())


def _certify_itself(certificate: Path, key_file: Path) -> None:
    """A certificate that nobody else vouches for, as kubelets make by default."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "node-1")])
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(1)
    )
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("node-1")]), critical=False)
    certificate.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*form))
