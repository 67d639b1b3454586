# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One case of the loop: a namespace with a failing workload, a folder of records, and our playbooks run on both."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import kubernetes.config
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import ResourceNotFoundError

from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.frontend import detect
from ansible_collections.aiops.kubernetes.plugins.module_utils._ansible.recording import somebody
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.live import LiveReader
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.writer import GuardedWriter
from ansible_collections.aiops.kubernetes.plugins.module_utils._model import moments
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.evidence import Scope
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.record import Record
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.signing import sign
from ansible_collections.aiops.kubernetes.plugins.module_utils._records.store import Store, new_id
from ansible_collections.aiops.kubernetes.plugins.module_utils._reports.phr import page
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.apply import apply
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.audit import inspect
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.decide import Voice, ask, decide
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.diagnose import diagnose
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.propose import Proposal, Site, propose
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.roll_back import roll_back
from ansible_collections.aiops.kubernetes.plugins.module_utils._usecases.verify import first_gate
from ansible_collections.aiops.kubernetes.tests.loop.audit import AuditLog
from ansible_collections.aiops.kubernetes.tests.loop.killing import at_once, kill_tree, somebody_waits_for
from ansible_collections.aiops.kubernetes.tests.loop.workloads import NAME, Json
from ansible_collections.aiops.kubernetes.tests.unit.records.trusted import IDENTITIES, Keys, commit_trust

BIN: Final = Path(sys.executable).parent
LIMIT_SECONDS: Final = 180.0
# Both are operators and of security; the first is whoever runs the tests.
SIGNERS: Final = ("alice", "bob")
JUSTIFICATION: Final = "seen in the log, the former one was good"
# What would make our own front end think that nobody sits at the terminal.
_MACHINES: Final = (
    "CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "BUILDKITE", "TEAMCITY_VERSION",
    "AWX_PRIVATE_DATA_DIR", "AWX_ISOLATED_DATA_DIR", "RUNNER_OMIT_EVENTS",
)  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    status: int
    output: str
    seconds: float


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)


def person_environment() -> dict[str, str]:
    """The environment of a person at a terminal, who named no cluster."""
    foreign = (*_MACHINES, "KUBECONFIG", "K8S_AUTH_KUBECONFIG")
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    require(detect("auto", kept, is_terminal=True) == "terminal", "the environment still looks like a machine's")
    return {**kept, "PATH": f"{BIN}{os.pathsep}{kept.get('PATH', os.defpath)}", "ANSIBLE_NOCOLOR": "1"}


@dataclass
class Case:
    """``folder`` holds the records and what else a run leaves."""

    kubeconfig: Path
    namespace: str
    folder: Path
    measured: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        path = self.kubeconfig.parent / "audit.log"
        self._audited_before = path.stat().st_size if path.exists() else 0

    @cached_property
    def client(self) -> DynamicClient:
        return DynamicClient(kubernetes.config.new_client_from_config(str(self.kubeconfig)))

    @cached_property
    def audit(self) -> AuditLog:
        path = self.kubeconfig.parent / "audit.log"
        require(
            path.exists(), "no audit log beside the kubeconfig: name a cluster that tests/cluster/cluster.py started"
        )
        return AuditLog(path, self._audited_before)

    @cached_property
    def reader(self) -> LiveReader:
        return LiveReader(connect({"kubeconfig": str(self.kubeconfig)}))

    @cached_property
    def writer(self) -> GuardedWriter:
        return GuardedWriter(connect({"kubeconfig": str(self.kubeconfig)}))

    @property
    def phr_dir(self) -> Path:
        return self.folder / "records"

    @property
    def store(self) -> Store:
        return Store(self.phr_dir, page)

    # the cluster

    def open(self) -> None:
        self._kind("Namespace").create(body={"metadata": {"name": self.namespace}})
        self.wait(lambda: self._get("ServiceAccount", "default") is not None, "a default ServiceAccount")

    def close(self) -> None:
        """Its pods go at once: what they do with their time to end is nobody's concern any more."""
        self._kind("Namespace").delete(name=self.namespace)
        self._kind("Pod").delete(
            namespace=self.namespace, grace_period_seconds=0, field_selector=f"metadata.namespace={self.namespace}"
        )

    def apply(self, *objects: Json, manager: str = "somebody") -> None:
        """As somebody else, who is not this collection."""
        for json_object in objects:
            kind = self._kind(json_object["kind"], json_object["apiVersion"])
            kind.server_side_apply(body=json_object, field_manager=manager, force_conflicts=True, **self._place(kind))

    def patch(self, operations: Sequence[Json]) -> Json:
        """A JSON patch of the Deployment, as somebody else; the Deployment after it."""
        answer = self._kind("Deployment", "apps/v1").patch(
            body=list(operations),
            name=NAME,
            namespace=self.namespace,
            content_type="application/json-patch+json",
            field_manager="somebody",
        )
        found: Json = answer.to_dict()
        return found

    def delete(self) -> None:
        """Take the Deployment and its pods away, as somebody else."""
        self._kind("Deployment", "apps/v1").delete(name=NAME, namespace=self.namespace)
        self.wait(lambda: self._get("Deployment", NAME, "apps/v1") is None, "the Deployment to be gone")

    def live(self) -> Json:
        return self._get("Deployment", NAME, "apps/v1") or {}

    def get(self, kind: str, name: str) -> Json:
        """Any object, or an empty one."""
        version = "apps/v1" if kind in {"Deployment", "StatefulSet", "DaemonSet"} else "v1"
        return self._get(kind, name, version) or {}

    def all_of(self, kind: str, version: str = "v1") -> list[Json]:
        answer = self._kind(kind, version).get(namespace=self.namespace, serialize=False)
        found: list[Json] = json.loads(answer.data)["items"]
        return found

    def serves(self, version: str, kind: str) -> bool:
        """Whether the server knows this kind by now."""
        try:
            self._kind(kind, version)
        except ResourceNotFoundError:
            return False
        return True

    def remove(self, kind: str, name: str, version: str = "v1") -> None:
        resource = self._kind(kind, version)
        resource.delete(name=name, **self._place(resource))
        self.wait(lambda: self._get(kind, name, version) is None, f"{kind} {name} to be gone")

    def free(self, kind: str, name: str) -> None:
        """Take its finalizers away."""
        self.merge(kind, name, {"metadata": {"finalizers": None}})

    def annotate(self, kind: str, name: str, annotations: Mapping[str, str]) -> None:
        self.merge(kind, name, {"metadata": {"annotations": dict(annotations)}})

    def merge(self, kind: str, name: str, body: Json) -> None:
        """A merge patch, as somebody else."""
        resource = self._kind(kind)
        resource.patch(body=body, name=name, content_type="application/merge-patch+json", **self._place(resource))

    def writer_of(self, name: str, *verbs: str) -> GuardedWriter:
        """The writer of an identity that may do only this to the pods of the namespace."""
        group, user = "rbac.authorization.k8s.io", f"{self.namespace}-{name}"
        common: Json = {"apiVersion": f"{group}/v1", "metadata": {"name": name}}
        rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}]
        of = {"apiGroup": group, "kind": "Role", "name": name}
        subjects = [{"apiGroup": group, "kind": "User", "name": user}]
        binding = {**common, "kind": "RoleBinding", "roleRef": of, "subjects": subjects}
        self.apply({**common, "kind": "Role", "rules": rules}, binding)
        return GuardedWriter(connect({"kubeconfig": str(self.kubeconfig), "impersonate_user": user}))

    def pods(self) -> list[Json]:
        """All that are not on their way out."""
        answer = self._kind("Pod").get(namespace=self.namespace, serialize=False)
        pods: list[Json] = json.loads(answer.data)["items"]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def node(self) -> Json:
        found: Json = json.loads(self._kind("Node").get(serialize=False).data)["items"][0]
        return found

    def spec(self) -> str:
        """The Deployment's spec, as bytes can be compared."""
        return json.dumps(self.live()["spec"], sort_keys=True)

    def wait(self, done: Callable[[], bool], what: str, seconds: float = 150) -> float:
        """How many seconds it took."""
        began = time.monotonic()
        while not done():
            require(time.monotonic() - began < seconds, f"{self.namespace}: waited {seconds:.0f} s in vain for {what}")
            time.sleep(0.2)
        return time.monotonic() - began

    def wait_for(self, cause: str) -> None:
        """Until exactly this is what fails, for long enough that the next look sees it, too."""
        since: list[float] = []

        def settled() -> bool:
            findings = diagnose(self.reader, Scope((self.namespace,))).findings
            roots = [finding.cause for finding in findings if finding.caused_by is None]
            since[:] = [*since, time.monotonic()] if roots == [cause] else []
            time.sleep(1)
            return bool(since) and since[-1] - since[0] > 1

        self.wait(settled, f"the finding {cause}")

    # the records

    def propose(self, candidate: str | None = None) -> Proposal:
        """What is proposed for the only root finding, as `diagnose` with aiops_propose does."""
        diagnosis = diagnose(self.reader, Scope((self.namespace,)))
        [finding] = [finding.id for finding in diagnosis.findings if finding.caused_by is None]
        candidates = {finding: candidate} if candidate else {}
        [proposal] = propose(
            Site(self.reader, self.writer, self.store, somebody(), new_id), diagnosis, [finding], candidates
        )
        return proposal

    def plan(self, candidate: str | None = None) -> Record:
        """The record of the plan for the only root finding."""
        proposal = self.propose(candidate)
        require(proposal.phr is not None, f"there is no plan: {proposal}")
        return self.store.load(str(proposal.phr))

    def approved(self, candidate: str | None = None) -> Record:
        """A plan with a person's approval, taken without the prompt, which other tests are about."""
        return self.approve(self.plan(candidate))

    def approve(self, record: Record) -> Record:
        """By the user at a terminal or, where the tier asks for more, by two persons' signatures; other tests are about who counts."""
        if record.state(moments.now()) == "approved":  # by the policy
            return record
        record = ask(self.store, record.id, somebody("terminal"), moments.now())
        if record.rule.proof == "terminal":
            record = decide(self.store, record, "approve", somebody("terminal"), JUSTIFICATION)
        else:
            self._trust_signers()
            for name in SIGNERS:
                record = decide(self.store, record, "approve", self._signer(name), JUSTIFICATION)
        require(record.state(moments.now()) == "approved", f"{record.id} is {record.state(moments.now())}")
        return record

    def applied(self) -> Record:
        """An approved plan, applied, without waiting for what comes of it."""
        return self.apply_plan(self.approved())

    def carry_out(self, record: Record, afterwards: Callable[[], None] = lambda: None) -> Record:
        """An approved plan, applied and watched until its first verdict; ``afterwards`` is what happens in between."""
        record = self.apply_plan(record)
        afterwards()
        return self.watch(record)

    def apply_plan(self, record: Record) -> Record:
        return apply(self.store, self.writer, self.reader.cluster(), record.id, somebody())

    def watch(self, record: Record) -> Record:
        return first_gate(self.store, self.writer, self.reader, record, somebody())

    @cached_property
    def _keys(self) -> Keys:
        folder = self.folder / "keys"
        folder.mkdir()
        return Keys(folder)

    def _trust_signers(self) -> None:
        """As an administrator: who may sign, and that the user here is one of them; once."""
        if (self.phr_dir / "trust").exists():
            return
        me = somebody().name
        listed = IDENTITIES.replace("terminal:alice", f"terminal:{me}").encode()
        commit_trust(self.phr_dir, self._keys, *SIGNERS, identities=listed)

    def _signer(self, name: str) -> Voice:
        person = replace(somebody("signature"), name=name)
        return Voice(person, lambda content: sign(content, self._keys.path(name)))

    def take_back(self, record: Record) -> Record:
        if not record.rule.automatic_rollback:
            record = decide(self.store, record, "approve_rollback", self._signer(SIGNERS[0]), JUSTIFICATION)
        return roll_back(self.store, self.writer, record.id, somebody("terminal"), "asked for by a person")

    def wait_for_event(self, kind: str) -> None:
        """Until an event of this kind is on disk; nothing that writes it has been waited for."""
        end = time.monotonic() + LIMIT_SECONDS
        while not list(self.phr_dir.glob(f"phr/*/*/*/events/*-{kind}.json")):
            require(time.monotonic() < end, f"{self.namespace}: no event {kind} within {LIMIT_SECONDS:.0f} s")
            time.sleep(0.004)

    @contextmanager
    def held_after(self, kind: str) -> Iterator[None]:
        """A run that has recorded such an event has done all that comes after it, and waits to record the next."""
        lock = self.phr_dir / ".lock"
        with lock.open("r+") as handle:
            with at_once():
                self.wait_for_event(kind)
                fcntl.flock(handle, fcntl.LOCK_EX)
            somebody_waits_for(lock, LIMIT_SECONDS)
            yield

    def record(self) -> Record:
        """The only record, or the newest."""
        return self.store.load(self.store.ids()[-1])

    def state(self) -> str:
        return self.record().state(moments.now())

    def events(self) -> list[str]:
        return [event.type for event in self.record().events]

    def errors(self) -> list[str]:
        """What does not verify."""
        return [error for phr in self.store.ids() for error in inspect(self.store, phr, page)["errors"]]

    def phr_info(self) -> list[Json]:
        """What the module says, run as people do."""
        command = ["ansible", "localhost", "-m", "aiops.kubernetes.phr_info", "-a", f"phr_dir={self.phr_dir}"]
        settings = {
            "LOAD_CALLBACK_PLUGINS": "1",
            "STDOUT_CALLBACK": "ansible.posix.json",
            "INVENTORY_UNPARSED_WARNING": "0",
        }
        ran = self.run(command, {f"ANSIBLE_{name}": value for name, value in settings.items()})
        require(ran.status == 0, ran.output)
        found: list[Json] = json.loads(ran.output)["plays"][0]["tasks"][0]["hosts"]["localhost"]["phrs"]
        return found

    # the playbooks

    def command(self, playbook: str, *words: str, **variables: object) -> list[str]:
        given = {
            "aiops_kubeconfig": str(self.kubeconfig),
            "aiops_namespaces": [self.namespace],
            "aiops_phr_dir": str(self.phr_dir),
            **{f"aiops_{name}": value for name, value in variables.items()},
        }
        name = playbook if playbook.endswith(".yml") else f"aiops.kubernetes.{playbook}"
        return ["ansible-playbook", name, "-e", json.dumps(given), *words]

    def play(
        self, playbook: str, *words: str, environment: Mapping[str, str] | None = None, **variables: object
    ) -> Ran:
        """A playbook without a terminal, its standard input at /dev/null."""
        return self.run(self.command(playbook, *words, **variables), environment)

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Ran:
        with self.started(command, environment) as process:
            began = time.monotonic()
            output, _nothing = process.communicate(timeout=LIMIT_SECONDS)
        return Ran(process.returncode, output, time.monotonic() - began)

    @contextmanager
    def started(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """A command in a session of its own, ended with it."""
        wait_while_measuring()
        process = subprocess.Popen(
            [str(BIN / command[0]), *command[1:]],
            cwd=self.folder,
            env={**person_environment(), "ANSIBLE_LOCALHOST_WARNING": "0", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                kill_tree(process.pid)
            process.wait()
            if process.stdout:
                process.stdout.close()

    def _kind(self, kind: str, version: str = "v1") -> Any:
        return self.client.resources.get(api_version=version, kind=kind)

    def _place(self, resource: Any) -> dict[str, str]:
        return {"namespace": self.namespace} if resource.namespaced else {}

    def _get(self, kind: str, name: str, version: str = "v1") -> Json | None:
        resource = self._kind(kind, version)
        try:
            answer = resource.get(name=name, serialize=False, **self._place(resource))
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        found: Json = json.loads(answer.data)
        return found


@contextmanager
def opened(kubeconfig: Path, folder: Path) -> Iterator[Case]:
    """A namespace of its own, which is deleted afterwards."""
    case = Case(kubeconfig, f"lp-{secrets.token_hex(4)}", folder)
    case.open()
    try:
        yield case
    finally:
        case.close()


_TURNSTILE: Final = Path(tempfile.gettempdir()) / f"aiops-loop-{os.getuid()}.lock"


def wait_while_measuring() -> None:
    """Begin nothing while another test measures: its limits are those of a machine that does nothing else."""
    with _TURNSTILE.open("w") as turnstile:
        fcntl.flock(turnstile, fcntl.LOCK_SH)


@contextmanager
def measuring(settle_seconds: float = 6.0) -> Iterator[None]:
    """Nothing begins beside this, and what has begun has had time to come to its waiting."""
    with _TURNSTILE.open("w") as turnstile:
        fcntl.flock(turnstile, fcntl.LOCK_EX)
        time.sleep(settle_seconds)
        yield
