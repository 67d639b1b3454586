# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A STAND-IN for kagent's controller, which can't be had from package registries.  It runs as a pod, with Python alone.

It makes what the real one makes of an Agent (a Secret, a Service, a Deployment of its name), and sets the same conditions with
the same reasons, as kagent 0.9.12 does (go/core/internal/controller).  It also keeps the sessions of agents, in memory.
"""

from __future__ import annotations

import http.client
import http.server
import json
import os
import signal
import ssl
import threading
import time
import typing as t
from pathlib import Path

Json = dict[str, t.Any]

IDENTITY = Path("/var/run/secrets/kubernetes.io/serviceaccount")
HOST = os.environ.get("KUBERNETES_SERVICE_HOST", "")
PORT = int(os.environ.get("KUBERNETES_SERVICE_PORT", "443"))
NAMESPACE = os.environ.get("KAGENT_NAMESPACE", "")
IMAGE = os.environ.get("AGENT_IMAGE", "")
OURS = f"/apis/kagent.dev/v1alpha2/namespaces/{NAMESPACE}"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
MERGE = "application/merge-patch+json"


def call(method: str, path: str, body: Json | None = None, content: str = "application/json") -> Json | None:
    """The answer; None where there is no such object."""
    headers = {"Authorization": f"Bearer {(IDENTITY / 'token').read_text()}", "Content-Type": content}
    trust = ssl.create_default_context(cafile=str(IDENTITY / "ca.crt"))
    connection = http.client.HTTPSConnection(HOST, PORT, timeout=10, context=trust)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    if answer.status >= 400 and answer.status != 404:
        raise OSError(f"{method} {path}: {answer.status} {text[:300].decode(errors='replace')}")
    return None if answer.status == 404 else t.cast("Json", json.loads(text))


def condition(kind: str, status: str, reason: str, message: str) -> Json:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now}


def told(item: Json, plural: str, conditions: list[Json]) -> None:
    """Write the status where it says something else."""
    old, seen = item.get("status", {}), item["metadata"]["generation"]
    said = [(each["type"], each["status"], each["message"]) for each in conditions]
    before = [(each["type"], each["status"], each["message"]) for each in old.get("conditions", [])]
    if said != before or old.get("observedGeneration") != seen:
        status = {"observedGeneration": seen, "conditions": conditions}
        call("PATCH", f"{OURS}/{plural}/{item['metadata']['name']}/status", {"status": status}, MERGE)


def wanted(agent: Json, model: Json) -> list[tuple[str, Json]]:
    """What is made for an agent, with the path of its kind."""
    name, spec = agent["metadata"]["name"], model["spec"]
    labels = {"app": "kagent", "kagent": name}
    owner = {"apiVersion": agent["apiVersion"], "kind": "Agent", "name": name, "uid": agent["metadata"]["uid"]}
    metadata = {"name": name, "labels": labels, "ownerReferences": [{**owner, "controller": True}]}
    endpoint = spec.get("openAI", {}).get("baseUrl")
    config = {
        "model": {"type": "openai", "model": spec["model"], "base_url": endpoint},
        "http_tools": [],
        "stream": False,
    }
    config |= {
        "description": agent["spec"]["description"],
        "instruction": agent["spec"]["declarative"]["systemMessage"],
    }
    card = {"name": name, "description": agent["spec"]["description"], "url": f"http://{name}:8080", "version": "1"}
    card |= {"capabilities": {"streaming": True}, "defaultInputModes": ["text"], "defaultOutputModes": ["text"]}
    files = {"config.json": json.dumps(config), "agent-card.json": json.dumps({**card, "skills": []})}
    key = {"secretKeyRef": {"name": spec["apiKeySecret"], "key": spec["apiKeySecretKey"]}}
    # there may be no DNS
    home = "http://$(KAGENT_CONTROLLER_SERVICE_HOST):8083"
    environment: list[Json] = [{"name": "OPENAI_API_KEY", "valueFrom": key}, {"name": "KAGENT_URL", "value": home}]
    environment += [{"name": "KAGENT_NAME", "value": name}, {"name": "KAGENT_NAMESPACE", "value": NAMESPACE}]
    container: Json = {
        "name": "kagent",
        "image": IMAGE,
        "env": environment,
        "ports": [{"name": "http", "containerPort": 8080}],
    }
    container["readinessProbe"] = {
        "httpGet": {"path": "/.well-known/agent-card.json", "port": "http"},
        "periodSeconds": 1,
    }
    container["volumeMounts"] = [{"name": "config", "mountPath": "/config"}]
    volumes: list[Json] = [{"name": "config", "secret": {"secretName": name}}]
    if "/kagent-dev/" in IMAGE:  # kagent's own runtime
        everywhere = "0.0.0.0"  # noqa: S104 - of its own pod
        container["args"] = ["static", "--host", everywhere, "--port", "8080", "--filepath", "/config"]
    else:
        container["command"] = ["python3", "/program/kagent_agent.py"]
        container["volumeMounts"].append({"name": "program", "mountPath": "/program"})
        volumes.append({"name": "program", "configMap": {"name": "kagent-stand-in"}})
    pod: Json = {
        "serviceAccountName": agent["spec"]["declarative"]["deployment"]["serviceAccountName"],
        "volumes": volumes,
    }
    pod |= {"containers": [container], "terminationGracePeriodSeconds": 2}
    template = {"metadata": {"labels": labels}, "spec": pod}
    workload = {"selector": {"matchLabels": labels}, "template": template}
    service = {"selector": labels, "ports": [{"name": "http", "port": 8080, "targetPort": "http"}]}
    return [
        (f"{CORE}/secrets", {"metadata": metadata, "stringData": files}),
        (f"{CORE}/services", {"metadata": metadata, "spec": service}),
        (DEPLOYMENTS, {"metadata": metadata, "spec": workload}),
    ]


def made(agent: Json, model: Json) -> None:
    """What is missing or has another image is made again; the rest is left to the test that changes it."""
    for path, body in wanted(agent, model):
        own = f"{path}/{body['metadata']['name']}"
        there = call("GET", own)
        if there is None:
            call("POST", path, body)
        elif "template" in body.get("spec", {}) and _differs(there, body):
            call("PATCH", own, {"spec": {"template": body["spec"]["template"]}}, MERGE)


def _differs(there: Json, body: Json) -> bool:
    old, new = (each["spec"]["template"]["spec"]["containers"][0] for each in (there, body))
    return bool(old["image"] != new["image"] or old["env"][0] != new["env"][0])


def accepted(agent: Json, models: dict[str, Json]) -> Json:
    name = agent["spec"]["declarative"]["modelConfig"]
    if name in models:
        made(agent, models[name])
        return condition("Accepted", "True", "Reconciled", "Agent configuration accepted")
    return condition("Accepted", "False", "ReconcileFailed", f"failed to get model config {NAMESPACE}/{name}")


def ready(agent: Json) -> Json:
    deployment = call("GET", f"{DEPLOYMENTS}/{agent['metadata']['name']}")
    if deployment is None:
        return condition("Ready", "Unknown", "DeploymentNotFound", f"Deployment {agent['metadata']['name']} not found")
    available = deployment.get("status", {}).get("availableReplicas", 0)
    if available >= 1:
        return condition("Ready", "True", "DeploymentReady", "Deployment is ready")
    return condition("Ready", "False", "DeploymentNotReady", f"Deployment is not ready, {available}/1 pods are ready")


def reconcile() -> None:
    models = {each["metadata"]["name"]: each for each in (call("GET", f"{OURS}/modelconfigs") or {})["items"]}
    for model in models.values():
        told(
            model,
            "modelconfigs",
            [condition("Accepted", "True", "ModelConfigReconciled", "Model configuration accepted")],
        )
    for agent in (call("GET", f"{OURS}/agents") or {})["items"]:
        told(agent, "agents", [accepted(agent, models), ready(agent)])


class Sessions(http.server.BaseHTTPRequestHandler):
    """What kagent-adk keeps at the controller: sessions, their events, and tasks."""

    protocol_version = "HTTP/1.1"
    sessions: t.ClassVar[dict[str, Json]] = {}
    tasks: t.ClassVar[dict[str, Json]] = {}

    def answer(self) -> None:
        parts = self.path.partition("?")[0].strip("/").split("/")[1:]
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        found = self.data(parts, body)
        text = json.dumps(
            {"error": found is None, "data": found, "message": "" if found is not None else "not found"}
        ).encode()
        self.send_response({"POST": 201}.get(self.command, 200) if found is not None else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def data(self, parts: list[str], body: Json) -> t.Any:
        posts = self.command == "POST"
        match parts:
            case []:  # /health
                return {}
            case ["sessions"] if posts:
                session = {"user_id": "admin@kagent.dev", "events": [], **body}
                return self.sessions.setdefault(session["id"], session)
            case ["sessions", name, "events"] if posts:
                self.sessions.setdefault(name, {"id": name, "events": []})["events"].append(body)
                return body
            case ["sessions", name] if name in self.sessions:
                return {"session": self.sessions[name], "events": self.sessions[name]["events"]}
            case ["tasks"] if posts:
                self.tasks[body["id"]] = body
                return body
            case ["tasks", name]:
                return self.tasks.get(name)
        return None

    do_GET = do_POST = do_DELETE = answer


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server = http.server.ThreadingHTTPServer(("", 8083), Sessions)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        try:
            reconcile()
        except (OSError, http.client.HTTPException, KeyError, TypeError) as exc:
            print(f"{type(exc).__name__}: {exc}", flush=True)
        time.sleep(0.5)


if __name__ == "__main__":
    main()
