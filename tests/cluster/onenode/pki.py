# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, certificates and kubeconfigs of one cluster.

The cluster lives for hours on one machine, so everything is made anew at each start and nothing is renewed.
"""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .layout import API_PORT, API_SERVICE_ADDRESS, NODE_ADDRESS, NODE_NAME, PRIVATE_REGISTRY, Layout

_SERVER = ExtendedKeyUsageOID.SERVER_AUTH
_CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
_API_NAMES = [
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "127.0.0.1",
    NODE_ADDRESS,
    API_SERVICE_ADDRESS,
]


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def write_pki(layout: Layout, api_port: int) -> None:
    """Make all keys and certificates in the cluster's folder, and the kubeconfigs of people and services.

    `api_port` is the loopback port outside the namespaces, which only the people's kubeconfig uses.
    """
    layout.pki.mkdir(mode=0o700, parents=True)
    cluster = _authority("kubernetes-ca")
    front_proxy = _authority("front-proxy-ca")
    etcd = _authority("etcd-ca")
    node = f"system:node:{NODE_NAME}"
    pairs = {
        "ca": cluster,
        "front-proxy-ca": front_proxy,
        "etcd-ca": etcd,
        "apiserver": _issue(cluster, "kube-apiserver", [_SERVER], names=_API_NAMES),
        "apiserver-kubelet-client": _issue(cluster, "kube-apiserver-kubelet-client", [_CLIENT]),
        "front-proxy-client": _issue(front_proxy, "front-proxy-client", [_CLIENT]),
        "etcd-server": _issue(etcd, "etcd", [_SERVER, _CLIENT], names=["localhost", "127.0.0.1"]),
        "etcd-client": _issue(etcd, "kube-apiserver-etcd-client", [_CLIENT]),
        "kubelet-serving": _issue(cluster, node, [_SERVER], "system:nodes", [NODE_NAME, NODE_ADDRESS, "127.0.0.1"]),
        "private-registry": _issue(cluster, PRIVATE_REGISTRY, [_SERVER], names=[PRIVATE_REGISTRY]),
        "admin": _issue(cluster, "kubernetes-admin", [_CLIENT], "system:masters"),
    }
    for name, pair in pairs.items():
        _save(layout.pki, name, pair)
    _save_service_account_keys(layout.pki)

    outside = f"https://127.0.0.1:{api_port}"
    inside = f"https://127.0.0.1:{API_PORT}"
    admin = pairs["admin"]
    _write_private(layout.kubeconfig, kubeconfig(layout.context, outside, cluster, admin))
    _write_private(layout.inner_kubeconfig, kubeconfig(layout.context, inside, cluster, admin))
    for service, user, group in (
        ("controller-manager", "system:kube-controller-manager", None),
        ("scheduler", "system:kube-scheduler", None),
        ("kubelet", node, "system:nodes"),
        ("kube-proxy", "system:kube-proxy", None),
    ):
        text = kubeconfig(layout.context, inside, cluster, _issue(cluster, user, [_CLIENT], group))
        _write_private(layout.configuration / f"{service}.kubeconfig", text)


def kubeconfig(context: str, server: str, authority: Pair, user: Pair) -> bytes:
    """Return a kubeconfig with one context that holds its certificates itself."""
    cluster = {"server": server, "certificate-authority-data": _base64(_pem(authority.certificate))}
    identity = {"client-certificate-data": _base64(_pem(user.certificate)), "client-key-data": _base64(_key(user.key))}
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": identity}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
    }
    return json.dumps(value, indent=1).encode()


def _authority(name: str) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name, None)
    builder = _builder(subject, subject, key, is_authority=True)
    return Pair(key, builder.sign(key, hashes.SHA256()))


def _issue(
    authority: Pair,
    name: str,
    usages: Sequence[x509.ObjectIdentifier],
    group: str | None = None,
    names: Sequence[str] = (),
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_subject(name, group), authority.certificate.subject, key, is_authority=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = builder.add_extension(issuer, critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), critical=False)
    return Pair(key, builder.sign(authority.key, hashes.SHA256()))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, is_authority: bool
) -> x509.CertificateBuilder:
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not is_authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(usage, critical=True)
    )


def _subject(name: str, group: str | None) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(value: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(value))
    except ValueError:
        return x509.DNSName(value)


def _save(folder: Path, name: str, pair: Pair) -> None:
    _write_private(folder / f"{name}.key", _key(pair.key))
    (folder / f"{name}.crt").write_bytes(_pem(pair.certificate))


def _save_service_account_keys(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    _write_private(folder / "service-account.key", _key(key))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "service-account.pub").write_bytes(public)


def _write_private(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)


def _key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
