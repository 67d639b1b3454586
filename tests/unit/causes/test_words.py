# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runtimes, libraries and servers of many languages write before they end, put into one recorded crash: which cause it is,
and that it is no more than probable as long as the container's spec says nothing to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes import judge
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Log, LogRequest
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.finding import Finding
from ansible_collections.aiops.kubernetes.tests.unit.causes.recorded import objects_of, recorded

RECORDED = recorded("application-error--api")
NAMESPACE = RECORDED.objects["Pod"][0]["metadata"]["namespace"]
SETTINGS, FILES, PORT, MEMORY, OTHER = (
    "configuration-invalid",
    "filesystem-not-writable",
    "port-in-use",
    "child-process-oom-killed",
    "application-error",
)
MISSING = [
    "KeyError: 'DATABASE_URL'",
    'key not found: "DATABASE_URL" (KeyError)',
    "panic: required key DATABASE_URL missing value",
    'env: required environment variable "DATABASE_URL" is not set',
    "Error: Missing required environment variable: DATABASE_URL",
    "Error: DATABASE_URL is not defined",
    "FATAL: environment variable DATABASE_URL must be set",
    "DATABASE_URL environment variable is required",
    "[error] DATABASE_URL: required but missing",
    "sh: 1: DATABASE_URL: parameter not set",
    "/entrypoint.sh: line 4: DATABASE_URL: unbound variable",
    "sh: DATABASE_URL: please name a database",
    "java.lang.IllegalArgumentException: Could not resolve placeholder 'DATABASE_URL' in value \"${DATABASE_URL}\"",
    'PHP Warning:  Undefined array key "DATABASE_URL" in /app/index.php on line 3',
    "You must specify DATABASE_URL for the superuser.",
    "Please set the DATABASE_URL variable and start again",
    "config: no value for DATABASE_URL",
    "thread 'main' panicked at src/main.rs:4:38: DATABASE_URL not set: NotPresent",
    '** (System.EnvError) could not fetch environment variable "DATABASE_URL" because it is not set',
    'Environment variable not found: "DATABASE_URL".',
]
FILES_OF_SETTINGS = [
    "configparser.NoSectionError: No section: 'smtp'",
    'nginx: [emerg] unknown directive "servre" in /etc/nginx/nginx.conf:3',
    "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***",
    'FATAL:  configuration file "/etc/postgresql.conf" contains errors',
    "Error loading config (--config.file=/etc/prometheus.yml): yaml: unmarshal errors",
    "failed to parse configuration: toml: line 3: expected key separator '='",
    "[ALERT] (1) : config : Error(s) found in configuration file : /etc/haproxy.cfg",
    "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings",
    "ConfigException: Missing required configuration `zookeeper.connect` which has no default value.",
    "io.helidon.config.MissingValueException: Requested value for configuration key 'db.url' is not present in the configuration.",
    'level=fatal msg="bad crontab line: 0 25 * * * /usr/local/bin/rotate"',
    "AirflowException: Could not create Fernet object: Fernet key must be 32 url-safe base64-encoded bytes.",
    "Failed to bind properties under 'expiry.batch-size' to int:",
    "2026-11-27T06:22:00.711283Z 0 [ERROR] [MY-000067] [Server] unknown variable 'query_cache_size=64M'.",
    "rails/application.rb:652:in `validate_secret_key_base': Missing `secret_key_base` for 'production' environment (ArgumentError)",
]
NOT_WRITABLE = [
    "OSError: [Errno 30] Read-only file system: '/srv/cache'",
    "Error: EROFS: read-only file system, mkdir '/srv/cache'",
    "open /srv/cache/x: read-only file system",
    "java.io.FileNotFoundException: /srv/cache/x (Read-only file system)",
    "touch: cannot touch '/srv/cache': Read-only file system",
    "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/usr/tmp', '/']",
    "/srv/start.sh: line 3: /srv/cache: Read-only file system",
    "Errno::EROFS: Read-only file system @ rb_sysopen - /srv/cache",
    "PermissionError: [Errno 13] Permission denied: '/srv/cache'",
    "Error: EACCES: permission denied, open '/srv/cache/x'",
    "mkdir /srv/cache: permission denied",
    "java.nio.file.AccessDeniedException: /srv/cache",
    "System.UnauthorizedAccessException: Access to the path '/srv/cache' is denied.",
    "mkdir: can't create directory '/srv/cache': Permission denied",
    "/gems/puma/launcher.rb:258:in `initialize': Permission denied @ rb_sysopen - /srv/cache (Errno::EACCES)",
]
FULL = [
    "Failed to sync: write /srv/cache/a.partial: no space left on device",
    "OSError: [Errno 28] No space left on device: '/srv/cache/a'",
    "java.io.IOException: No space left on device",
    "Error: ENOSPC: no space left on device, write",
]
TAKEN = [
    "OSError: [Errno 98] Address already in use",
    "Error: listen EADDRINUSE: address already in use :::8080",
    "listen tcp :8080: bind: address already in use",
    "java.net.BindException: Address already in use (Bind failed)",
    "Web server failed to start. Port 8080 was already in use.",
    "bind() to 0.0.0.0:80 failed (98: Address already in use)",
    "Could not create server TCP listening socket *:6379: bind: Address already in use",
    "Failed to listen on 0.0.0.0:8000 (reason: Address already in use)",
    "Port 8080 seems to be in use by another process. Quarkus may already be running",
    "[ERROR] Connection in use: ('0.0.0.0', 8000)",
    "Only one usage of each socket address (protocol/network address/port) is normally permitted",
]
CHILD = [
    "[ERROR] Worker (pid:7) was sent SIGKILL! Perhaps out of memory?",
    "DAMN ! worker 1 (pid: 9) died, killed by signal 9 :( trying respawn ...",
    "worker process 29 exited on signal 9",
    "server process (PID 12) was terminated by signal 9: Killed",
    "billiard.exceptions.WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL) Job: 0.",
    "concurrent.futures.process.BrokenProcessPool: A process in the process pool was terminated abruptly",
]
NOTHING = [
    'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
    "panic: runtime error: index out of range [3] with length 3",
    "KeyError: 'EUR'",
    "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'express' imported from /app/index.js",
    "ERROR: permission denied for table orders",
    "nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)",
    "git@example.com: Permission denied (publickey).",
    "dial unix /var/run/docker.sock: connect: permission denied",
    "listen unix /run/app.sock: bind: address already in use",
    "DEBUG is set, LOG_LEVEL is info",
    "WARN: CACHE_URL is not set, using the default",
    "2026-11-27 00:28:20 INFO  [main] Hostname settings: BASE_URL: <unset>, strict",
    '{"level":"info","msg":"CACHE_URL is not set"}',
    "Loading configuration from /etc/app/config.yml",
    "could not write /srv/cache: permission denied, continuing without",
    "thread 'main' panicked at src/main.rs:4: index out of bounds",
    "ValueError: the ledger is out of balance",
    "Error: ENOSPC: System limit for number of file watchers reached, watch '/srv/app'",
    'could not resize shared memory segment "/PostgreSQL.12" to 8388608 bytes: No space left on device',
]
WORDS = [
    *((line, SETTINGS) for line in (*MISSING, *FILES_OF_SETTINGS)),
    *((line, FILES) for line in (*NOT_WRITABLE, *FULL)),
    *((line, PORT) for line in TAKEN),
    *((line, MEMORY) for line in CHILD),
    *((line, OTHER) for line in NOTHING),
]


def ended_with(
    line: str,
    before: str = "starting",
    volumes: Sequence[Any] = (),
    config_maps: Sequence[Any] = (),
    services: Sequence[Any] = (),
    exit_code: int = 1,
    **spec: Any,
) -> Finding:
    """What is found where the recorded container had said that and ended; ``spec`` adds to its spec."""
    objects = objects_of(RECORDED)
    [pod] = objects["Pod"]
    pod["spec"]["containers"][0] |= {"resources": {"limits": {"memory": "64Mi"}}, **spec}
    pod["spec"]["volumes"] = list(volumes)
    for state in ("state", "lastState"):
        pod["status"]["containerStatuses"][0][state].get("terminated", {})["exitCode"] = exit_code
    objects["ConfigMap"] = list(config_maps)
    objects |= {"ReplicaSet": [], "Service": list(services)}
    name = pod["metadata"]["name"]
    logs = {
        LogRequest(pod["metadata"]["namespace"], name, "server", run): Log(f"{before}\n{line}\n")
        for run in (True, False)
    }
    [finding] = judge.find(dataclasses.replace(RECORDED, objects=objects, logs=logs))
    return finding


@pytest.mark.parametrize(("line", "cause"), WORDS, ids=[line[:60] for line, _cause in WORDS])
def test_a_log_makes_a_cause_probable(line: str, cause: str) -> None:
    finding = ended_with(line)
    assert (finding.cause, finding.confidence) == (cause, "confirmed" if cause == OTHER else "probable")


@pytest.mark.parametrize("line", MISSING)
def test_a_variable_that_is_set_is_not_missing(line: str) -> None:
    assert ended_with(line, env=[{"name": "DATABASE_URL", "value": "postgres://ledger"}]).cause == OTHER


@pytest.mark.parametrize("line", MISSING)
def test_a_slip_of_the_pen_confirms_it(line: str) -> None:
    finding = ended_with(line, env=[{"name": "DATABSE_URL", "value": "postgres://ledger"}])
    assert (finding.cause, finding.confidence) == (SETTINGS, "confirmed")
    assert [each.what for each in finding.candidates] == ["variable DATABSE_URL"]


NO_FILE = [
    'open() "/etc/app/app.conf" failed (2: No such file or directory)',
    "FileNotFoundError: [Errno 2] No such file or directory: '/etc/app/app.conf'",
    "Error: ENOENT: no such file or directory, open '/etc/app/app.conf'",
    "open /etc/app/app.conf: no such file or directory",
    "java.io.FileNotFoundException: /etc/app/app.conf (No such file or directory)",
    "java.nio.file.NoSuchFileException: /etc/app/app.conf",
    "fatal: settings file /etc/app/app.conf does not exist",
    "cannot find /etc/app/app.conf",
]


def ended_over_a_file(line: str, *keys: str, **spec: Any) -> Finding:
    """What is found where a ConfigMap with these keys lies on /etc/app, and the container ended with that line."""
    settings = {"metadata": {"namespace": NAMESPACE, "name": "settings"}, "keys": list(keys)}
    mounts = [{"name": "settings", "mountPath": "/etc/app"}]
    volumes = [{"name": "settings", "configMap": {"name": "settings", **spec.pop("volume", {})}}]
    return ended_with(line, volumes=volumes, config_maps=[settings], **{"volumeMounts": mounts, **spec})


@pytest.mark.parametrize("line", NO_FILE)
def test_a_file_that_a_config_map_does_not_have_is_missing(line: str) -> None:
    finding = ended_over_a_file(line, "app.cfg", "log.conf")
    assert (finding.cause, finding.confidence) == (SETTINGS, "confirmed")
    assert "app.cfg, log.conf" in str(finding.evidence)
    assert [each.what for each in finding.candidates] == ["key app.cfg"]


@pytest.mark.parametrize("line", NO_FILE)
def test_a_file_that_a_secret_does_not_have_is_missing(line: str) -> None:
    """Nobody reads which keys a Secret has: that it lies there is the proof."""
    secret = {"secretName": "deploy-key"}
    for source, called in (({"secret": secret}, "Secret deploy-key"), ({"projected": {}}, "projected volume key")):
        volumes = [{"name": "key", **source}]
        finding = ended_with(line, volumes=volumes, volumeMounts=[{"name": "key", "mountPath": "/etc/app"}])
        assert (finding.cause, finding.confidence) == (SETTINGS, "confirmed")
        assert f"app.conf is not there: {called} lies on /etc/app and has no app.conf" in finding.summary


@pytest.mark.parametrize(("file", "missing"), [("app.conf", False), ("app.cfg", True)])
def test_a_file_that_the_volume_of_a_secret_names_is_there(file: str, missing: bool) -> None:
    secret = {"secretName": "deploy-key", "items": [{"key": "one", "path": file}]}
    mounts = [{"name": "key", "mountPath": "/etc/app"}]
    finding = ended_with(NO_FILE[3], volumes=[{"name": "key", "secret": secret}], volumeMounts=mounts)
    assert ("app.conf is not there" in finding.summary) is missing
    assert [each.what for each in finding.candidates] == ["key app.cfg"] * missing


@pytest.mark.parametrize("line", NO_FILE)
@pytest.mark.parametrize(
    ("keys", "spec"),
    [
        (["app.conf"], {}),
        (["one"], {"volume": {"items": [{"key": "one", "path": "app.conf"}]}}),
        (["one"], {"volume": {"items": [{"key": "one", "path": "app.conf/one"}]}}),
        ([], {}),
        (["one"], {"command": ["/etc/app/app.conf"]}),
        (["one"], {"command": ["python3", "/etc/app/app.conf"]}),
    ],
)
def test_a_file_that_is_there_or_is_run_is_no_missing_setting(line: str, keys: list[str], spec: Any) -> None:
    assert "is not there" not in ended_over_a_file(line, *keys, **spec).summary


@pytest.mark.parametrize(
    "line",
    [
        "IsADirectoryError: [Errno 21] Is a directory: '/etc/app/app.conf'",
        "Error: EISDIR: illegal operation on a directory, read '/etc/app/app.conf'",
        "read /etc/app/app.conf: is a directory",
        'nginx: [crit] pread() "/etc/app/app.conf" failed (21: Is a directory)',
    ],
)
@pytest.mark.parametrize("key", ["app.cfg", "app.conf"])
def test_a_sub_path_that_a_config_map_does_not_have_is_a_folder(line: str, key: str) -> None:
    mounts = [{"name": "settings", "mountPath": "/etc/app/app.conf", "subPath": "app.conf"}]
    finding = ended_over_a_file(line, key, volumeMounts=mounts)
    has_none = "is an empty folder: ConfigMap settings has no app.conf" in finding.summary
    assert (finding.cause == SETTINGS, has_none) == (key != "app.conf", key != "app.conf")


@pytest.mark.parametrize(
    ("line", "cause"), [("listen tcp :8080: bind: address already in use", PORT), (MISSING[3], SETTINGS)]
)
def test_a_runtime_that_aborts_over_an_error_tells_which(line: str, cause: str) -> None:
    assert ended_with(line, exit_code=134).cause == cause


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("Unhandled exception. Acme.Torn: torn", OTHER),
        ("thread 'main' panicked at src/main.rs:4:38:", OTHER),
        ("free(): invalid pointer", "native-crash"),
    ],
)
def test_an_abort_is_a_crash_where_no_runtime_tells_its_error(line: str, cause: str) -> None:
    """.NET and Rust abort over an error of the program (exit code 134), and so does the C library over a broken heap."""
    finding = ended_with("Aborted (core dumped)", before=line, exit_code=134)
    assert (finding.cause, finding.summary.endswith(f"its last words: {line}")) == (cause, True)


REFUSED = (
    'error retrieving resource lock shop/operator: leases.coordination.k8s.io is forbidden: User "system:serviceaccount:shop:operator" '
    'cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "shop"'
)


@pytest.mark.parametrize(
    ("after", "cause"),
    [
        ("problem running manager: leader election lost", "rbac-denied"),
        ("ValueError: the ledger is out of balance", OTHER),
    ],
)
def test_what_the_server_refuses_ends_a_program_that_says_so(after: str, cause: str) -> None:
    assert ended_with(after, before=REFUSED).cause == cause


def test_what_a_program_goes_on_without_is_not_what_ends_it() -> None:
    line = 'nginx: [emerg] unknown directive "servre" in /etc/app/site.conf:3'
    finding = ended_over_a_file(line, "site.conf", before="info: /etc/app/app.conf is not a file or does not exist")
    assert (finding.cause, "unknown directive" in str(finding.evidence)) == (SETTINGS, True)
    assert "app.conf" not in finding.summary


def test_settings_that_another_host_does_not_give_are_no_fault_of_theirs() -> None:
    assert (
        ended_with("Failed to read config from http://config:8888: connection refused").cause
        == "dependency-unavailable"
    )


def test_no_value_of_a_variable_is_shown() -> None:
    finding = ended_with("DATABASE_URL is not set", env=[{"name": "DATABSE_URL", "value": "postgres://ledger"}])
    assert "postgres" not in str(finding.as_json())


@pytest.mark.parametrize("line", NOT_WRITABLE[:8])
def test_a_read_only_root_confirms_it(line: str) -> None:
    finding = ended_with(line, securityContext={"readOnlyRootFilesystem": True})
    assert (finding.cause, finding.confidence) == (FILES, "confirmed")


def test_settings_that_it_could_not_use_for_want_of_a_file_to_write_are_well() -> None:
    before = "ERROR: failed to open error_log (/srv/fpm.log): Read-only file system (30)"
    security = {"readOnlyRootFilesystem": True}
    finding = ended_with("ERROR: failed to post process the configuration", before, securityContext=security)
    assert (finding.cause, "/srv/fpm.log" in finding.summary) == (FILES, True)


@pytest.mark.parametrize("line", FULL)
def test_a_full_volume_of_a_known_size_confirms_it(line: str) -> None:
    volumes = [{"name": "cache", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}]
    mounts = [{"name": "cache", "mountPath": "/srv/cache"}]
    finding = ended_with(line, volumes=volumes, volumeMounts=mounts, workingDir="/srv/cache")
    assert (finding.cause, finding.confidence) == (FILES, "confirmed")
    assert finding.summary.endswith("no space is left in the volume at /srv/cache, an emptyDir of 16Mi")


@pytest.mark.parametrize("line", FULL)
def test_a_full_claim_is_only_probable(line: str) -> None:
    volumes = [{"name": "cache", "persistentVolumeClaim": {"claimName": "cache"}}]
    mounts = [{"name": "cache", "mountPath": "/srv/cache"}]
    finding = ended_with(line, volumes=volumes, volumeMounts=mounts, workingDir="/srv/cache")
    assert (finding.cause, finding.confidence) == (FILES, "probable")
    assert finding.summary.endswith("no space is left in the volume at /srv/cache")


@pytest.mark.parametrize("line", NOT_WRITABLE[8:])
def test_another_user_confirms_it(line: str) -> None:
    finding = ended_with(line, securityContext={"runAsUser": 1000})
    assert (finding.cause, finding.confidence) == (FILES, "confirmed")
    assert "can't use /srv/cache" in finding.summary


def test_settings_that_it_has_no_right_to_are_well() -> None:
    line = 'postgres: could not access the server configuration file "/srv/data/postgresql.conf": Permission denied'
    finding = ended_with(line, securityContext={"runAsUser": 999})
    assert (finding.cause, finding.confidence) == (FILES, "confirmed")


BIND = """Traceback (most recent call last):
  File "/usr/lib/python3.11/socketserver.py", line 472, in server_bind
    self.socket.bind(self.server_address)
PermissionError: [Errno 13] Permission denied"""
OPEN = """Traceback (most recent call last):
  File "/srv/report.py", line 3, in <module>
    open("pages.db", "w")
    ^^^^^^^^^^^^^^^^^^^^^
PermissionError: [Errno 13] Permission denied"""


@pytest.mark.parametrize(("trace", "cause"), [(BIND, OTHER), (OPEN, "filesystem-not-writable")], ids=["bind", "open"])
def test_a_trace_tells_what_was_refused(trace: str, cause: str) -> None:
    before, _end, line = trace.rpartition("\n")
    assert ended_with(line, before=before, securityContext={"runAsUser": 1000}, workingDir="/srv").cause == cause


@pytest.mark.parametrize("path", ["/config/app.conf", "/etc/settings.d/app.conf"])
@pytest.mark.parametrize(
    ("mount", "keys", "place"),
    [
        ({"mountPath": "/confg"}, ["app.conf"], "/confg/app.conf"),
        ({"mountPath": "/etc/app/app.conf", "subPath": "app.conf"}, ["app.conf", "log.conf"], "/etc/app/app.conf"),
        ({"mountPath": "/confg"}, ["app.cfg"], None),
    ],
)
def test_a_file_that_is_mounted_elsewhere(path: str, mount: dict[str, str], keys: list[str], place: str | None) -> None:
    line = f"cat: can't open '{path}': No such file or directory"
    finding = ended_over_a_file(line, *keys, volumeMounts=[{"name": "settings", **mount}])
    assert (finding.cause, finding.confidence) == (SETTINGS, "confirmed" if place else "probable")
    assert [each.what for each in finding.candidates] == ([place] if place else [])
    assert f"{path} is not there" in finding.summary
    later = ended_over_a_file(f"{line}\nError: torn", *keys, volumeMounts=[{"name": "settings", **mount}])
    assert later.confidence != "confirmed" or later.cause == OTHER


QUOTED = [
    "ValueError: invalid literal for int() with base 10: '\"9100\"'",
    'panic: strconv.Atoi: parsing "\\"9100\\"": invalid syntax',
]


@pytest.mark.parametrize("line", QUOTED)
def test_a_value_that_the_program_quotes_is_found_among_the_variables(line: str) -> None:
    finding = ended_with(line, env=[{"name": "LISTEN", "value": '"9100"'}, {"name": "LEVEL", "value": "info"}])
    assert (finding.cause, finding.confidence) == (SETTINGS, "confirmed")
    assert "LISTEN" in finding.summary
    assert ended_with(line, env=[{"name": "LISTEN", "value": "9200"}]).cause == OTHER
    later = f"{line}\nsetting 1 is used\nError: the ledger is out of balance"
    assert ended_with(later, env=[{"name": "LISTEN", "value": '"9100"'}]).cause == OTHER
    twice = [{"name": name, "value": '"9100"'} for name in ("LISTEN", "METRICS")]
    assert ended_with(line, env=twice).cause == OTHER


@pytest.mark.parametrize("mounted", [True, False])
@pytest.mark.parametrize(
    ("line", "with_it"),
    [
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/var/run/secrets/kubernetes.io/serviceaccount/token'",
            (OTHER, "confirmed"),
        ),
        (
            "The connection to the server localhost:8080 was refused - did you specify the right host or port?",
            ("dependency-unavailable", "probable"),
        ),
    ],
)
def test_a_token_that_the_pod_shall_not_have(line: str, with_it: tuple[str, str], mounted: bool) -> None:
    mounts = [{"name": "token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}] if mounted else []
    finding = ended_with(line, volumeMounts=mounts)
    assert (finding.cause, finding.confidence) == (with_it if mounted else (SETTINGS, "confirmed"))


UNFILLED = [
    ("$(DB_HOST)", 'could not translate host name "$(DB_HOST)" to address: Name or service not known'),
    ("{{ .Values.db.host }}", "dial tcp: lookup {{ .Values.db.host }}: no such host"),
    ("${DB_PORT}", "ValueError: invalid literal for int() with base 10: '${DB_PORT}'"),
]


@pytest.mark.parametrize(("word", "line"), UNFILLED)
def test_a_placeholder_that_nobody_filled_is_told(word: str, line: str) -> None:
    finding = ended_with(line, env=[{"name": "DATABASE_URL", "value": f"postgres://{word}/ledger"}])
    assert (finding.cause, finding.confidence) == (SETTINGS, "confirmed")
    assert f"because {word} stands where a value should, in variable DATABASE_URL" in finding.summary
    assert ended_with(line).confidence == "probable"
    assert ended_with(f"INFO: format is {word}").cause == OTHER


TAKEN_FOR_A_PORT = 'env CACHE_PORT: strconv.Atoi: parsing "tcp://10.96.7.7:6379": invalid syntax'


@pytest.mark.parametrize(
    ("address", "spec", "confirmed"),
    [
        ("10.96.7.7", {}, True),
        ("10.96.7.8", {}, False),
        ("10.96.7.7", {"env": [{"name": "CACHE_PORT", "value": "tcp://10.96.7.7:6379"}]}, False),
    ],
)
def test_a_variable_that_kubernetes_sets_for_a_service_is_told(address: str, spec: Any, confirmed: bool) -> None:
    service = {"metadata": {"namespace": NAMESPACE, "name": "cache"}, "spec": {"clusterIP": address}}
    finding = ended_with(TAKEN_FOR_A_PORT, services=[service], **spec)
    assert ("which Kubernetes sets for Service" in finding.summary) is confirmed
    assert (finding.cause, finding.confidence == "confirmed") == (SETTINGS, True) or not confirmed
    refused = ended_with("connect to tcp://10.96.7.7:6379: connection refused", services=[service])
    assert "which Kubernetes sets" not in refused.summary


def test_a_key_of_the_data_is_no_variable() -> None:
    assert ended_with("KeyError: 'REGION'", before='  File "<frozen os>", line 679, in __getitem__').cause == SETTINGS
    assert ended_with("KeyError: 'REGION'").cause == OTHER


@pytest.mark.parametrize(
    ("command", "code", "timed"),
    [
        (["timeout", "15", "serve"], 124, True),
        (["sh", "-c", "cd /srv; exec timeout -s INT 15 serve"], 124, True),
        (["timeout", "15", "serve"], 1, False),
        (["serve", "--timeout=15"], 124, False),
    ],
)
def test_a_timeout_in_the_command_is_told(command: list[str], code: int, timed: bool) -> None:
    finding = ended_with("GET / 200", exit_code=code, command=command)
    assert finding.cause == OTHER
    assert ("the timeout in its own command" in finding.summary) is timed
    assert ("runs it under timeout" in finding.explanation) is timed


HOST, URL = {"name": "CACHE_HOST", "value": "cache"}, {"name": "CACHE_URL", "value": "redis://$(CACHE_HOST):6379/0"}
OTHERS = {"name": "CACHE_URL", "value": "redis://$(CACHE_SERVICE_HOST):6379/0"}
ESCAPED = {"name": "CACHE_URL", "value": "redis://$$(CACHE_HOST):6379/0"}


@pytest.mark.parametrize(
    ("env", "more", "cause"),
    [
        ([URL, HOST], {}, SETTINGS),
        ([URL], {}, SETTINGS),
        ([HOST, URL], {}, "dns-resolution-failed"),
        ([OTHERS], {}, "dns-resolution-failed"),
        ([ESCAPED, HOST], {}, "dns-resolution-failed"),
        ([URL], {"envFrom": [{"secretRef": {"name": "cache"}}]}, "dns-resolution-failed"),
        ([URL, HOST], {"envFrom": [{"secretRef": {"name": "cache"}}]}, SETTINGS),
    ],
)
def test_a_variable_that_stands_below_is_not_filled_in(env: list[Any], more: dict[str, Any], cause: str) -> None:
    """The kubelet leaves $(NAME) as it is, and the program takes it for a host, which few clients name."""
    finding = ended_with(
        "could not connect to cache, exiting", "error: [Errno -2] Name or service not known", env=env, **more
    )
    assert finding.cause == cause
    assert ("$(CACHE_HOST) stands where a value should, in variable CACHE_URL" in finding.summary) is (
        cause == SETTINGS
    )
    assert cause != SETTINGS or finding.confidence == "confirmed"
