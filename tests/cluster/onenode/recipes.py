# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of the test cluster: what is in them, under which names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from . import commands, images, registry

ROOT_PACKAGES = ("nginx-light", "redis-server", "python3", "curl", "procps", "iproute2")
ROOT_SKIP = (
    "dev",
    "proc",
    "sys",
    "usr/share/doc",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
)
_NGINX_SITE = b"""\
server {
    listen 80;
    server_name localhost;
    location / {
        root /usr/share/nginx/html;
        index index.html index.htm;
    }
}
"""
_NGINX_PAGE = b"<!DOCTYPE html><html><body><h1>Welcome to nginx!</h1></body></html>\n"
_CURL_ENTRYPOINT = b'#!/bin/sh\nif [ "${1#-}" != "$1" ]; then set -- curl "$@"; fi\nexec "$@"\n'
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def store_small_images(folder: Path) -> None:
    """Make pause and busybox for the mirror, and the one image of the private registry."""
    program = Path("/bin/busybox").read_bytes()
    names = commands.output(["/bin/busybox", "--list"], "install the Debian package busybox-static").split()
    files = {
        "bin/busybox": (program, 0o755),
        "etc/passwd": (images.PASSWD, 0o644),
        "etc/group": (images.GROUP, 0o644),
    }
    links = {f"bin/{name}": "busybox" for name in names if name != "busybox"}
    folders = {"bin": 0o755, "etc": 0o755, "home": 0o755, "root": 0o700, "tmp": 0o1777, "var": 0o755}
    busybox = [images.layer(files, links, folders)]
    pause = [images.layer({"pause": (images.pause_program(), 0o755)})]
    mirror = folder / "mirror"
    waiting = images.image(pause, {"Entrypoint": ["/pause"], "User": "65535:65535"})
    registry.store(mirror, "registry.k8s.io/pause", ["3.9", "3.10", "3.10.1"], waiting)
    shell = images.image(busybox, {"Cmd": ["sh"], "Env": [_PATH]})
    registry.store(mirror, "docker.io/library/busybox", ["latest", "1.36"], shell)
    app = images.image(busybox, {"Cmd": ["sleep", "1d"], "Env": [_PATH]})
    registry.store(folder / "private", "team/app", ["1.0"], app)


def store_debian_images(mirror: Path, debian: images.Layer) -> None:
    """Make the images that share the Debian layer; each nginx version gets a digest of its own."""
    base = images.layer({}, folders={"dev": 0o755, "proc": 0o755, "sys": 0o755, "var/log": 0o755})
    nginx = images.layer(
        {
            "etc/nginx/conf.d/default.conf": (_NGINX_SITE, 0o644),
            "etc/nginx/sites-enabled/.wh.default": (b"", 0o644),  # removes Debian's own site
            "usr/share/nginx/html/index.html": (_NGINX_PAGE, 0o644),
        },
        {"var/log/nginx/access.log": "/dev/stdout", "var/log/nginx/error.log": "/dev/stderr"},
        {"var/log/nginx": 0o755},
    )
    python = images.layer({}, {"usr/local/bin/python": "/usr/bin/python3"})
    curl = images.layer({"entrypoint.sh": (_CURL_ENTRYPOINT, 0o755)})
    shared = [debian, base]

    def put(repository: str, tags: list[str], layers: list[images.Layer], settings: Mapping[str, object]) -> None:
        environment = [_PATH, f"IMAGE_VERSION={tags[0]}"]
        registry.store(mirror, f"docker.io/{repository}", tags, images.image(layers, {"Env": environment, **settings}))

    for tags in (["1.27", "latest"], ["1.25"]):
        command = {"Cmd": ["nginx", "-g", "daemon off;"], "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGQUIT"}
        put("library/nginx", tags, [*shared, nginx], command)
    serve = {"Cmd": ["redis-server", "--protected-mode", "no"], "ExposedPorts": {"6379/tcp": {}}}
    put("library/redis", ["7", "latest"], shared, serve)
    put("library/python", ["3.11-slim", "latest"], [*shared, python], {"Cmd": ["python3"]})
    put("library/debian", ["bookworm", "latest"], shared, {"Cmd": ["bash"]})
    put("curlimages/curl", ["latest"], [*shared, curl], {"Entrypoint": ["/entrypoint.sh"], "Cmd": ["curl"]})
