# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of every service of the node."""

from __future__ import annotations

from pathlib import Path

from .layout import API_PORT, NODE_ADDRESS, NODE_NAME, SERVICE_RANGE, Layout

_ISSUER = "https://kubernetes.default.svc.cluster.local"


def base_services(layout: Layout) -> dict[str, list[str]]:
    """Return what the API server and the kubelet need: etcd, the registries and containerd."""
    configuration = layout.configuration
    return {
        "etcd": _etcd(layout),
        "mirror": ["docker-registry", "serve", f"{configuration}/mirror.yaml"],
        "private-registry": ["docker-registry", "serve", f"{configuration}/private-registry.yaml"],
        "containerd": ["containerd", "-c", f"{configuration}/containerd.toml"],
    }


def api_server(layout: Layout, binaries: Path) -> list[str]:
    """Return the API server's command line.

    It binds to all addresses of its private network namespace: pods reach it at its service address.
    """
    pki = layout.pki
    return [
        f"{binaries}/kube-apiserver",
        "--bind-address=0.0.0.0",
        f"--secure-port={API_PORT}",
        f"--advertise-address={NODE_ADDRESS}",
        f"--cert-dir={pki}",
        "--etcd-servers=https://127.0.0.1:2379",
        f"--etcd-cafile={pki}/etcd-ca.crt",
        f"--etcd-certfile={pki}/etcd-client.crt",
        f"--etcd-keyfile={pki}/etcd-client.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP,Hostname",
        f"--service-account-issuer={_ISSUER}",
        f"--api-audiences={_ISSUER}",
        f"--service-account-key-file={pki}/service-account.pub",
        f"--service-account-signing-key-file={pki}/service-account.key",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        "--anonymous-auth=true",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki}/front-proxy-client.crt",
        f"--proxy-client-key-file={pki}/front-proxy-client.key",
        "--enable-aggregator-routing=true",
        f"--audit-policy-file={layout.configuration}/audit-policy.yaml",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-mode=blocking",
        # in megabytes: without it the log is another file after 100 of them, and what a test looks for is in the former one
        "--audit-log-maxsize=10000",
        "--event-ttl=1h",
        "--profiling=false",
        "--v=1",
    ]


def node_services(layout: Layout, binaries: Path) -> dict[str, list[str]]:
    """Return what needs the API server: controllers, scheduler, kubelet and kube-proxy."""
    return {
        "kube-controller-manager": _controller_manager(layout, binaries),
        "kube-scheduler": _scheduler(layout, binaries),
        "kubelet": [
            f"{binaries}/kubelet",
            f"--config={layout.configuration}/kubelet.yaml",
            f"--kubeconfig={layout.configuration}/kubelet.kubeconfig",
            f"--hostname-override={NODE_NAME}",
            f"--node-ip={NODE_ADDRESS}",
            "--v=2",
        ],
        "kube-proxy": [f"{binaries}/kube-proxy", f"--config={layout.configuration}/kube-proxy.yaml", "--v=2"],
    }


def _etcd(layout: Layout) -> list[str]:
    pki = layout.pki
    return [
        "etcd",
        "--name=aiops",
        "--data-dir=/run/etcd",  # in memory: it lives as long as the cluster and needs no disk syncs
        "--quota-backend-bytes=4294967296",
        "--listen-client-urls=https://127.0.0.1:2379",
        "--advertise-client-urls=https://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=aiops=http://127.0.0.1:2380",
        f"--cert-file={pki}/etcd-server.crt",
        f"--key-file={pki}/etcd-server.key",
        f"--trusted-ca-file={pki}/etcd-ca.crt",
        "--client-cert-auth",
    ]


def _controller_manager(layout: Layout, binaries: Path) -> list[str]:
    pki = layout.pki
    return [
        f"{binaries}/kube-controller-manager",
        *_access(layout, "controller-manager"),
        f"--kubeconfig={layout.configuration}/controller-manager.kubeconfig",
        f"--client-ca-file={pki}/ca.crt",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        f"--root-ca-file={pki}/ca.crt",
        f"--service-account-private-key-file={pki}/service-account.key",
        "--use-service-account-credentials=true",
        f"--cluster-signing-cert-file={pki}/ca.crt",
        f"--cluster-signing-key-file={pki}/ca.key",
        "--controllers=*,bootstrap-signer-controller,token-cleaner-controller",
        "--allocate-node-cidrs=false",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--node-monitor-grace-period=20s",
        "--horizontal-pod-autoscaler-sync-period=5s",
        "--kube-api-qps=400",  # thousands of pods for the benchmark within a minute
        "--kube-api-burst=400",
        "--terminated-pod-gc-threshold=200",
        "--enable-hostpath-provisioner=true",
        "--flex-volume-plugin-dir=/run/volume-plugins",  # its default is made on the machine's disk
        "--leader-elect=false",
    ]


def _scheduler(layout: Layout, binaries: Path) -> list[str]:
    config = f"--config={layout.configuration}/scheduler.yaml"
    return [f"{binaries}/kube-scheduler", config, *_access(layout, "scheduler")]


def _access(layout: Layout, user: str) -> list[str]:
    file = f"{layout.configuration}/{user}.kubeconfig"
    return [
        f"--authentication-kubeconfig={file}",
        f"--authorization-kubeconfig={file}",
        "--bind-address=127.0.0.1",
        f"--cert-dir=/run/{user}",
        "--v=1",
    ]
