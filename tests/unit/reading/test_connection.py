# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request to an API server: who we say we are, and how each refusal reads.

The server stands in for API server answers that a healthy one doesn't give.
"""

from __future__ import annotations

import json
import socket
import typing as t
from pathlib import Path

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster import connection
from ansible_collections.aiops.kubernetes.plugins.module_utils._cluster.connection import Refused, connect
from ansible_collections.aiops.kubernetes.plugins.module_utils._model.errors import AiopsError
from ansible_collections.aiops.kubernetes.tests.unit.reading.api_server import Answer, ApiServer, Request, refusal

TOKEN = "t0p-s3cret-t0ken"


def _get(server: ApiServer, **options: t.Any) -> Request:
    """The request that arrives."""
    assert connect({"host": server.url, **options}).get("/version") == b'{"gitVersion": "v1.36.2"}'
    [request] = server.seen
    return request


def test_a_get_with_its_query(server: ApiServer) -> None:
    server.on("/api/v1/pods", Answer(b"[]"))
    body = connect({"host": server.url + "/"}).get("/api/v1/pods", {"labelSelector": "a in (b, c)"}, "text/x")
    assert body == b"[]"
    [request] = server.seen
    assert (request.method, request.path, request.query) == ("GET", "/api/v1/pods", {"labelSelector": "a in (b, c)"})
    assert request.header("Accept") == ["text/x"]
    assert request.header("User-Agent") == ["aiops.kubernetes"]


def test_a_bearer_token(server: ApiServer) -> None:
    assert _get(server, api_key=TOKEN).header("Authorization") == [f"Bearer {TOKEN}"]


def test_a_name_and_a_password(server: ApiServer) -> None:
    assert _get(server, username="ada", password="pw").header("Authorization") == ["Basic YWRhOnB3"]


def test_without_credentials_none_are_sent(server: ApiServer) -> None:
    request = _get(server)
    assert request.header("Authorization") == []
    assert [name for name, _value in request.headers if name.lower().startswith("impersonate")] == []


def test_on_behalf_of_somebody(server: ApiServer) -> None:
    request = _get(server, impersonate_user="ada", impersonate_groups=["oncall", "readers"])
    assert request.header("Impersonate-User") == ["ada"]
    assert request.header("Impersonate-Group") == ["oncall", "readers"]


def test_a_token_from_a_file_ends_with_a_new_line(server: ApiServer) -> None:
    assert _get(server, api_key=f"{TOKEN}\n").header("Authorization") == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("token", [f"{TOKEN}\nX-Other: 1", f"{TOKEN}\x00", f"{TOKEN}€"])
def test_a_token_that_is_no_header_is_told_and_not_shown(server: ApiServer, token: str) -> None:
    with pytest.raises(AiopsError) as told:
        connect({"host": server.url, "api_key": token}).get("/version")
    _shows_no_token(told.value)
    assert server.seen == []


def _shows_no_token(error: BaseException | None) -> None:
    """Nor do the errors that it came from: Ansible shows them at -vvv."""
    while error is not None:
        assert TOKEN not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_401_says_whose_credentials_and_not_the_token(server: ApiServer) -> None:
    server.on("/version", refusal(401, f"Unauthorized: {TOKEN}"))
    with pytest.raises(AiopsError, match=r"did not accept the credentials of the given options \(401\)") as told:
        connect({"host": server.url, "api_key": TOKEN}).get("/version")
    assert server.url in str(told.value)
    _shows_no_token(told.value)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
def test_a_refusal_has_the_server_s_words(server: ApiServer, status: int) -> None:
    server.on("/version", refusal(status, "because I say so", Retry_After="7"))
    with pytest.raises(Refused) as refused:
        connect({"host": server.url}).get("/version")
    assert (refused.value.status, refused.value.message, refused.value.retry_after) == (status, "because I say so", "7")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>Bad Gateway</html>", "<html>Bad Gateway</html>"),
        (b"", "Bad Gateway"),
        (b"null", "Bad Gateway"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_a_refusal_that_is_no_status_object(server: ApiServer, body: bytes, message: str) -> None:
    server.on("/version", Answer(body, 502))
    with pytest.raises(Refused) as refused:
        connect({"host": server.url}).get("/version")
    assert refused.value.message == message


def test_a_redirect_is_not_followed(server: ApiServer) -> None:
    """The token would go along."""
    server.on("/version", Answer(b"", 302, {"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(Refused) as refused:
        connect({"host": server.url, "api_key": TOKEN}).get("/version")
    assert refused.value.status == 302
    assert server.asked("/elsewhere") == []


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(AiopsError) as told:
            connect({"host": url}).get("/version")
    assert str(told.value) == (
        f"The API server {url} (the given options) can't be reached: connection refused. "
        "Check the address and the network, or choose another context."
    )


def test_an_answer_that_does_not_come(server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(t.cast("t.MutableMapping[str, float]", connection._TIMEOUT_SECONDS), "read", 0.1)
    server.on("/version", Answer(b"{}", seconds=5))
    with pytest.raises(Refused, match="no answer") as refused:
        connect({"host": server.url}).get("/version")
    assert refused.value.status is None


@pytest.mark.parametrize("host", ["nonsense", "ftp://localhost", "https://[::1", "https://no such host"])
def test_an_address_that_is_none(host: str) -> None:
    with pytest.raises(AiopsError, match="can't be"):
        connect({"host": host}).get("/version")


def test_plain_text_where_tls_is_expected(server: ApiServer) -> None:
    with pytest.raises(AiopsError, match="does not speak TLS"):
        connect({"host": server.url.replace("http:", "https:")}).get("/version")


def test_a_certificate_is_verified(tls_server: ApiServer) -> None:
    with pytest.raises(AiopsError, match="its certificate does not verify against the given CA"):
        connect({"host": tls_server.url, "api_key": TOKEN}).get("/version")
    assert tls_server.seen == []


def test_a_certificate_that_the_ca_vouches_for(tls_server: ApiServer, certificate: Path) -> None:
    assert _get(tls_server, ca_cert=str(certificate), api_key=TOKEN).header("Authorization") == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize("option", ["ca_cert", "client_cert"])
def test_certificate_files_that_can_not_be_read(tls_server: ApiServer, tmp_path: Path, option: str) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "missing.pem"):
        with pytest.raises(AiopsError, match="certificate") as told:
            connect({"host": tls_server.url, option: str(path)}).get("/version")
        assert "network" not in str(told.value)  # it is not what to look at


def test_without_the_python_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_MISSING", ImportError("No module named 'kubernetes'"))
    with pytest.raises(
        AiopsError, match=r"package kubernetes is missing for \S+ .*: \S+ -m pip install 'kubernetes>=24.2'"
    ):
        connect({"host": "https://localhost:1"})


def test_a_status_object_names_its_causes(server: ApiServer) -> None:
    """A refusal by admission has causes; a JSON patch whose test failed has none."""
    for causes in ([], [{"message": "limit"}]):
        body = {"kind": "Status", "message": "no", "details": {"causes": causes}}
        server.on("/version", Answer(json.dumps(body).encode(), 422))
        with pytest.raises(Refused) as refused:
            connect({"host": server.url}).get("/version")
        assert refused.value.has_causes == bool(causes)
