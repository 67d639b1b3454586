# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets leave the text, everything else stays."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.aiops.kubernetes.plugins.module_utils._model.secrets import (
    REDACTED,
    redact,
    redact_object,
    secret_name,
)

# A token as a ServiceAccount has one: three parts of base64, the first begins with {"
JWT = "eyJhbGciOiJSUzI1NiIs.eyJpc3MiOiJrdWJlcm5l.c2lnbmF0dXJl"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("password=hunter2", "hunter2"),
        ("DB_PASSWORD=hunter2 next", "hunter2"),
        ("PGPASSWORD=hunter22", "hunter22"),
        ("passwd=abc1", "abc1"),
        ("host=db password=swordfish user=app", "swordfish"),
        ("password = swordfish is wrong", "swordfish"),
        ('{"password": "swordfish"}', "swordfish"),
        ('{"password":"correct horse battery"}', "horse"),
        ("apiKey=abcd1234", "abcd1234"),
        ("X-Api-Key: abcd1234", "abcd1234"),
        ("client_secret=zzz999", "zzz999"),
        ("SECRET_KEY=swordfish", "swordfish"),
        ("ENCRYPTION_KEY=swordfish", "swordfish"),
        ("AccountName=shop;AccountKey=abc123xyz==;", "abc123xyz"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLE", "wJalrXUtnFEMI"),
        ("key AKIAABCDEFGHIJKLMNOP", "AKIAABCDEFGHIJKLMNOP"),
        ("--token abc123", "abc123"),
        ("--token=abc123", "abc123"),
        ("redis-server --requirepass hunter2", "hunter2"),
        ("redis-cli -h 127.0.0.1 -a hunter2 ping", "hunter2"),
        ("curl -fsS -u elastic:hunter2 localhost:9200", "hunter2"),
        ("mysqladmin ping -h db -u root -phunter2", "hunter2"),
        ('mongosh -u root -p "hunter2" --eval ping', "hunter2"),
        ("ldapsearch -x -w hunter2 -b dc=example", "hunter2"),
        ("Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("Authorization: Bearer abc.def", "abc.def"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("postgres://app:hunter2@db:5432/shop", "hunter2"),
        ("redis://:hunter2@cache", "hunter2"),
        ("cloning https://tok12345@git.example/shop", "tok12345"),
        ("ghp_" + "a1" * 18, "a1a1a1"),
        ("github_pat_" + "a1" * 20, "a1a1a1"),
        ("glpat-" + "a1" * 10, "a1a1a1"),
        ("xoxb-1234567890-abc", "1234567890"),
        ("sk-" + "a1B2" * 12, "a1B2a1B2"),
        (f"token is {JWT}.", "c2lnbmF0dXJl"),
        (f"loaded {KEY} from disk", "MIIEowIBAAKCAQEA"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEowIBAAKCAQEA", "MIIEowIBAAKCAQEA"),  # the log was cut
    ],
)
def test_a_secret_goes(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redact(text)
    assert "redacted" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        # what Kubernetes and the runtimes write
        'secret "db-creds" not found',
        "couldn't find key password in Secret shop/db",
        'MountVolume.SetUp failed for volume "creds" : references non-existent secret key: password',
        'secrets "db" is forbidden: User "system:serviceaccount:shop:token-reader" cannot get resource "secrets"',
        "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed.",
        "failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?service=x: 401",
        "failed to fetch oauth token: denied: requested access to the resource is denied",
        'error getting credentials: exec: "helper": executable file not found in $PATH',
        "invalid credentials: 401",
        "no basic auth credentials",
        "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope",
        'Back-off pulling image "registry.example/shop/auth:1.4.2"',
        # images, names, addresses
        "registry.example:5000/shop/auth:1.4.2",
        "docker.io/library/token:v1",
        "redis@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "5c3e0a6e-6f0f-4f5d-9d3f-2d1f0a2b3c4d",
        "sk-learn-worker-7d9c8b6f5d-x2x4z",
        "dial tcp: lookup user-auth:8080",
        "http://auth:8080/login answered 502",
        # our own sentences
        "Deployment shop/user-auth: status.conditions[Progressing]",
        "Secret shop/db-token: keys",
        # prose of applications
        'password authentication failed for user "app"',
        "missing environment variable DB_PASSWORD",
        "the token expired",
        "waiting for user-auth service",
        "non-secret values are fine",
        "redis-cli -h 127.0.0.1 -p 6379 ping",
        "mysqladmin ping -h db -u root -p --silent; ls -p etc",
        "curl: (6) Could not resolve host: db",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@given(st.text() | st.from_regex(r"(password|token|--secret|bearer)[ =:]{1,2}[\w\"'<>: ]*", fullmatch=True))
def test_redacting_twice_is_redacting_once(text: str) -> None:
    assert redact(redact(text)) == redact(text)


def test_the_words_around_a_secret_stay() -> None:
    assert redact("postgres://app:hunter2@db:5432/shop refused") == f"postgres://app:{REDACTED}@db:5432/shop refused"


def test_every_string_of_an_object_is_redacted() -> None:
    value = {"a": ["token=abc123", {"b": "password=abc123"}], "n": 3, "none": None, "yes": True}
    assert redact_object(value) == {
        "a": [f"token={REDACTED}", {"b": f"password={REDACTED}"}],
        "n": 3,
        "none": None,
        "yes": True,
    }


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        ({"name": "DB_PASSWORD", "value": "swordfish"}, {"name": "DB_PASSWORD", "value": REDACTED}),
        ({"name": "LOG_LEVEL", "value": "debug"}, {"name": "LOG_LEVEL", "value": "debug"}),
        ({"name": "Authorization", "value": "swordfish"}, {"name": "Authorization", "value": REDACTED}),
        (["serve", "--password", "swordfish", "-v"], ["serve", "--password", REDACTED, "-v"]),
        (["--requirepass", "swordfish"], ["--requirepass", REDACTED]),
        (["--api-token=swordfish", "on"], [f"--api-token={REDACTED}", "on"]),
        (["--verbose", "swordfish"], ["--verbose", "swordfish"]),
        (["redis-cli", "-h", "db", "-a", "swordfish", "ping"], ["redis-cli", "-h", "db", "-a", REDACTED, "ping"]),
        (["sh", "-c", "redis-cli -a swordfish ping"], ["sh", "-c", f"redis-cli -a {REDACTED} ping"]),
        (["nginx", "-a", "swordfish"], ["nginx", "-a", "swordfish"]),
        (
            {"annotations": {"x/api-token": "swordfish", "x/note": "hi"}},
            {"annotations": {"x/api-token": REDACTED, "x/note": "hi"}},
        ),
        ({"secretKeyRef": {"name": "db", "key": "password"}}, {"secretKeyRef": {"name": "db", "key": "password"}}),
        ({"image": "registry.example/auth:1.4.2"}, {"image": "registry.example/auth:1.4.2"}),
        ({"keys": ["password", "token"]}, {"keys": ["password", "token"]}),
    ],
)
def test_an_object_by_name_flag_and_annotation(value: object, redacted: object) -> None:
    assert redact_object(value) == redacted


@pytest.mark.parametrize(
    "name",
    [
        "PASSWORD",
        "db-password",
        "DB_PASS",
        "DB_PWD",
        "PGPASSWORD",
        "requirepass",
        "apiToken",
        "authToken",
        "ENCRYPTION_KEY",
        "SIGNING_KEY",
        "AWS_SECRET_ACCESS_KEY",
        "DJANGO_SECRET_KEY",
        "OAUTH_CLIENT_SECRET",
        "CLIENTSECRET",
        "connection.string",
        "Authorization",
        "SESSION_ID",
    ],
)
def test_a_name_that_announces_a_secret(name: str) -> None:
    assert secret_name(name)


@pytest.mark.parametrize(
    "name", ["AUTHOR", "TOKENIZER", "MONKEY", "COMPASS", "BYPASS", "PASSENGERS", "LOG_LEVEL", "KEY_COUNT", ""]
)
def test_a_name_that_does_not(name: str) -> None:
    assert not secret_name(name)


@pytest.mark.parametrize("part", ["x", "a=", "://", "a1", "://aaaaaa", 'a="', "a: b ", "-a ", "eyJaaaaaaaa."])
def test_hostile_text_takes_no_longer_than_its_length(part: str) -> None:
    began = time.process_time()
    redact(part * (100_000 // len(part)))
    assert time.process_time() - began < 3
