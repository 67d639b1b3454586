# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ConfigMaps and Secrets a pod spec can't do without."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.objects import Reference, pull_secrets, references


def _found(**spec: t.Any) -> list[tuple[str, str, str, str, str]]:
    return [(r.kind, r.name, r.key, r.container, r.place) for r in references(spec)]


def _container(**fields: t.Any) -> dict[str, t.Any]:
    return {"name": "app", **fields}


def test_environment_variables() -> None:
    env = [
        {"name": "PLAIN", "value": "x"},
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ]
    assert _found(containers=[_container(env=env)]) == [
        ("ConfigMap", "settings", "a", "app", "containers[app].env[A]"),
        ("Secret", "db", "password", "app", "containers[app].env[B]"),
    ]


def test_whole_objects_as_environment() -> None:
    sources = [{"configMapRef": {"name": "settings"}}, {"prefix": "DB_", "secretRef": {"name": "db"}}]
    assert _found(containers=[_container(envFrom=sources)]) == [
        ("ConfigMap", "settings", "", "app", "containers[app].envFrom"),
        ("Secret", "db", "", "app", "containers[app].envFrom"),
    ]


def test_volumes_name_the_first_container_that_mounts_them() -> None:
    volumes = [
        {
            "name": "conf",
            "configMap": {"name": "settings", "items": [{"key": "a", "path": "a"}, {"key": "b", "path": "b"}]},
        },
        {"name": "tls", "secret": {"secretName": "cert"}},
        {"name": "tmp", "emptyDir": {}},
    ]
    found = _found(
        volumes=volumes,
        initContainers=[{"name": "prepare", "volumeMounts": [{"name": "tls"}]}],
        containers=[_container(volumeMounts=[{"name": "tmp"}, {"name": "conf"}, {"name": "tls"}])],
    )
    assert found == [
        ("ConfigMap", "settings", "a", "app", "volumes[conf]"),
        ("ConfigMap", "settings", "b", "app", "volumes[conf]"),
        ("Secret", "cert", "", "prepare", "volumes[tls]"),
    ]


def test_projected_volumes() -> None:
    sources = [
        {"serviceAccountToken": {"path": "token"}},
        {"configMap": {"name": "settings", "items": [{"key": "a", "path": "a"}]}},
        {"secret": {"name": "db"}},
        {"secret": {"name": "extra", "optional": True}},
    ]
    found = _found(
        volumes=[{"name": "all", "projected": {"sources": sources}}],
        containers=[_container(volumeMounts=[{"name": "all"}])],
    )
    assert found == [
        ("ConfigMap", "settings", "a", "app", "volumes[all]"),
        ("Secret", "db", "", "app", "volumes[all]"),
    ]


def test_init_containers_are_named_by_their_own_field() -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}]
    init = {"name": "prepare", "env": env, "envFrom": [{"secretRef": {"name": "db"}}]}
    assert _found(initContainers=[init], containers=[_container()]) == [
        ("Secret", "db", "", "prepare", "initContainers[prepare].envFrom"),
        ("ConfigMap", "settings", "a", "prepare", "initContainers[prepare].env[A]"),
    ]


def test_what_is_optional_is_left_out() -> None:
    container = _container(
        envFrom=[{"configMapRef": {"name": "a", "optional": True}}, {"secretRef": {"name": "b", "optional": True}}],
        env=[{"name": "C", "valueFrom": {"secretKeyRef": {"name": "c", "key": "k", "optional": True}}}],
        volumeMounts=[{"name": "d"}, {"name": "e"}],
    )
    volumes = [
        {"name": "d", "configMap": {"name": "d", "optional": True}},
        {"name": "e", "secret": {"secretName": "e", "optional": True}},
    ]
    assert _found(containers=[container], volumes=volumes) == []


def test_optional_false_is_not_optional() -> None:
    assert _found(containers=[_container(envFrom=[{"configMapRef": {"name": "a", "optional": False}}])])


def test_a_volume_that_nobody_mounts_stops_nobody() -> None:
    """The kubelet leaves it out (``GetPodVolumeNames``): a pod with one whose ConfigMap is missing runs."""
    assert _found(containers=[_container()], volumes=[{"name": "conf", "configMap": {"name": "settings"}}]) == []


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"containers": None, "volumes": "x"},
        {"containers": [None, {"envFrom": [None, {}, {"configMapRef": None}], "env": [{}, "x"]}]},
        {"volumes": [{"configMap": {}}, {"secret": {"secretName": 3}}, {"projected": {"sources": [None]}}]},
        {"containers": [{"env": [{"valueFrom": {"configMapKeyRef": {"key": "a"}}}]}]},
    ],
)
def test_a_broken_spec_has_none(spec: dict[str, t.Any]) -> None:
    assert list(references(spec)) == []


def test_a_reference_is_a_value() -> None:
    first = Reference("Secret", "db", "", "app", "volumes[x]")
    assert first == Reference("Secret", "db", "", "app", "volumes[x]")
    assert hash(first) == hash(Reference("Secret", "db", "", "app", "volumes[x]"))


def test_pull_secrets() -> None:
    assert pull_secrets({"imagePullSecrets": [{"name": "regcred"}, {}, None, {"name": ""}]}) == ["regcred"]
    assert pull_secrets({}) == []
