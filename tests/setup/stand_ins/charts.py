# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""STAND-INS for kagent's two charts, which can't be had from package registries.

They have the names, values and defaults of kagent 0.9.12 that matter to the role: agents, tools and a user interface that are on,
rights for the whole cluster, and resources too large for a client-side apply.  What they run says that it is a stand-in.
"""

from __future__ import annotations

import json
import shutil
import typing as t
from pathlib import Path

Json = dict[str, t.Any]

HERE = Path(__file__).parent
VERSION = "0.9.12"
AGENTS = ("k8s-agent", "helm-agent", "observability-agent")
STATUS: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
TEXT: Json = {"type": "string"}
# The real ones have 489 kB: more than the 256 kB of annotations that an object may have.
LARGE = "What a pod may be told, at length. " * 9000


def _crd(kind: str, plural: str, spec: Json) -> Json:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": spec}, "status": STATUS}}
    version = {"name": "v1alpha2", "served": True, "storage": True, "subresources": {"status": {}}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.kagent.dev"},
        "spec": {
            "group": "kagent.dev",
            "names": names,
            "scope": "Namespaced",
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }


DEPLOYMENT: Json = {"type": "object", "properties": {"serviceAccountName": TEXT}, "description": LARGE}
DECLARATIVE: Json = {"modelConfig": TEXT, "systemMessage": TEXT, "deployment": DEPLOYMENT}
DECLARATIVE |= {"runtime": {**TEXT, "default": "python"}, "tools": {"type": "array", "items": STATUS}}
CRDS = (
    _crd(
        "Agent",
        "agents",
        {"type": TEXT, "description": TEXT, "declarative": {"type": "object", "properties": DECLARATIVE}},
    ),
    _crd(
        "ModelConfig",
        "modelconfigs",
        {
            "provider": {**TEXT, "default": "OpenAI"},
            "model": TEXT,
            "apiKeySecret": TEXT,
            "apiKeySecretKey": TEXT,
            "openAI": {"type": "object", "properties": {"baseUrl": TEXT}},
        },
    ),
    _crd("RemoteMCPServer", "remotemcpservers", {"url": TEXT, "description": TEXT}),
)

VALUES: Json = {
    "registry": "docker.io",
    "rbac": {"namespaces": []},
    "ui": {"replicas": 1},
    "kagent-tools": {"enabled": True, "rbac": {"readOnly": False}},
    "providers": {"default": "openAI", "openAI": {"model": "gpt-4.1-mini", "apiKeySecretRef": "kagent-openai"}},
    "controller": {"agentImage": {"registry": "", "repository": "library/python", "tag": "3.11-slim"}},
    **{name: {"enabled": True} for name in AGENTS},
}

TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kagent-stand-in, namespace: {{ .Release.Namespace }}, labels: {app.kubernetes.io/instance: {{ .Release.Name }}}}
data:
  kagent_controller.py: {{ .Files.Get "files/kagent_controller.py" | toJson }}
  kagent_agent.py: {{ .Files.Get "files/kagent_agent.py" | toJson }}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: kagent-controller, namespace: {{ .Release.Namespace }}}
---
{{- $namespaced := gt (len .Values.rbac.namespaces) 0 }}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "Role" "ClusterRole" $namespaced }}
metadata: {name: kagent-writer-role{{ if $namespaced }}, namespace: {{ first .Values.rbac.namespaces }}{{ end }}}
rules:
  - {apiGroups: ["", apps, kagent.dev], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "RoleBinding" "ClusterRoleBinding" $namespaced }}
metadata: {name: kagent-writer-role{{ if $namespaced }}, namespace: {{ first .Values.rbac.namespaces }}{{ end }}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: {{ ternary "Role" "ClusterRole" $namespaced }}, name: kagent-writer-role}
subjects: [{kind: ServiceAccount, name: kagent-controller, namespace: {{ .Release.Namespace }}}]
---
apiVersion: v1
kind: Service
metadata: {name: kagent-controller, namespace: {{ .Release.Namespace }}}
spec: {selector: {app: kagent-controller-stand-in}, ports: [{port: 8083}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kagent-controller-stand-in, namespace: {{ .Release.Namespace }}}
spec:
  selector: {matchLabels: {app: kagent-controller-stand-in}}
  template:
    metadata: {labels: {app: kagent-controller-stand-in}}
    spec:
      serviceAccountName: kagent-controller
      terminationGracePeriodSeconds: 2
      containers:
        - name: controller
          image: {{ .Values.registry }}/library/python:3.11-slim
          command: [python3, /program/kagent_controller.py]
          env:
            - {name: KAGENT_NAMESPACE, value: {{ .Release.Namespace }}}
            {{- with .Values.controller.agentImage }}
            - {name: AGENT_IMAGE, value: "{{ .registry | default $.Values.registry }}/{{ .repository }}:{{ .tag }}"}
            {{- end }}
          readinessProbe: {httpGet: {path: /health, port: 8083}, periodSeconds: 1}
          volumeMounts: [{name: program, mountPath: /program}]
      volumes: [{name: program, configMap: {name: kagent-stand-in}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kagent-ui-stand-in, namespace: {{ .Release.Namespace }}}
spec:
  replicas: {{ .Values.ui.replicas }}
  selector: {matchLabels: {app: kagent-ui-stand-in}}
  template:
    metadata: {labels: {app: kagent-ui-stand-in}}
    spec: {containers: [{name: ui, image: "{{ .Values.registry }}/library/busybox:1.36"}]}
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: default-model-config, namespace: {{ .Release.Namespace }}, labels: {app.kubernetes.io/instance: {{ .Release.Name }}}}
spec:
  provider: OpenAI
  model: {{ .Values.providers.openAI.model }}
  apiKeySecret: {{ .Values.providers.openAI.apiKeySecretRef }}
{{- range $name := list "k8s-agent" "helm-agent" "observability-agent" }}
{{- if (index $.Values $name).enabled }}
---
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: {{ $name }}, namespace: {{ $.Release.Namespace }}, labels: {app.kubernetes.io/instance: {{ $.Release.Name }}}}
spec: {type: Declarative, description: writes without asking, declarative: {modelConfig: default-model-config}}
{{- end }}
{{- end }}
{{- if index .Values "kagent-tools" "enabled" }}
---
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: kagent-tool-server, namespace: {{ .Release.Namespace }}}
spec: {url: "http://kagent-tools.{{ .Release.Namespace }}:8084/mcp"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: kagent-tools-stand-in}
rules:
  - apiGroups: ["*"]
    resources: ["*"]
    verbs: {{ ternary "[get, list, watch]" "['*']" (index .Values "kagent-tools" "rbac" "readOnly") }}
{{- end }}
"""


def write(folder: Path, version: str) -> tuple[Path, Path]:
    """The two charts below a folder; ``helm package`` takes them."""
    for name in ("kagent-crds", "kagent"):
        (folder / name / "templates").mkdir(parents=True)
        about = {"apiVersion": "v2", "name": name, "version": version, "description": f"A STAND-IN for {name}"}
        (folder / name / "Chart.yaml").write_text(json.dumps(about))
    crds, operator = folder / "kagent-crds", folder / "kagent"
    for crd in CRDS:
        (crds / "templates" / f"{crd['spec']['names']['plural']}.yaml").write_text(json.dumps(crd))
    (operator / "values.yaml").write_text(json.dumps(VALUES))
    (operator / "templates" / "all.yaml").write_text(TEMPLATE)
    (operator / "files").mkdir()
    for name in ("kagent_controller.py", "kagent_agent.py"):
        shutil.copy(HERE / name, operator / "files")
    return crds, operator
