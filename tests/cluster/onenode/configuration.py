# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration files of all services, as texts.  Kubernetes' own are JSON, which is YAML too."""

from __future__ import annotations

import json
from pathlib import Path

from .layout import (
    DNS_ADDRESS,
    MIRROR_PORT,
    NODE_ADDRESS,
    NODE_NAME,
    POD_RANGE,
    PRIVATE_REGISTRY,
    PRIVATE_REGISTRY_USER,
    Layout,
)

SANDBOX_IMAGE = "registry.k8s.io/pause:3.10"
# Hosts that the local mirror answers for.  Any other host does not resolve, as an unknown name on the internet.
MIRRORED_HOSTS = ("docker.io", "registry.k8s.io", "quay.io", "ghcr.io", "gcr.io", "mcr.microsoft.com")
# bcrypt of layout.PRIVATE_REGISTRY_PASSWORD, with a low cost because every request is checked
_PRIVATE_REGISTRY_HASH = "$2b$05$6WZnBctXH3EdRB/h0HmocuKofWQexMUveZQuy3VKRIod6DbVrqta2"

_CONTAINERD = """\
version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.internal.v1.tracing",
  "io.containerd.internal.v1.opt",
]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{sandbox_image}"
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  disable_apparmor = true
  # without it every sandbox fails where root lacks CAP_SYS_RESOURCE
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
        BinaryName = "/usr/sbin/runc"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{configuration}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{configuration}/registries"
"""


def configuration_files(layout: Layout, images: Path) -> dict[str, str]:
    """Return every configuration file: its path below `layout.configuration`, and its text.

    `images` is the folder with the registries' contents: `mirror` and `private`.
    """
    return {
        "kubelet.yaml": _json(kubelet(layout)),
        "scheduler.yaml": _json(scheduler(layout)),
        "kube-proxy.yaml": _json(kube_proxy(layout)),
        "audit-policy.yaml": _json(audit_policy()),
        "containerd.toml": containerd(layout),
        "cni/10-bridge.conflist": _json(network()),
        "mirror.yaml": _json(mirror(images / "mirror")),
        "private-registry.yaml": _json(private_registry(layout, images / "private")),
        "private-registry.htpasswd": f"{PRIVATE_REGISTRY_USER}:{_PRIVATE_REGISTRY_HASH}\n",
        "hosts": f"127.0.0.1 localhost {PRIVATE_REGISTRY}\n{NODE_ADDRESS} {NODE_NAME}\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
        "resolv.conf": "nameserver 127.0.0.1\n",
        **{f"registries/{host}/hosts.toml": mirrored_host(host) for host in MIRRORED_HOSTS},
        f"registries/{PRIVATE_REGISTRY}/hosts.toml": private_host(layout),
    }


def kubelet(layout: Layout) -> dict[str, object]:
    """Return the KubeletConfiguration: fast to notice failures, one cgroup tree of its own, cgroup v1 allowed."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_ADDRESS,
        "port": 10250,
        "readOnlyPort": 0,
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": 10248,
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{layout.cgroup}",
        "cgroupsPerQOS": True,
        "enforceNodeAllocatable": ["pods"],
        "failCgroupV1": False,
        "failSwapOn": False,
        "protectKernelDefaults": False,
        "volumePluginDir": "/run/volume-plugins",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True, "cacheTTL": "10s"},
            "x509": {"clientCAFile": f"{layout.pki}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{layout.pki}/kubelet-serving.crt",
        "tlsPrivateKeyFile": f"{layout.pki}/kubelet-serving.key",
        "rotateCertificates": False,
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_ADDRESS],
        "resolvConf": f"{layout.configuration}/resolv.conf",
        "nodeStatusUpdateFrequency": "5s",
        "nodeStatusReportFrequency": "1m",
        "nodeLeaseDurationSeconds": 20,
        "syncFrequency": "10s",
        "maxPods": 220,  # POD_RANGE has addresses for 250
        "serializeImagePulls": False,
        "registryPullQPS": 0,  # scenarios begin by the dozen; with a limit an image that is not there may be asked for late
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "evictionPressureTransitionPeriod": "10s",
        "kubeReserved": {"cpu": "100m", "memory": "256Mi"},
        "crashLoopBackOff": {"maxContainerRestartPeriod": "5s"},
    }


def scheduler(layout: Layout) -> dict[str, object]:
    """Return the KubeSchedulerConfiguration."""
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": f"{layout.configuration}/scheduler.kubeconfig"},
        "leaderElection": {"leaderElect": False},
    }


def kube_proxy(layout: Layout) -> dict[str, object]:
    """Return the KubeProxyConfiguration; it leaves the machine-wide connection tracking limits alone."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": f"{layout.configuration}/kube-proxy.kubeconfig"},
        "hostnameOverride": NODE_NAME,
        "mode": "iptables",
        "clusterCIDR": POD_RANGE,
        "bindAddress": NODE_ADDRESS,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "conntrack": {"maxPerCore": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }


def audit_policy() -> dict[str, object]:
    """Return the audit policy: requests with verb, object, user and result; watches at their start and end.

    Whoever reads a Secret is told.  What else the cluster's own components do is left out: it is most of all, and nobody's test.
    """
    components = [f"system:{name}" for name in ("apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")]
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "Metadata", "resources": [{"group": "", "resources": ["secrets"]}]},
            {"level": "None", "users": components},
            {"level": "None", "userGroups": ["system:nodes", "system:serviceaccounts:kube-system"]},
            {"level": "Metadata"},
        ],
    }


def containerd(layout: Layout) -> str:
    """Return containerd's configuration."""
    return _CONTAINERD.format(sandbox_image=SANDBOX_IMAGE, configuration=layout.configuration)


def network() -> dict[str, object]:
    """Return the CNI chain: a bridge with host-local addresses and host ports."""
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {"type": "host-local", "ranges": [[{"subnet": POD_RANGE}]], "routes": [{"dst": "0.0.0.0/0"}]},
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "aiops", "plugins": [bridge, ports]}


def mirror(images: Path) -> dict[str, object]:
    """Return the configuration of the read-only registry that stands for the public ones."""
    return _registry(images, {"addr": f"127.0.0.1:{MIRROR_PORT}"})


def private_registry(layout: Layout, images: Path) -> dict[str, object]:
    """Return the configuration of the registry that wants a password; it has the true port and a certificate."""
    pair = {"certificate": f"{layout.pki}/private-registry.crt", "key": f"{layout.pki}/private-registry.key"}
    login = {"realm": PRIVATE_REGISTRY, "path": f"{layout.configuration}/private-registry.htpasswd"}
    return {**_registry(images, {"addr": "127.0.0.1:443", "tls": pair}), "auth": {"htpasswd": login}}


def mirrored_host(host: str) -> str:
    """Return containerd's hosts.toml for a public registry: the mirror alone answers, so a 404 is final."""
    url = f"http://127.0.0.1:{MIRROR_PORT}/v2/{host}"
    return f'server = "{url}"\n[host."{url}"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n'


def private_host(layout: Layout) -> str:
    """Return containerd's hosts.toml for the private registry.

    Only a [host] takes a certificate authority. After its 404 containerd asks the server: the mirror says 404 as well.
    """
    host = f'[host."https://{PRIVATE_REGISTRY}"]\n  capabilities = ["pull", "resolve"]\n  ca = "{layout.pki}/ca.crt"\n'
    return f'server = "http://127.0.0.1:{MIRROR_PORT}/v2/{PRIVATE_REGISTRY}"\n{host}'


def _registry(images: Path, http: dict[str, object]) -> dict[str, object]:
    return {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(images)},
            "maintenance": {"readonly": {"enabled": True}, "uploadpurging": {"enabled": False}},
        },
        "http": http,
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=1) + "\n"
