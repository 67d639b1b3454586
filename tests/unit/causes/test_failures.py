# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What containers say of the network, in the words of many runtimes; and the addresses that a spec names."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.aiops.kubernetes.plugins.module_utils._causes._commands import addresses
from ansible_collections.aiops.kubernetes.plugins.module_utils._causes._failures import kind_of, last_failure, target_of

LINES: list[tuple[str, str | None, str | None]] = [
    ("dial tcp 10.96.3.1:5432: connect: connection refused", "refused", "10.96.3.1:5432"),
    ('Get "http://api:8080/v1": dial tcp 10.96.3.1:8080: connect: connection refused', "refused", "10.96.3.1:8080"),
    ("dial tcp: lookup db on 10.96.0.10:53: no such host", "unresolved", "db"),
    (
        "2026/11/25 dial tcp: lookup db.shop.svc.cluster.local. on 10.96.0.10:53: no such host",
        "unresolved",
        "db.shop.svc.cluster.local",
    ),
    ("dial tcp: lookup db: i/o timeout", "no-answer-from-dns", "db"),
    (
        "dial tcp: lookup db on 10.96.0.10:53: read udp 10.244.0.3:43210->10.96.0.10:53: i/o timeout",
        "no-answer-from-dns",
        "db",
    ),
    ("read tcp 10.244.0.9:41234->10.96.3.3:80: i/o timeout", "timed-out", "10.96.3.3:80"),
    (
        'psycopg2.OperationalError: connection to server at "db" (10.96.1.2), port 5432 failed: Connection refused',
        "refused",
        "db:5432",
    ),
    (
        'connection to server at "db" (10.96.1.2), port 5432 failed: FATAL:  password authentication failed for user "x"',
        "rejected",
        "db:5432",
    ),
    ('psql: error: could not translate host name "db" to address: Name or service not known', "unresolved", "db"),
    ("ERROR 2003 (HY000): Can't connect to MySQL server on 'db:3306' (111)", "refused", "db:3306"),
    (
        "pymysql.err.OperationalError: (2003, \"Can't connect to MySQL server on 'db' ([Errno 111] Connection refused)\")",
        "refused",
        "db",
    ),
    ("ERROR 2005 (HY000): Unknown MySQL server host 'db' (-2)", "unresolved", "db"),
    ("ERROR 1045 (28000): Access denied for user 'app'@'10.244.0.5' (using password: YES)", "rejected", None),
    ("Could not connect to Redis at cache:6379: Connection refused", "refused", "cache:6379"),
    (
        "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused.",
        "refused",
        "cache:6379",
    ),
    (
        "redis.exceptions.ConnectionError: Error -2 connecting to cache:6379. Name or service not known.",
        "unresolved",
        "cache:6379",
    ),
    ("Error: connect ECONNREFUSED 10.96.0.1:5432", "refused", "10.96.0.1:5432"),
    ("Error: getaddrinfo ENOTFOUND db", "unresolved", "db"),
    ("redis.exceptions.TimeoutError: Timeout connecting to server cache:6379", "timed-out", "cache:6379"),
    ("Error: getaddrinfo EAI_AGAIN db.shop.svc", "no-answer-from-dns", "db.shop.svc"),
    ("Error: connect ETIMEDOUT 10.0.0.1:443", "timed-out", "10.0.0.1:443"),
    ("Caused by: java.net.UnknownHostException: db: Name or service not known", "unresolved", "db"),
    (
        "org.postgresql.util.PSQLException: Connection to db:5432 refused. Check that the hostname and port are correct",
        "refused",
        "db:5432",
    ),
    (
        "org.apache.http.conn.HttpHostConnectException: Connect to db:8080 [db/10.96.0.1] failed: Connection refused (Connection refused)",
        "refused",
        "db:8080",
    ),
    (
        "io.netty.channel.AbstractChannel$AnnotatedConnectException: Connection refused: db/10.96.0.1:8080",
        "refused",
        "db:8080",
    ),
    (
        'Failed to open TCP connection to db:5432 (Connection refused - connect(2) for "db" port 5432) (Errno::ECONNREFUSED)',
        "refused",
        "db:5432",
    ),
    (
        "PHP Warning:  stream_socket_client(): unable to connect to tcp://db:3306 (Connection refused) in /app/x.php on line 3",
        "refused",
        "db:3306",
    ),
    ("curl: (7) Failed to connect to db port 8080 after 0 ms: Couldn't connect to server", "refused", "db:8080"),
    ("curl: (6) Could not resolve host: db", "unresolved", "db"),
    ("curl: (28) Failed to connect to db port 80 after 2001 ms: Timeout was reached", "timed-out", "db:80"),
    ("curl: (28) Connection timed out after 5001 milliseconds", "timed-out", None),
    ("nc: can't connect to remote host (10.96.1.1): Connection refused", "refused", "10.96.1.1"),
    ("nc: bad address 'db'", "unresolved", "db"),
    ("wget: bad address 'db:8080'", "unresolved", "db:8080"),
    ("nc: connect to db (10.96.0.1) port 5432 (tcp) failed: Connection refused", "refused", "db:5432"),
    (
        'nginx: [emerg] host not found in upstream "backend" in /etc/nginx/conf.d/default.conf:3',
        "unresolved",
        "backend",
    ),
    (
        'nginx: [emerg] host not found in upstream "backend:8080" in /etc/nginx/conf.d/default.conf:3',
        "unresolved",
        "backend:8080",
    ),
    (
        (
            "2026/11/25 10:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, "
            'client: 10.244.0.1, server: localhost, request: "GET / HTTP/1.1", upstream: "http://10.96.1.1:8080/", host: '
            '"10.244.0.7:80"'
        ),
        "refused",
        "10.96.1.1:8080",
    ),
    (
        (
            "2026/11/25 10:00:00 [error] 7#7: *1 upstream timed out (110: Connection timed out) while connecting to "
            'upstream, client: 10.244.0.1, server: localhost, request: "GET / HTTP/1.1", upstream: '
            '"http://10.96.1.1:8080/", host: "x"'
        ),
        "timed-out",
        "10.96.1.1:8080",
    ),
    (
        "All host(s) tried for query failed (tried: ledger:9042) - no available connection",
        "unreachable",
        "ledger:9042",
    ),
    ("No alive nodes found in your cluster: search:9200", "unreachable", "search:9200"),
    ("no healthy endpoints", None, None),
    ("bash: line 1: /dev/tcp/db/5432: Connection refused", "refused", "db:5432"),
    (
        (
            "urllib3.exceptions.MaxRetryError: HTTPConnectionPool(host='db', port=8080): Max retries exceeded with url: / "
            "(Caused by NewConnectionError('<urllib3.connection.HTTPConnection object at 0x7f>: Failed to establish a new "
            "connection: [Errno 111] Connection refused'))"
        ),
        "refused",
        "db:8080",
    ),
    (
        (
            "requests.exceptions.ConnectTimeout: HTTPConnectionPool(host='db', port=8080): Max retries exceeded with url: "
            "/ (Caused by ConnectTimeoutError(<urllib3.connection.HTTPConnection object at 0x7>, 'Connection to db timed "
            "out. (connect timeout=3)'))"
        ),
        "timed-out",
        "db:8080",
    ),
    (
        "aiohttp.client_exceptions.ClientConnectorError: Cannot connect to host db:8080 ssl:default [Connection refused]",
        "refused",
        "db:8080",
    ),
    ("pymongo.errors.ServerSelectionTimeoutError: db:27017: [Errno 111] Connection refused", "refused", "db:27017"),
    (
        (
            "%3|1700|FAIL|rdkafka#producer-1| [thrd:kafka:9092/bootstrap]: kafka:9092/bootstrap: Connect to "
            "ipv4#10.96.0.1:9092 failed: Connection refused"
        ),
        "refused",
        "10.96.0.1:9092",
    ),
    ("System.Net.Http.HttpRequestException: Connection refused (db:5432)", "refused", "db:5432"),
    ("System.Net.Http.HttpRequestException: Name or service not known (db:5432)", "unresolved", "db:5432"),
    (
        "** (DBConnection.ConnectionError) tcp connect (db:5432): connection refused - :econnrefused",
        "refused",
        "db:5432",
    ),
    ("wait-for-it.sh: timeout occurred after waiting 15 seconds for db:5432", "timed-out", "db:5432"),
    ("** server can't find db.default.svc.cluster.local: NXDOMAIN", "unresolved", "db.default.svc.cluster.local"),
    ("nslookup: can't resolve 'db'", "unresolved", "db"),
    (";; connection timed out; no servers could be reached", "no-answer-from-dns", None),
    ("socket.gaierror: [Errno -2] Name or service not known", "unresolved", None),
    ("ConnectionRefusedError: [Errno 111] Connection refused", "refused", None),
    (
        (
            'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp '
            '10.96.0.1:50051: connect: connection refused"'
        ),
        "refused",
        "10.96.0.1:50051",
    ),
    (
        "Connection to node -1 (kafka/10.96.0.1:9092) could not be established. Broker may not be available. Connection refused",
        "refused",
        "kafka:9092",
    ),
    ("SQLSTATE[HY000] [2002] Connection refused", "refused", None),
    ("redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB snapshots", "unable", None),
    ("LOADING Redis is loading the dataset in memory", "unable", None),
    ("prefetch failed: 503 Service Unavailable: upstream connect error or disconnect", "unable", None),
    ("NoNodeAvailableException[None of the configured nodes are available: [{es:9200}]]", "unreachable", "es:9200"),
    ('could not translate host name "$(DB_HOST)" to address: Name or service not known', "unresolved", None),
    ("FATAL:  sorry, too many clients already", "unable", None),
    ("psql: FATAL:  the database system is starting up", "unable", None),
    ("org.postgresql.util.PSQLException: The connection attempt failed.", "unreachable", None),
    (
        "SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for db failed: Name or service not known",
        "unresolved",
        "db",
    ),
    ('Error: Os { code: 111, kind: ConnectionRefused, message: "Connection refused" }', "refused", None),
    (
        "redis.exceptions.AuthenticationError: WRONGPASS invalid username-password pair or user is disabled.",
        "rejected",
        None,
    ),
    ("nc: db (10.96.0.1:5432): Connection refused", "refused", "10.96.0.1:5432"),
    ("HttpClientErrorException$Unauthorized: 401 : [no body]", "rejected", None),
    (
        'Post "https://idp:8443/token": tls: failed to verify certificate: x509: certificate signed by unknown authority',
        "untrusted",
        "idp:8443",
    ),
    (
        'Get "https://10.96.0.7:8443/": x509: cannot validate certificate for 10.96.0.7 because it doesn\'t contain any IP SANs',
        "untrusted",
        "10.96.0.7:8443",
    ),
    (
        "SSLError: HTTPSConnectionPool(host='idp', port=8443): [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
        "untrusted",
        "idp:8443",
    ),
    (
        "javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path to requested target",
        "untrusted",
        None,
    ),
    (
        "Caused by: SunCertPathBuilderException: unable to find valid certification path to requested target",
        "untrusted",
        None,
    ),
    ("Error: unable to verify the first certificate", "untrusted", None),
    ("  code: 'DEPTH_ZERO_SELF_SIGNED_CERT'", "untrusted", None),
    ("Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames", "untrusted", None),
    ("curl: (60) SSL certificate problem: unable to get local issuer certificate", "untrusted", None),
    ("The remote certificate is invalid because of errors in the certificate chain: PartialChain", "untrusted", None),
    ("http: TLS handshake error from 10.244.0.3:51234: remote error: tls: unknown certificate authority", None, None),
    ("tls: failed to find any PEM data in certificate input", None, None),
    ('oauth2: cannot fetch token: 401 Unauthorized Response: {"error":"invalid_client"}', "rejected", None),
    ("OAuth2AuthorizationException: [invalid_client] Client not found", "rejected", None),
    (
        "Connection to node -1 (kafka/10.96.4.2:9092) could not be established. Node may not be available.",
        "unreachable",
        "kafka:9092",
    ),
    ("haproxy.cfg:7] : 'server amqp/mq' : could not resolve address 'mq.brokers'.", "unresolved", "mq.brokers"),
    ("[ERROR] Can't connect to ('0.0.0.0', 8000)", None, None),
    ("ssh: Could not resolve hostname db: Name or service not known", "unresolved", "db"),
    ("getaddrinfo: Name or service not known (SocketError)", "unresolved", None),
    ("dial tcp 10.96.3.1:5432: connect: no route to host", "unreachable", "10.96.3.1:5432"),
    ("com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure", None, None),
    ("listening on 0.0.0.0:8080", None, None),
    ("wget: can't connect to remote host (10.96.7.7): Connection refused", "refused", "10.96.7.7"),
    (
        "failed to connect to `host=db user=app database=app`: dial error (dial tcp 10.96.3.1:5432: connect: connection refused)",
        "refused",
        "10.96.3.1:5432",
    ),
    (
        "failed to connect to `host=db user=app database=app`: hostname resolving error (lookup db on 10.96.0.10:53: no such host)",
        "unresolved",
        "db",
    ),
    (
        "MongoNetworkError: failed to connect to server [mongo:27017] on first connect [Error: connect ECONNREFUSED 10.96.9.9:27017",
        "refused",
        "mongo:27017",
    ),
    ("PG::ConnectionBad: could not connect to server: Connection refused", "refused", None),
    ('\tIs the server running on host "db" (10.96.1.2) and accepting', None, None),
    ("bash: line 1: db: Name or service not known", "unresolved", "db"),
    ("GET /users/42 HTTP/1.1 404 not found in 12ms", None, None),
    ("panic: runtime error: index out of range [3] with length 3 at main.go:42", None, None),
]


OTHERS = [
    "ModuleNotFoundError: No module named 'weather_grid'",
    "Module not found: Error: Can't resolve 'react' in '/app/src'",
    "Error: Can't resolve './routes' in '/app'",
    "npm ERR! Could not resolve dependency: peer react@18",
    "Could not resolve placeholder 'DB_URL' in value \"${DB_URL}\"",
    "error: could not resolve module path",
    "PageNotFoundException: /checkout",
    "connect_timeout_seconds must be a number",
    "MissingTimeoutError: timeout not set",
]


@pytest.mark.parametrize("line", OTHERS)
def test_a_line_that_is_not_about_the_network(line: str) -> None:
    assert kind_of(line) is None


@pytest.mark.parametrize(("line", "kind", "target"), LINES)
def test_reads_a_line(line: str, kind: str | None, target: str | None) -> None:
    told = kind_of(line)
    found = target_of(line, told) if told else None
    assert (told, str(found) if found else None) == (kind, target)


REFUSED = "redis.exceptions.ConnectionError: Error 111 connecting to cache:6379. Connection refused."
NODE = """Error: connect ECONNREFUSED 10.96.0.1:5432
    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16) {
  errno: -111,
  code: 'ECONNREFUSED',
  syscall: 'connect',
  address: '10.96.0.1',
  port: 5432
}

Node.js v18.19.0"""
JAVA = """org.postgresql.util.PSQLException: Connection to db:5432 refused. Check that the hostname and port are correct
\tat org.postgresql.core.v3.ConnectionFactoryImpl.openConnectionImpl(ConnectionFactoryImpl.java:342)
\tat org.postgresql.Driver.connect(Driver.java:297)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
\t... 23 more"""
LIBPQ = """psycopg2.OperationalError: connection to server at "db" (10.96.3.1), port 5432 failed: Connection refused
\tIs the server running on that host and accepting TCP/IP connections?"""
ENDS: list[tuple[str, str | None]] = [
    (REFUSED, "cache:6379"),
    (NODE, "10.96.0.1:5432"),
    (JAVA, "db:5432"),
    (LIBPQ, "db:5432"),
    (f"{REFUSED}\ngiving up", "cache:6379"),
    ("WARNING: unable to establish a database connection to 'db:3306'", "db:3306"),
    (f"{REFUSED}\nERROR: no database\nERROR: For more details run the same command with --verbose", "cache:6379"),
    (f"{REFUSED}\nERROR: the ledger is torn\nERROR: For more details run the same command with --verbose", None),
    (f"{REFUSED}\nWarm shutdown\n[WARNING] Closing pool ...\nGoodbye!", "cache:6379"),
    (
        "ERROR: TCP attempt failed: timed out; dest=(6, '', ('10.96.0.1', 5671))\na.AMQPConnectionError",
        "10.96.0.1:5671",
    ),
    (f"{REFUSED}\nTasks: TOP => db:prepare\n(See full trace by running task with --trace)", "cache:6379"),
    (f"{REFUSED}\nconnected to cache:6379\nValueError: 3 of 2 shelves", None),
    (f"{REFUSED}\nValueError: 3 of 2 shelves", None),
    (f"{REFUSED}\n" + "serving\n" * 20, None),
    ("dial tcp: lookup db on 10.96.0.10:53: no such host\n" + REFUSED, "cache:6379"),
    ("connecting to cache:6379\nerror: connection refused", None),
    (
        f"{REFUSED}\nERROR Unexpected exception, exiting abnormally\njava.io.IOException: no quorum within initLimit",
        "cache:6379",
    ),
    (f"{REFUSED}\n[ERROR] too many authentication failures, exiting", "cache:6379"),
    ("all is well", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "target"), ENDS)
def test_the_last_failure_before_the_end_counts(text: str, target: str | None) -> None:
    found = last_failure(text, ended=True)
    assert (str(found.target) if found and found.target else None) == target


def test_what_runs_may_say_other_things_between_two_tries() -> None:
    text = f"{REFUSED}\nGET /healthz 503"
    assert last_failure(text, ended=True) is None
    found = last_failure(text, ended=False)
    assert found is not None
    assert str(found.target) == "cache:6379"


@pytest.mark.parametrize(
    ("text", "at_once", "found"),
    [
        (f"{REFUSED}\nasking for prices", 2, True),
        (f"{REFUSED}\nconnected to the cache\nasking for prices", 3, True),
        (f"{REFUSED}\nasking for prices", 1, False),
        (f"{REFUSED}\nasking for prices\n3 prices", 2, False),
        (f"{REFUSED}; going on without it\nshelf 12 has no plan", 2, False),
        (f"{REFUSED}\nValueError: 3 of 2 shelves", 2, False),
    ],
)
def test_what_was_said_in_the_same_moment_may_have_come_before(text: str, at_once: int, found: bool) -> None:
    """Standard output and standard error are written down in no certain order."""
    assert (last_failure(text, ended=True, at_once=at_once) is not None) is found


def test_what_was_said_in_the_same_moment_counts_while_it_runs() -> None:
    assert last_failure(f"{REFUSED}\nconnected to cache:6379", ended=False, at_once=2) is None


def test_a_place_in_the_code_is_no_address() -> None:
    text = "SQLSTATE[HY000] [2002] Connection refused (Connection: mysql)\n\n  40  artisan:35\n      Kernel::handle()"
    found = last_failure(text, ended=True)
    assert found is not None
    assert (found.target, found.around) == (None, ())


def test_lines_beside_it_are_told_apart_from_its_own() -> None:
    found = last_failure("connecting to cache:6379\nConnectionRefusedError: [Errno 111] Connection refused", ended=True)
    assert found is not None
    assert found.target is None
    assert [str(target) for target in found.around] == ["cache:6379"]


SPECS: list[tuple[dict[str, Any], list[str]]] = [
    ({"command": ["sh", "-c", "until nc -z db 5432; do sleep 2; done"]}, ["db:5432"]),
    ({"command": ["sh", "-c", "until nc -w 2 -z $DB_SERVICE_HOST $DB_SERVICE_PORT; do sleep 2; done"]}, ["db"]),
    ({"command": ["sh", "-c", "nslookup ${QUEUE}"], "env": [{"name": "QUEUE", "value": "jobs.shop"}]}, ["jobs.shop"]),
    ({"command": ["pg_isready", "-h", "$(DB_HOST)"], "env": [{"name": "DB_HOST", "value": "db"}]}, ["db"]),
    ({"args": ["pg_isready -h db -p 5433"]}, ["db:5433"]),
    ({"args": ["curl -s --retry 5 web/healthz"]}, ["web"]),
    ({"args": ["until wget -qO- -T 3 http://search:9200/health; do sleep 3; done"]}, ["search:9200"]),
    ({"args": ["nc -w 3 $HOST 80; ping -c 3 $HOST; nc -w 3 10.9.8.7 80"]}, ["10.9.8.7:80"]),
    ({"args": ["wait-for-it.sh", "db:5432", "--", "run"]}, ["db:5432"]),
    ({"args": ["until (echo > /dev/tcp/db/5432); do sleep 1; done"]}, ["db:5432"]),
    ({"args": ["socket.create_connection(('db', 5432))"]}, ["db:5432"]),
    ({"env": [{"name": "DATABASE_URL", "value": "postgres://app:x@db/app"}]}, ["db:5432"]),
    ({"env": [{"name": "REDIS_HOST", "value": "cache"}, {"name": "REDIS_PORT", "value": "6380"}]}, ["cache:6380"]),
    ({"env": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "MODE", "value": "fast"}]}, []),
    ({"command": None, "env": [None, {"name": "X_HOST", "valueFrom": {}}]}, []),
    ({}, []),
]


@pytest.mark.parametrize(("spec", "named"), SPECS)
def test_finds_the_addresses_of_a_spec(spec: dict[str, Any], named: list[str]) -> None:
    assert [str(target) for target in addresses(spec)] == named
