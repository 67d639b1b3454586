# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules that are functions of a few words: names of images, what registries say, near misses, quantities, requests."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._causes._near import near_misses, one_slip
from ansible_collections.aiops.kubernetes.plugins.module_utils._causes.images import split_image
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import quantity
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Cluster, Evidence, Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.requests import pod_request

IMAGES = [
    ("nginx", "docker.io/library/nginx", "latest"),
    ("nginx:1.27", "docker.io/library/nginx", "1.27"),
    ("acme/web:2", "docker.io/acme/web", "2"),
    ("docker.io/library/nginx:1.27", "docker.io/library/nginx", "1.27"),
    ("ghcr.io/acme/web", "ghcr.io/acme/web", "latest"),
    ("localhost/web:dev", "localhost/web", "dev"),
    ("registry:5000/web", "registry:5000/web", "latest"),
    ("registry:5000/team/web:1.0", "registry:5000/team/web", "1.0"),
    ("nginx@sha256:00ff", "docker.io/library/nginx", ""),
    ("ghcr.io/acme/web:1.2@sha256:00ff", "ghcr.io/acme/web", "1.2"),
]


@pytest.mark.parametrize(("image", "repository", "tag"), IMAGES)
def test_splits_an_image(image: str, repository: str, tag: str) -> None:
    assert split_image(image) == (repository, tag)


# What runtimes and registries write for one failed pull; IMAGE stands for the image.
ABSENT, REFUSED, LIMITED = "image-not-found", "image-pull-unauthorized", "registry-rate-limited"
UNREACHABLE, FOREIGN, POLICY = "registry-unreachable", "image-architecture-mismatch", "image-policy-refused"
OTHER = "undetermined"
PULLS = [
    # containerd
    ('failed to resolve reference "IMAGE": IMAGE: not found', ABSENT),
    ('rpc error: code = NotFound desc = failed to pull and unpack image "IMAGE": no such manifest: not found', ABSENT),
    ("unexpected status from HEAD request to https://r.example/v2/web/manifests/2: 404 Not Found", ABSENT),
    (
        "pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials",
        REFUSED,
    ),
    (
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope",
        REFUSED,
    ),
    ("pulling from host r.example failed with status code [manifests 1.0]: 401 Unauthorized", REFUSED),
    ("unexpected status from HEAD request to https://r.example/v2/web/manifests/2: 403 Forbidden", REFUSED),
    (
        'failed to authorize: failed to fetch anonymous token: Get "https://r.example/token": dial tcp: lookup r.example: no such host',
        UNREACHABLE,
    ),
    (
        "failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://r.example/token: 401 Unauthorized",
        REFUSED,
    ),
    (
        'failed to do request: Head "https://r.example/v2/web/manifests/2": dial tcp 10.0.0.1:443: i/o timeout',
        UNREACHABLE,
    ),
    ('failed to do request: Head "https://r.example": x509: certificate signed by unknown authority', UNREACHABLE),
    ("unexpected status from HEAD request to https://r.example/v2/web/manifests/2: 429 Too Many Requests", LIMITED),
    (
        "unexpected status from HEAD request to https://r.example/v2/web/manifests/2: 503 Service Unavailable",
        UNREACHABLE,
    ),
    ("unexpected status from HEAD request to https://r.example/v2/denied-401/app/manifests/2: 404 Not Found", ABSENT),
    ("no match for platform in manifest sha256:00ff: not found", FOREIGN),
    # Docker
    ("Error response from daemon: manifest for IMAGE not found: manifest unknown: manifest unknown", ABSENT),
    ("Error response from daemon: Get https://r.example/v2/: unauthorized: authentication required", REFUSED),
    (
        "Error response from daemon: pull access denied for IMAGE: denied: requested access to the resource is denied",
        REFUSED,
    ),
    ("toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating", LIMITED),
    # CRI-O
    ("reading manifest 2 in docker.io/acme/web: manifest unknown: manifest unknown", ABSENT),
    ("reading manifest 2 in docker.io/acme/web: errors: denied: requested access to the resource is denied", REFUSED),
    ("Requesting bearer token: invalid status code from registry 403 (Forbidden)", REFUSED),
    (
        "initializing source docker://IMAGE: pinging container registry r.example: dial tcp: connection refused",
        UNREACHABLE,
    ),
    (
        'choosing an image from manifest list docker://IMAGE: no image found in manifest list for architecture "amd64"',
        FOREIGN,
    ),
    ("SignatureValidationFailed: Source image rejected: A signature was required, but no signature exists", POLICY),
    (
        "RegistryUnavailable: pinging container registry r.example: received unexpected HTTP status: 502 Bad Gateway",
        UNREACHABLE,
    ),
    ("Source image rejected: Running image docker://IMAGE is rejected by policy.", POLICY),
    # containerd 2
    ("image verifier signed blocked pull of IMAGE with digest sha256:00ff for reason: not signed", POLICY),
    (
        "failed to copy: httpReadSeeker: failed open: unexpected status from GET request to https://r.example/v2: 429",
        LIMITED,
    ),
    # what answers is no registry, and what fails is no pull
    (
        "failed to unpack image on snapshotter overlayfs: unexpected media type text/html for sha256:00ff: not found",
        UNREACHABLE,
    ),
    ("failed to do request: Head: http: server gave HTTP response to HTTPS client", UNREACHABLE),
    ("failed to extract layer sha256:00ff: write /var/lib/containerd/x: no space left on device: unknown", OTHER),
    # ECR, Artifact Registry, Harbor, Quay
    ("name unknown: The repository with name 'web' does not exist in the registry with id '000000000000'", ABSENT),
    ("pull access denied: denied: User: anonymous is not authorized to perform: ecr:BatchGetImage", REFUSED),
    (
        'denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource (or it may not exist)',
        REFUSED,
    ),
    ("unauthorized to access repository: team/web, action: pull: unauthorized to access repository", REFUSED),
    ("manifest unknown: artifact team/web:2 not found", ABSENT),
    ("unauthorized: access to the requested resource is not authorized", REFUSED),
]


@pytest.mark.parametrize("image", ["r.example/acme/web:2", "r.example/unauthorized/not-found:denied-404"])
@pytest.mark.parametrize(("text", "cause"), PULLS)
def test_tells_refused_pulls_from_absent_images(text: str, cause: str, image: str) -> None:
    message = f'Back-off pulling image "{image}": ErrImagePull: {text.replace("IMAGE", image)}'
    [finding] = judge.find(evidence(waiting_pod(image, "ImagePullBackOff", message)))
    assert finding.cause == cause


NEAR = [
    ("web-setings", ["web-settings", "worker-settings", "kube-root-ca.crt"], ["web-settings"]),
    ("THEMME", ["THEME", "LOG_LEVEL"], ["THEME"]),
    ("rules.conf", ["rules_conf", "other"], ["rules_conf"]),
    ("LogLevel", ["loglevel", "LOGLEVELS"], ["loglevel", "LOGLEVELS"]),
    ("db", ["cart", "orders"], []),
    ("cart-config", ["cart-config"], []),
    ("settings", [], []),
]


@pytest.mark.parametrize(("wanted", "names", "near"), NEAR)
def test_offers_names_that_may_be_meant(wanted: str, names: list[str], near: list[str]) -> None:
    assert near_misses(wanted, names) == near


SLIPS = [
    ("ghrc.io", "ghcr.io", True),
    ("quay.oi", "quay.io", True),
    ("docker.ioo", "docker.io", True),
    ("dcker.io", "docker.io", True),
    ("registry.k8s.oi", "registry.k8s.io", True),
    ("r1.corp.example", "r2.corp.example", False),
    ("r.corp.example", "r2.corp.example", False),
    ("gcr.io", "gcr.io", False),
    ("gcr.io", "quay.io", False),
    ("", "a", True),
    ("", "", False),
]


@pytest.mark.parametrize(("wrong", "right", "slip"), SLIPS)
def test_tells_a_slip_from_another_name(wrong: str, right: str, slip: bool) -> None:
    assert {one_slip(*pair) for pair in ((wrong, right), (right, wrong))} == {slip}


def test_offers_at_most_three_names() -> None:
    assert len(near_misses("settings", [f"settings-{number}" for number in range(9)])) == 3


QUANTITIES = [
    ("500m", Decimal("0.5")),
    ("2", Decimal(2)),
    (3, Decimal(3)),
    (".5", Decimal("0.5")),
    ("1.5Gi", Decimal(3) * 2**29),
    ("128Mi", Decimal(128) * 2**20),
    ("1k", Decimal(1000)),
    ("1e3", Decimal(1000)),
    ("250u", Decimal("0.00025")),
    ("-1", Decimal(-1)),
    ("1Zi", None),
    ("1 Gi", None),
    ("", None),
    (None, None),
    (True, None),
    ({"cpu": 1}, None),
    ("1e999999999", None),
]


@pytest.mark.parametrize(("text", "number"), QUANTITIES)
def test_reads_quantities(text: object, number: Decimal | None) -> None:
    assert quantity.parse(text) == number


WORDS = [
    ("0.25", "cpu", "250m"),
    ("2", "cpu", "2"),
    ("134217728", "memory", "128Mi"),
    ("1610612736", "memory", "1.5Gi"),
    ("12", "memory", "12"),
    ("1", "example.com/gpu", "1"),
]


@pytest.mark.parametrize(("amount", "resource", "words"), WORDS)
def test_writes_quantities_as_kubernetes_does(amount: str, resource: str, words: str) -> None:
    assert quantity.in_words(Decimal(amount), resource) == words


def asks(cpu: str, **more: object) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}, **more}


REQUESTS: list[tuple[dict[str, Any], str]] = [
    ({"containers": [asks("1"), asks("500m"), {}]}, "1.5"),
    ({"containers": [asks("1")], "initContainers": [asks("3"), asks("2")]}, "3"),
    ({"containers": [asks("1")], "initContainers": [asks("500m", restartPolicy="Always"), asks("1")]}, "1.5"),
    ({"containers": [asks("1")], "initContainers": [asks("3"), asks("1", restartPolicy="Always")]}, "3"),
    ({"containers": [asks("1")], "overhead": {"cpu": "250m"}}, "1.25"),
    ({"containers": [asks("1")], "resources": {"requests": {"cpu": "4"}}, "overhead": {"cpu": "1"}}, "5"),
    ({"containers": [{"resources": None}, {"resources": {"requests": {"cpu": "junk"}}}]}, "0"),
    ({}, "0"),
]


@pytest.mark.parametrize(("spec", "cpu"), REQUESTS)
def test_counts_what_the_scheduler_counts(spec: dict[str, Any], cpu: str) -> None:
    assert pod_request(spec, "cpu") == Decimal(cpu)


def waiting_pod(image: str, reason: str, message: str) -> dict[str, Any]:
    waiting = {"reason": reason, "message": message}
    return {
        "metadata": {"name": "web", "namespace": "shop", "uid": "1", "creationTimestamp": "2026-11-22T09:00:00Z"},
        "spec": {"containers": [{"name": "app", "image": image}]},
        "status": {"phase": "Pending", "containerStatuses": [{"name": "app", "state": {"waiting": waiting}}]},
    }


def evidence(pod: dict[str, Any]) -> Evidence:
    return Evidence("2026-11-22T09:10:00Z", Cluster(None, None, None, None), Scope(("shop",)), {"Pod": [pod]})
