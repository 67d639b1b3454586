# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who owns the metrics API of a cluster, whether it serves metrics, and why not."""

from __future__ import annotations

import dataclasses
import re
import time
import typing as t

from .._model import fields
from .._model.objects import Pod, condition
from .._model.text import one_line

API_SERVICE: t.Final = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
METRICS: t.Final = "/apis/metrics.k8s.io/v1beta1"
_USUAL: t.Final = ("kube-system", "metrics-server")
_POLL_SECONDS: t.Final = 2.0
# crypto/x509 of Go, in which metrics-server is written
_CERTIFICATE: t.Final = re.compile(r"x509: [^\n\"]*")

Owner = t.Literal["none", "ours", "helm", "addon", "k3s", "other"]


class MetricsReader(t.Protocol):
    """What has to be read of a cluster for that."""

    def get(self, path: str) -> fields.Json | None:
        """The JSON under a path, or None where there is none or the server can't serve it."""

    def log(self, pod: Pod) -> str:
        """The last lines of a pod's log, or why they can't be read."""


@dataclasses.dataclass(frozen=True)
class MetricsApi:
    """``owner`` none: nobody has registered one.  ``because`` tells what is wrong, or what was seen."""

    owner: Owner
    owned_by: str
    version: str | None
    healthy: bool
    because: str


def look_at_metrics(reader: MetricsReader, seconds: int) -> MetricsApi:
    """Look until it is healthy, or this time is over."""
    end = time.monotonic() + seconds
    found = _look(reader)
    while not found.healthy and time.monotonic() < end:
        time.sleep(_POLL_SECONDS)
        found = _look(reader)
    return found


def _look(reader: MetricsReader) -> MetricsApi:
    api = reader.get(API_SERVICE)
    service = fields.get_dict(api, "spec", "service")
    place = (fields.get_str(service, "namespace"), fields.get_str(service, "name")) if api else _USUAL
    deployment = _deployment(reader, *place)
    if api is None and deployment is None:
        return MetricsApi("none", "nobody", None, False, "nobody serves the metrics API")
    owner, owned_by = _owner(place, *(each for each in (api, deployment) if each))
    if api is None:
        because = (
            f"Deployment {'/'.join(place)} is there, but APIService v1beta1.metrics.k8s.io, which leads to it, is not"
        )
        return MetricsApi(owner, owned_by, _version(deployment), False, because)
    wrong = _wrong(reader, api, place, deployment, owner == "ours")
    because = wrong or f"the metrics of nodes and pods are served by {owned_by}"
    return MetricsApi(owner, owned_by, _version(deployment), wrong is None, because)


def _deployment(reader: MetricsReader, namespace: str, service: str) -> fields.Json | None:
    """The Deployment of the pods that the Service leads to; without the Service, the one of its name."""
    selector = fields.get_dict(reader.get(f"/api/v1/namespaces/{namespace}/services/{service}"), "spec", "selector")
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    if not selector:
        return reader.get(f"{path}/{service}")
    for each in fields.get_dicts(reader.get(path), "items"):
        if selector.items() <= fields.get_dict(each, "spec", "template", "metadata", "labels").items():
            return each
    return None


def _owner(place: tuple[str, str], *objects: fields.Json) -> tuple[Owner, str]:
    """By the marks that each way to install leaves on what it makes."""
    marks: dict[str, t.Any] = {}
    for each in objects:
        marks |= fields.get_dict(each, "metadata", "labels") | fields.get_dict(each, "metadata", "annotations")
    if "meta.helm.sh/release-name" in marks:
        release = f"{marks.get('meta.helm.sh/release-namespace', '?')}/{marks['meta.helm.sh/release-name']}"
        return "helm", f"the Helm release {release}"
    if marks.keys() & {"kubernetes.io/minikube-addons", "addonmanager.kubernetes.io/mode"}:
        return "addon", "an addon of the cluster"
    if any(key.startswith("objectset.rio.cattle.io/") for key in marks):
        return "k3s", "k3s"
    # on every object, so that one label copied by somebody makes nothing ours
    if objects and all(
        fields.get_str(each, "metadata", "labels", "app.kubernetes.io/managed-by") == "aiops.kubernetes"
        for each in objects
    ):
        return "ours", "the role metrics_server"
    return "other", f"Service {'/'.join(place)}, which somebody else made"


def _version(deployment: fields.Json | None) -> str | None:
    containers = fields.get_dicts(deployment, "spec", "template", "spec", "containers")
    image = fields.get_str(containers[0], "image") if containers else ""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return tag or image or None


def _wrong(
    reader: MetricsReader, api: fields.Json, place: tuple[str, str], deployment: fields.Json | None, is_ours: bool
) -> str | None:
    """What keeps the metrics from being served, the most telling first; None where they are."""
    served = [bool(fields.get_dicts(reader.get(f"{METRICS}/{kind}"), "items")) for kind in ("nodes", "pods")]
    if all(served) and not (is_ours and not _rolled_out(deployment)):
        return None
    if deployment is None:
        return f"there is no Deployment behind Service {'/'.join(place)}"
    for pod in _pods(reader, place[0], deployment):
        if found := _of_pod(reader, pod):
            return found
    available = condition(api, "Available")
    if fields.get_str(available, "status") != "True":
        return f"the API server can't use it: {one_line(fields.get_str(available, 'message'), 300) or 'it does not say why'}"
    lacking = [kind for kind, there in zip(("nodes", "pods"), served, strict=True) if not there]
    return f"no metrics of {' and '.join(lacking)} yet" if lacking else "its rollout is not finished"


def _rolled_out(deployment: fields.Json | None) -> bool:
    wanted = fields.get_int(deployment, "spec", "replicas")
    seen = fields.get_int(deployment, "status", "observedGeneration") or 0
    counts = [
        fields.get_int(deployment, "status", name) for name in ("replicas", "updatedReplicas", "availableReplicas")
    ]
    return seen >= (fields.get_int(deployment, "metadata", "generation") or 0) and counts == [wanted] * 3


def _pods(reader: MetricsReader, namespace: str, deployment: fields.Json) -> list[Pod]:
    """Its pods that are not ready, the newest first."""
    labels = fields.get_dict(deployment, "spec", "selector", "matchLabels")
    pods = [Pod(json) for json in fields.get_dicts(reader.get(f"/api/v1/namespaces/{namespace}/pods"), "items")]
    mine = [pod for pod in pods if labels.items() <= fields.get_dict(pod.json, "metadata", "labels").items()]
    return sorted((pod for pod in mine if not pod.ready), key=lambda pod: pod.created or "", reverse=True)


def _of_pod(reader: MetricsReader, pod: Pod) -> str | None:
    for status in fields.get_dicts(pod.json, "status", "containerStatuses"):
        waiting = fields.get_dict(status, "state", "waiting")
        if waiting and fields.get_str(waiting, "reason") not in ("", "ContainerCreating", "PodInitializing"):
            return (
                f"{pod.ref}: {fields.get_str(waiting, 'reason')}: {one_line(fields.get_str(waiting, 'message'), 300)}"
            )
    if found := _CERTIFICATE.search(reader.log(pod)):
        return (
            f"the certificates of the kubelets don't verify ({one_line(found[0], 200)}). Let the cluster's CA sign them "
            "(serverTLSBootstrap), or accept them unverified: metrics_server_kubelet_insecure_tls"
        )
    scheduled = pod.condition("PodScheduled")
    if fields.get_str(scheduled, "status") == "False":
        return f"{pod.ref} is on no node: {one_line(fields.get_str(scheduled, 'message'), 300)}"
    return None
