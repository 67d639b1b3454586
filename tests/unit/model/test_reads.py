# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which commands count as reads: what is not surely one is none."""

from __future__ import annotations

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.reads import is_read


@pytest.mark.parametrize(
    "command",
    [
        "kubectl get pods -n demo -o wide",
        "kubectl describe pod -n demo -l app=oom",
        "kubectl -n demo get deploy,rs,pods --sort-by=.metadata.creationTimestamp",
        "kubectl --namespace=demo --request-timeout 5s logs cart-1 -c app --previous --tail=20",
        "kubectl logs -f deploy/cart -nshop",
        "kubectl get events -A --field-selector 'reason=Failed,type!=Normal' -w",
        "kubectl get pods -o jsonpath='{.items[*].status.phase}'",
        'kubectl get pods -l "app in (cart, till)" --no-headers -ojson',
        "kubectl top pods --containers",
        "kubectl rollout status deployment/cart --timeout=5s",
        "kubectl rollout history deployment cart --revision=2",
        "kubectl auth can-i list pods",
        "kubectl explain pod.spec.containers --recursive",
        "kubectl get externalsecrets",
    ],
)
def test_reads(command: str) -> None:
    assert is_read(command)


@pytest.mark.parametrize(
    "command",
    [
        "",
        "kubectl",
        "kubectl -n demo",
        "kubectl delete deployment crash -n demo",
        "kubectl delete namespace demo --dry-run=none",
        "kubectl apply -f x.yml --dry-run=client",
        "kubectl rollout restart deployment/cart",
        "kubectl rollout undo deployment/cart",
        "kubectl auth reconcile -f x.yml",
        "kubectl config view --raw",
        "kubectl exec cart-1 -- id",
        "kubectl proxy",
        "kubectl port-forward svc/cart 8080",
        "kubectl cp cart-1:/etc/passwd x",
        "kubectl get secrets",
        "kubectl get pods,secrets -A",
        "kubectl get secret/db -o yaml",
        "kubectl get 'sec'rets",
        "kubectl describe SECRET db",
        "kubectl get secrets.v1.",
        "kubectl get --raw /api/v1/secrets",
        "kubectl get pods --kubeconfig=/etc/kubernetes/admin.conf",
        "kubectl --kubeconfig /etc/kubernetes/admin.conf get pods",
        "kubectl --context other get pods",
        "kubectl get pods --server=http://elsewhere.example",
        "kubectl get pods -s http://elsewhere.example",
        "kubectl get pods --as=system:admin",
        "kubectl get pods --token=x",
        "kubectl get -f https://elsewhere.example/x.yml",
        "kubectl get pods -o go-template-file=/etc/passwd",
        "kubectl get pods -ojsonpath-file=/etc/passwd",
        "kubectl get pods --profile=cpu --profile-output=/tmp/x",
        "KUBECONFIG=/etc/kubernetes/admin.conf kubectl get pods",
        "kubectl get pods > /tmp/x",
        "kubectl get pods | sh",
        "kubectl get pods; kubectl delete ns demo",
        "kubectl get pods && reboot",
        "kubectl get pods\nreboot",
        "kubectl get pods $OPENAI_API_KEY",
        'kubectl get pods "$OPENAI_API_KEY"',
        'kubectl get pods "`reboot`"',
        "kubectl get pods $(reboot)",
        "kubectl get {pods,secrets}",
        "kubectl get p*",
        "kubectl get pods 'open",
        "/tmp/kubectl get pods",
        "./kubectl get pods",
        "mykubectl get pods",
        "bash -c 'kubectl get pods'",
        "kubectl get pods # '\n reboot '",
    ],
)
def test_everything_else_is_none(command: str) -> None:
    assert not is_read(command)
