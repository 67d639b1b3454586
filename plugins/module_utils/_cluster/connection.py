# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one file that knows the ``kubernetes`` client: it lends its configuration and its TLS connection pool, no models.

Works with the client from 24.2 on: only what did not change between 24.2 and 37 is used.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import re
import ssl
import sys
import typing as t
import urllib.parse
from pathlib import Path

from .._model import fields
from .._model.access import IN_CLUSTER
from .._model.errors import AiopsError
from .._model.text import one_line

try:
    import kubernetes.client
    import kubernetes.client.rest
    import kubernetes.config
    import urllib3
    import yaml  # the client needs it, too
except ImportError as exc:
    _MISSING: ImportError | None = exc
else:
    _MISSING = None

_TIMEOUT_SECONDS: t.Final = {"connect": 5.0, "read": 30.0}
_USER_AGENT: t.Final = "aiops.kubernetes"


class Refused(Exception):
    """The server answered one request with an error, ``status`` and its own message, or (None) not in time.

    ``has_causes`` tells a refusal by admission from a JSON patch whose ``test`` failed: both are 422, and only the first names causes.
    """

    def __init__(
        self, status: int | None, message: str, has_causes: bool = False, retry_after: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.has_causes = has_causes
        self.retry_after = retry_after


@dataclasses.dataclass(frozen=True)
class Connection:
    """An API server, the context it was chosen by, and how to be let in."""

    server: str
    context: str | None
    _pool: urllib3.PoolManager
    _headers: t.Mapping[str, str]
    # How the server is reached and known, in the words of a kubeconfig's cluster.
    trust: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    def get(self, path: str, query: t.Mapping[str, str] | None = None, accept: str = "application/json") -> bytes:
        """The body of a GET."""
        return self.send("GET", path, query, {"Accept": accept})

    def send(
        self,
        method: str,
        path: str,
        query: t.Mapping[str, str] | None = None,
        headers: t.Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> bytes:
        """The body of the answer.  ``Refused`` where the server says no, AiopsError where it can't be reached or does not know us."""
        url = self.server + path + ("?" + urllib.parse.urlencode(query) if query else "")
        every = urllib3.HTTPHeaderDict(self._headers)
        every.update(headers or {})
        timeout = urllib3.Timeout(**_TIMEOUT_SECONDS)
        try:
            response = self._pool.request(
                method, url, headers=every, body=body, timeout=timeout, retries=False, redirect=False
            )
        except urllib3.exceptions.ReadTimeoutError as exc:
            raise Refused(None, f"no answer within {_TIMEOUT_SECONDS['read']:.0f} s") from exc
        except urllib3.exceptions.HTTPError as exc:
            if "IncompleteRead" in str(exc):
                raise Refused(None, "the answer was cut off") from exc
            raise AiopsError(_unreachable(self, exc)) from exc
        except ValueError as exc:
            raise AiopsError(f"{self.server!r} can't be the address of an API server: {exc}.") from exc
        if response.status in (200, 201, 202):
            return response.data
        if response.status == 401:
            raise AiopsError(
                f"The API server {self.server} did not accept the credentials of {self.named} (401): they are missing, wrong or "
                f"expired. Log in again, or choose other ones by kubeconfig, context or K8S_AUTH_*."
            )
        message, causes = _status(response.data)
        raise Refused(response.status, message or response.reason or "", causes, response.headers.get("Retry-After"))

    @property
    def named(self) -> str:
        return f"context {self.context!r}" if self.context else "the given options"


def connect(options: t.Mapping[str, t.Any]) -> Connection:
    """A connection by kubernetes.core's options, else ``K8S_AUTH_*``, ``KUBECONFIG``, ``~/.kube/config``.

    The identity of the pod that runs Ansible is taken only where ``kubeconfig`` is the word "in-cluster".
    """
    if _MISSING is not None:
        raise AiopsError(
            f"The Python package kubernetes is missing for {sys.executable} ({_MISSING}). Install it there: "
            f"{sys.executable} -m pip install 'kubernetes>=24.2'"
        ) from _MISSING
    options = {name: value for name, value in options.items() if value is not None}
    configuration = kubernetes.client.Configuration()
    context = _load(configuration, options)
    try:
        for option, attribute in _OVERRIDES.items():
            if option in options:
                setattr(configuration, attribute, options[option])
    except ValueError as exc:
        raise AiopsError(f"{options['host']!r} can't be the address of an API server: {exc}.") from exc
    if "api_key" in options:
        configuration.refresh_api_key_hook = None  # the kubeconfig's, which would bring its token back
        bearer = f"Bearer {options['api_key'].strip()}"
        configuration.api_key = {"authorization": bearer, "BearerToken": bearer}  # the name until and since client 36
    if options.get("proxy_headers"):
        configuration.proxy_headers = urllib3.util.make_headers(**options["proxy_headers"])
    configuration.host = configuration.host.rstrip("/")
    if not configuration.host.startswith(("https://", "http://")):
        raise AiopsError(f"{configuration.host!r} can't be the address of an API server: it must begin with https://.")
    try:
        _require_certificates(configuration)
        pool = kubernetes.client.rest.RESTClientObject(configuration).pool_manager
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as exc:
        raise AiopsError(
            f"The certificates or the proxy for {configuration.host} can't be used: {exc}. Check them in the kubeconfig."
        ) from exc
    return Connection(configuration.host, context, pool, _headers(configuration, options), _trust(configuration))


def _require_certificates(configuration: t.Any) -> None:
    """The connection pool looks at them only when it is used, and then blames the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if configuration.ssl_ca_cert:
        context.load_verify_locations(configuration.ssl_ca_cert)
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)


def _trust(configuration: t.Any) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {"insecure-skip-tls-verify": True} if not configuration.verify_ssl else {}
    if configuration.verify_ssl and configuration.ssl_ca_cert:
        content = Path(configuration.ssl_ca_cert).read_bytes()
        found["certificate-authority-data"] = base64.b64encode(content).decode()
    if configuration.proxy:
        found["proxy-url"] = configuration.proxy
    # since client 26; before, a kubeconfig's tls-server-name has no effect
    if name := getattr(configuration, "tls_server_name", None):
        found["tls-server-name"] = name
    return found


# kubernetes.core's option → attribute of the client's Configuration
_OVERRIDES: t.Final = {
    "host": "host",
    "validate_certs": "verify_ssl",
    "ca_cert": "ssl_ca_cert",
    "client_cert": "cert_file",
    "client_key": "key_file",
    "proxy": "proxy",
    "no_proxy": "no_proxy",
}


def _load(configuration: t.Any, options: t.Mapping[str, t.Any]) -> str | None:
    """Fill the configuration; the name of the context that was used, if one was."""
    kubeconfig, context = options.get("kubeconfig"), options.get("context")
    if kubeconfig == IN_CLUSTER:
        try:
            kubernetes.config.load_incluster_config(client_configuration=configuration)
        except kubernetes.config.ConfigException as exc:
            raise AiopsError(f"The in-cluster identity was asked for, but this is no pod of a cluster: {exc}") from exc
        return None
    if "host" in options and not kubeconfig and not context:
        return None  # everything comes from the options
    source = kubeconfig if isinstance(kubeconfig, dict) else _files(kubeconfig)
    named = "the given kubeconfig" if isinstance(source, dict) else source
    persist = {"persist_config": bool(options.get("persist_config"))}
    try:
        if isinstance(source, dict):
            contexts, active = _contexts(source)
            kubernetes.config.load_kube_config_from_dict(source, context, client_configuration=configuration, **persist)
        else:
            contexts, active = kubernetes.config.list_kube_config_contexts(source)
            _known(context, [fields.get_str(item, "name") for item in contexts], source)
            context = context or _first_current_context(source)
            kubernetes.config.load_kube_config(source, context, client_configuration=configuration, **persist)
    except AiopsError:
        raise
    except Exception as exc:  # the loader lets YAML, base64, exec-plugin, type and file errors of any class through
        if isinstance(exc, (kubernetes.config.ConfigException, OSError)):
            reason = one_line(str(exc), 200)
        else:
            reason = "it is no YAML" if isinstance(exc, yaml.YAMLError) else "it has not the form of one"
        raise AiopsError(
            f"{named} is no kubeconfig that can be used: {reason}. Check it with: kubectl --kubeconfig {named} config view"
        ) from exc
    return context or fields.get_str(active, "name") or None


def _files(kubeconfig: str | None) -> str:
    """The kubeconfig file or, as kubectl allows, several joined by the path separator; at least one must exist."""
    given = kubeconfig or os.environ.get("KUBECONFIG")
    paths = [Path(path).expanduser() for path in (given or "~/.kube/config").split(os.pathsep) if path]
    existing = [str(path) for path in paths if path.exists()]
    if existing:
        return os.pathsep.join(existing)
    if given:
        raise AiopsError(
            f"The kubeconfig {given} does not exist. Give another by aiops_kubeconfig (option kubeconfig) or KUBECONFIG."
        )
    raise AiopsError(
        "No cluster is given: there is no aiops_kubeconfig (option kubeconfig), no K8S_AUTH_KUBECONFIG, no KUBECONFIG and no "
        "~/.kube/config. Set one of them, or diagnose a snapshot with aiops_snapshot."
    )


def _first_current_context(source: str) -> str | None:
    """Of several files the first that names a current context decides, as for kubectl; the client takes the last."""
    paths = source.split(os.pathsep)
    if len(paths) == 1:
        return None
    contents = (yaml.safe_load(Path(path).read_text(encoding="utf-8")) for path in paths)
    return next((name for content in contents if (name := fields.get_str(content, "current-context"))), None)


def _contexts(kubeconfig: t.Mapping[str, t.Any]) -> tuple[list[t.Any], t.Mapping[str, t.Any]]:
    return list(kubeconfig.get("contexts") or []), {"name": kubeconfig.get("current-context")}


def _known(context: str | None, known: t.Sequence[str], source: str) -> None:
    if context is not None and context not in known:
        raise AiopsError(f"The kubeconfig {source} has no context {context!r}; it has: {', '.join(known) or 'none'}.")


_HEADER: t.Final = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")


def _headers(configuration: t.Any, options: t.Mapping[str, t.Any]) -> t.Mapping[str, str]:
    """Who we are, as the client would say it, and on whose behalf."""
    headers = urllib3.HTTPHeaderDict({"User-Agent": _USER_AGENT, "Accept-Encoding": "gzip"})
    for setting in configuration.auth_settings().values():
        if setting.get("in") == "header" and setting.get("value"):
            if not _HEADER.fullmatch(setting["value"]):
                raise AiopsError("The token holds characters that no token has. Log in again, or choose another one.")
            headers[setting["key"]] = setting["value"]
    if "username" in options and "password" in options:
        headers.update(urllib3.util.make_headers(basic_auth=f"{options['username']}:{options['password']}"))
    if "impersonate_user" in options:
        headers["Impersonate-User"] = options["impersonate_user"]
    for group in options.get("impersonate_groups") or ():
        headers.add("Impersonate-Group", group)
    return headers


def _unreachable(connection: Connection, exc: Exception) -> str:
    """Why nobody answers, in words; the client's own text is long and names its Python objects."""
    text = str(exc)
    reason = next((words for sign, words in _REASONS if sign in text), text.rsplit(": ", 1)[-1])
    return (
        f"The API server {connection.server} ({connection.named}) can't be reached: {reason}. "
        "Check the address and the network, or choose another context."
    )


_REASONS: t.Final = (
    ("CERTIFICATE_VERIFY_FAILED", "its certificate does not verify against the given CA"),
    ("WRONG_VERSION_NUMBER", "it does not speak TLS"),
    ("Connection refused", "connection refused"),
    ("timed out", "no answer in time"),
    ("Name or service not known", "its name is not known"),
    ("Temporary failure in name resolution", "its name can't be resolved"),
    ("nodename nor servname", "its name is not known"),
    ("No route to host", "no route to host"),
    ("Network is unreachable", "the network is unreachable"),
)


def _status(body: bytes) -> tuple[str, bool]:
    """The message of the Status object that the server answers with, and whether it names causes."""
    try:
        status = json.loads(body)
    except ValueError:
        return body[:200].decode(errors="replace").strip(), False
    return fields.get_str(status, "message"), bool(fields.get_list(status, "details", "causes"))
