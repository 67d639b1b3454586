# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that a container needs and that are not found, and why the DNS does not give them."""

from __future__ import annotations

import dataclasses
import ipaddress
import typing as t

from .._model import fields
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import Pod, Ref
from . import _case
from ._commands import written_at
from ._failures import DNS, IN_WORDS
from ._policies import Peer, forbids, forbids_port, policy_in_words
from ._reach import Fault
from ._trouble import Trouble, evidence_of, speaks_for_itself, trouble_of


def dns_resolution_failed(case: _case.ContainerCase) -> _case.Judgement | None:
    """A name that the container needs is not found, or the DNS does not answer it."""
    trouble = None if case.container.role == "init" and case.container.running else trouble_of(case)
    if trouble is None or trouble.failure.kind not in DNS or not (trouble.fault or speaks_for_itself(case, trouble)):
        return None
    found = trouble.fault
    if found and not found.missing:
        return None  # the name is right: a headless Service without endpoints has no addresses to give
    found = found or _dns_fault(case, trouble)
    what = trouble.target.host if trouble.target else "a name"
    return _case.Judgement(
        summary=f"container {case.container.name} can't resolve {what}: {found.what if found else IN_WORDS[trouble.failure.kind]}",
        explanation="The container asks for a name and gets no address, so it never reaches the other side."
        + (
            ""
            if found
            else " Nothing that was read shows why: the name is outside the cluster, or the DNS has a trouble of its own."
        ),
        evidence=evidence_of(case, dataclasses.replace(trouble, fault=found)),
        next_step=_correct_name(case, found) if found else _case.log_command(case),
        confidence="confirmed" if found else "probable",
        candidates=found.candidates if found else (),
        subject=next((ref for ref in found.roots if ref.kind == "NetworkPolicy"), None) if found else None,
        roots=found.roots if found else (),
    )


def _correct_name(case: _case.ContainerCase, found: Fault) -> str:
    if found.missing:
        return f"{found.check}   # then correct the name in {case.workload}, or make the Service"
    return found.check


def _dns_fault(case: _case.ContainerCase, trouble: Trouble) -> Fault | None:
    return _own_dns(case, trouble) or _other_name(case, trouble) or _dns_forbidden(case) or _dns_down(case)


def _own_dns(case: _case.ContainerCase, trouble: Trouble) -> Fault | None:
    """The pod does not ask the cluster's DNS, so that it knows no name of the cluster."""
    if trouble.place.kind != "service":
        return None
    policy, on_the_host = (
        fields.get_str(case.pod.spec, "dnsPolicy") or "ClusterFirst",
        fields.get(case.pod.spec, "hostNetwork") is True,
    )
    servers = fields.get_strs(case.pod.spec, "dnsConfig", "nameservers")
    if policy == "Default":
        why = "dnsPolicy Default asks the node's DNS, which knows no Service"
    elif policy == "ClusterFirst" and on_the_host:
        why = "with hostNetwork, dnsPolicy ClusterFirst asks the node's DNS; ClusterFirstWithHostNet asks the cluster's"
    elif policy == "None" and not _is_cluster_dns(case, servers):
        why = f"dnsPolicy None asks {', '.join(servers) or 'nobody'}, not the cluster's DNS"
    elif policy == "None" and not fields.get_strs(case.pod.spec, "dnsConfig", "searches"):
        why = "dnsPolicy None without searches completes no short name"
    else:
        return None
    quote = EvidenceItem(
        "spec",
        f"{case.pod.ref}: spec.dnsPolicy",
        f"{policy}, hostNetwork {str(on_the_host).lower()}, nameservers {servers}",
    )
    return Fault(why, (quote,), _case.edit_command(case.workload) + "   # correct dnsPolicy or dnsConfig")


def _other_name(case: _case.ContainerCase, trouble: Trouble) -> Fault | None:
    """The Service is there, and this is none of its names, or it stands for a name outside that nobody knows."""
    ref = trouble.place.ref if trouble.place.kind == "service" else None
    service = case.evidence.get(ref) if ref else None
    if ref is None or service is None or trouble.target is None:
        return None
    if alias := fields.get_str(service, "spec", "externalName"):
        quote = EvidenceItem("spec", f"{ref}: spec.externalName", alias)
        return Fault(f"{ref} stands for {alias}, which has no address", (quote,), _case.edit_command(ref))
    written = written_at(case, trouble.target.host)
    if written and trouble.target.host.split(".")[1:2] == ["svc"]:
        right = Candidate(f"{ref.name}.{ref.namespace}.svc", f"{ref} is called so")
        return Fault("the name lacks its namespace", (), _case.edit_command(case.workload), candidates=(right,))
    named = Ref("Pod", ref.namespace, trouble.target.host.partition(".")[0])
    pod = next((each for each in case.evidence.pods if each.ref == named), None)
    if pod is None or named.name == ref.name or (subdomain := fields.get_str(pod.spec, "subdomain")) == ref.name:
        return None
    owner = case.evidence.workload(pod)
    quote = EvidenceItem("spec", f"{pod.ref}: spec.subdomain", subdomain or "none")
    return Fault(
        f"{owner} gives its pods names in {subdomain or 'no Service'}, not in {ref.name}",
        (quote,),
        _case.kubectl(owner, f"get {owner.kind.lower()} {owner.name} -o yaml")
        + f"   # serviceName, or subdomain, must be {ref.name}; of a StatefulSet it can't be changed: make it anew",
    )


def _is_cluster_dns(case: _case.ContainerCase, servers: t.Sequence[str]) -> bool:
    """Whether one of these may be the cluster's: a Service of kube-system; where that was not read, an address like a Service's."""
    if case.evidence.lists("Service", "kube-system"):
        known = {
            fields.get_str(json, "spec", "clusterIP") for json in case.evidence.named("Service", "kube-system").values()
        }
        return not known.isdisjoint(servers)
    used = [fields.get_str(json, "spec", "clusterIP") for json in case.evidence.objects.get("Service", ())]
    return any(
        _alike(server, "169.254.0.0", 16) or any(_alike(server, each, 12) for each in used) for server in servers
    )


def _alike(address: str, other: str, bits: int) -> bool:
    """Whether two addresses begin with the same bits: ranges of Services have 12 or more in common, DNS caches on nodes are link-local."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(f"{other}/{bits}", strict=False)
    except ValueError:
        return False


def _dns_forbidden(case: _case.ContainerCase) -> Fault | None:
    found = forbids_port(case.evidence, case.pod, 53, ("UDP", "TCP"))
    for pod in _dns_pods(case) if found is None else ():
        ways = [forbids(case.evidence, case.pod, Peer(pod, None), 53, protocol) for protocol in ("UDP", "TCP")]
        if all(ways):
            found = ways[0]
    if found is None:
        return None
    quotes = tuple(
        EvidenceItem("spec", f"{ref}: spec", policy_in_words(case.evidence, ref, found.direction))
        for ref in found.policies
    )
    first = found.policies[0]
    check = (
        _case.kubectl(first, f"describe networkpolicy {first.name}")
        + "   # then allow port 53, UDP and TCP, to the cluster's DNS"
    )
    return Fault(f"{first} forbids port 53, so the pod can't ask the DNS", quotes, check, found.policies)


def _dns_pods(case: _case.ContainerCase) -> list[Pod]:
    return [
        pod
        for pod in case.evidence.pods
        if pod.ref.namespace == "kube-system"
        and fields.get_str(pod.json, "metadata", "labels", "k8s-app") == "kube-dns"
    ]


def _dns_down(case: _case.ContainerCase) -> Fault | None:
    pods = _dns_pods(case)
    if not pods or any(pod.ready for pod in pods):
        return None
    owner = case.evidence.workload(pods[0])
    quote = EvidenceItem("status", f"{owner}: pods", f"0 of {len(pods)} ready")
    return Fault(
        f"no pod of {owner} is ready, so nobody in the cluster gets an answer",
        (quote,),
        _case.kubectl(owner, "get pods -l k8s-app=kube-dns"),
        (owner,),
    )
