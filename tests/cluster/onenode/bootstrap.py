# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first objects of a fresh cluster, and the proof that it runs pods."""

from __future__ import annotations

from functools import partial

from .configuration import SANDBOX_IMAGE
from .kubeapi import Api, Object, call, wait_until
from .layout import NODE_NAME

_LIMIT = 90.0
_POD = "/api/v1/namespaces/kube-system/pods/first-pod"

# The API server's own client certificate may use the kubelet's API: logs and exec are Forbidden without it.
_KUBELET_ACCESS: Object = {
    "metadata": {"name": "kube-apiserver-kubelet-admin"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:kubelet-api-admin"},
    "subjects": [
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "kube-apiserver-kubelet-client"},
    ],
}
_STORAGE_CLASS: Object = {
    "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "kubernetes.io/host-path",
}
_FIRST_POD: Object = {
    "metadata": {"name": "first-pod"},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "pause", "image": SANDBOX_IMAGE, "imagePullPolicy": "IfNotPresent"}],
    },
}


def bootstrap(api: Api) -> None:
    """Make the first objects and wait until the node is Ready."""
    call(api, "POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", _KUBELET_ACCESS)
    call(api, "POST", "/apis/storage.k8s.io/v1/storageclasses", _STORAGE_CLASS)
    wait_until("The node becomes Ready", lambda: node_ready(api), _LIMIT)
    for namespace in ("kube-system", "default"):
        wait_until(f"The service account of {namespace} appears", partial(_has_account, api, namespace), _LIMIT)


def run_first_pod(api: Api) -> None:
    """Run one pod and remove it again: only then is the cluster usable."""
    call(api, "POST", "/api/v1/namespaces/kube-system/pods", _FIRST_POD)
    wait_until("The first pod runs", lambda: call(api, "GET", _POD)["status"]["phase"] == "Running", _LIMIT)
    call(api, "DELETE", _POD)


def node_ready(api: Api) -> bool:
    """Tell whether the node is Ready and takes pods."""
    node = call(api, "GET", f"/api/v1/nodes/{NODE_NAME}")
    conditions = {one["type"]: one["status"] for one in node["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and not node["spec"].get("taints")


def _has_account(api: Api, namespace: str) -> bool:
    return bool(call(api, "GET", f"/api/v1/namespaces/{namespace}/serviceaccounts/default"))
