# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a container says of the network: which address it could not use, and in which way.

The words are those of the usual runtimes and clients: Go, Java, Python, Node.js, Ruby, PHP, .NET, Rust, libpq, MySQL, Redis,
curl, busybox, bash and nginx.  They are evidence of second rank, and anybody can write them: whoever uses them needs a fact of
the cluster beside them.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

Kind = t.Literal[
    "unresolved", "no-answer-from-dns", "refused", "timed-out", "unreachable", "untrusted", "rejected", "unable"
]

IN_WORDS: t.Final[t.Mapping[Kind, str]] = {
    "unresolved": "the name is not found",
    "no-answer-from-dns": "the DNS does not answer",
    "refused": "connection refused",
    "timed-out": "no answer in time",
    "unreachable": "it can't be reached",
    "untrusted": "its certificate is not accepted",
    "rejected": "the login is rejected",
    "unable": "it answers that it can't do what it is asked",
}
DNS: t.Final = frozenset({"unresolved", "no-answer-from-dns"})


@dataclasses.dataclass(frozen=True)
class Target:
    """An address as it was written; ``port`` is None where none was."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Failure:
    """The last thing that failed: ``line`` says how, ``target`` is what it names, ``around`` what the lines beside it name."""

    kind: Kind
    line: str
    target: Target | None
    around: tuple[Target, ...] = ()


# What compilers, loaders of modules and templates can't resolve.
_NO_NAME: t.Final = (
    r"(?:the |all |any )?(?:placeholder|dependenc|modul|symbol|import|plugin|packag|type|class|bean|path|ref|version|schema"
    r"|entry|loader|conflict|reference|variable|['\"]?[./@$])"
)
_KINDS: t.Final[tuple[tuple[Kind, str], ...]] = (
    (
        "no-answer-from-dns",
        (
            r"(?i)\blookup \S+(?: on \S+)?: .*(?:i/o timeout|connection refused|server misbehaving)"
            r"|temporary failure in name resolution|EAI_AGAIN|no servers could be reached|resolution timed out"
            r"|resolver?(?:ing)? timed out|temporary failure resolving|could not be resolved \(\d+: operation timed out"
        ),
    ),
    (
        "unresolved",
        (
            r"(?i)\bno such host\b(?!-)|name or service not known|name does not resolve|\bENOTFOUND\b|\bbad address '"
            rf"|(?<!module not found: error: )(?:could ?n[o']t|can'?t) resolve(?! {_NO_NAME})|could not translate host name"
            r"|host not found|unknown ?host"
            r"|server can't find|no address associated with|nodename nor servname|NXDOMAIN|unknown mysql server host"
            r"|getaddrinfo fail|gaierror|could not be resolved|name resolution fail|no such host is known"
        ),
    ),
    (  # what who asks says of whom it asked; what a server says of its clients ("remote error: tls") is none of it
        "untrusted",
        (
            r"(?i)x509: (?:certificate|cannot validate)|certificate verify failed|\bself[- ]?signed certificate"
            r"|PKIX path (?:building|validation) failed|unable to find valid certification path"
            r"|unable to (?:get (?:local )?issuer certificate|verify the first certificate)|SSL certificate problem"
            r"|certificate (?:signed by unknown authority|has expired|is not trusted|subject name .{0,80} does not match)"
            r"|No subject alternative (?:DNS )?names? |does not match (?:the )?certificate"
            r"|remote certificate (?:is|was) (?:invalid|rejected)|\bERR_TLS_CERT_ALTNAME_INVALID|\bCERT_HAS_EXPIRED"
            r"|\bDEPTH_ZERO_SELF_SIGNED_CERT|\bUNABLE_TO_\w+_(?:CERT\w*|SIGNATURE)\b"
        ),
    ),
    (
        "rejected",
        (
            r"(?i)password authentication failed|authentication failed|access denied for user|invalid username-password"
            r"|\bWRONGPASS\b|\bNOAUTH\b|ACCESS_REFUSED|login failed for user|no pg_hba\.conf entry|ORA-01017"
            r"|role \"[^\"]+\" does not exist|(?<!too many )auth(?:entication)? (?:error|failure|required)"
            r"|invalid (?:user ?name or )?password"
            r"|SASL auth\w* fail|\b40[13] (?:unauthorized|forbidden)\b(?!-)|status code 40[13]\b"
            r"|\b(?:unauthorized|forbidden): 40[13]\b|\binvalid_client\b|\bunauthorized_client\b|\binvalid_grant\b"
        ),
    ),
    (  # Redis, PostgreSQL, MySQL, proxies
        "unable",
        (
            r"\bMISCONF\b|\bLOADING Redis\b|\bCLUSTERDOWN\b|\bREADONLY You can't write"
            r"|(?i:\btoo many (?:connections|clients)\b|\bmax number of clients reached|\bremaining connection slots are reserved"
            r"|\bdatabase system is (?:starting up|shutting down|in recovery mode)|server closed the connection unexpectedly"
            r"|\b50[23]:? (?:bad gateway|service (?:temporarily )?unavailable)\b|upstream connect error|no healthy upstream)"
        ),
    ),
    (
        "refused",
        (
            r"(?i)connection ?refused|ECONNREFUSED|actively refused|\bconnect(?:ion)? to (?:the server )?\S+ (?:was )?refused|econnrefused"
            r"|couldn't connect to server|on '[^']+' \(111\)|errno:? 111\b|error 111\b"
        ),
    ),
    (
        "timed-out",
        (
            r"(?i)i/o timeout|ETIMEDOUT|ESOCKETTIMEDOUT|\btimed[ -]?out\b|connect(?:ion)? ?timeout|timeout (?:expired|exceeded|was reached)"
            r"|timeout (?:occurred after waiting|(?:while |when )?(?:connecting|reading from socket))"
            r"|deadline exceeded|(?:Connect|Socket|Read)Timeout|on '[^']+' \(110\)|errno:? 110\b"
        ),
    ),
    (
        "unreachable",
        (
            r"(?i)no route to host|EHOSTUNREACH|ENETUNREACH|(?:network|host) is unreachable|on '[^']+' \(113\)"
            r"|\bconnection attempt failed|\bConnectException\b"
        ),
    ),
)
_VAGUE: t.Final = (
    r"(?i)(?:can(?:no|')t|could ?n[o']t|failed to|unable to|error) (?:(?:\w+ )?(?:connect|connecting|reach|contact|dial)\b"
    r"|(?:establish|open|creat|mak|get|obtain|acquir)\w* (?:\w+ ){0,3}connections?\b)"
    r"|\bunavailable\b|\bnot (?:be )?(?:available|reachable|responding|answering)\b|\bconnection (?:failed|error|lost)\b"
    r"|\ball (?:\w+ )?(?:host|node|broker|server|endpoint|replica)(?:s|\(s\)) .{0,60}\b(?:fail|down\b)"
    r"|\bno(?:ne of the .{0,30})?(?:node|host|broker|server|endpoint)s? ?(?:are )?available"
    r"|\bno (?:available|alive|live|reachable|healthy) (?:\w+ )?(?:connection|host|node|broker|server|endpoint|replica)s?\b"
)
# What a line says that tells of the end of the trouble.
_RECOVERED: t.Final = (
    r"(?i)(?<!not )(?<!dis)\b(?:re-?)?connected\b|connection (?:\w+ )?(?:established|restored|succeeded|ok)\b|\brecovered\b"
    r"|\b(?:is|are) (?:up|available|reachable)\b|now (?:up|available|ready)|successfully"
)
# What a line says of a trouble that the program lives with.
_TOLERATED: t.Final = (
    r"(?i)\b(?:info|debug|warn(?:ing)?|ignor\w*|skip\w*|continu\w*|proceed\w*|going on|anyway|without|disabl\w*|optional\w*"
    r"|fall(?:s|ing)? ?back|degraded|retry\w*)\b"
)
# The program's own conclusion from it.
_CONCLUSION: t.Final = (
    r"(?i)connect|giv(?:e|es|ing|en) up|unavailable|unreachable|retr(?:y|ies)|attempt|exhausted|upstream|backend|depend|database"
    r"|\bwait|\btime[ds]?[ -]?out"
    r"|broker|could not reach|can(?:no|')t reach|\bboot|start|initiali[sz]|\bexit|abort|\bshut|\bstopp?ing|\bquit|\bclos(?:ing|ed)\b|bye\b"
    r"|\bstopped\b|\bterminat|\bdrain|deploy"
    r"|(?:problem|error|fail\w*|unable) (?:in |to )?run|leader ?election|\bquorum\b"
)
# Lines of a stack trace, of an error's own fields, and other continuations: they belong to what stands before them.
_CONTINUES: t.Final = (
    r"\s|at |\.{3} \d+ |[\]})>]+;?$|goroutine |\[signal |created by |\S+\((?:\)$|\.{3}\)$|\{?0x)|Node\.js v|npm |exit status \d|from /"
    r"|#\d+ |(?i:stack ?trace:$|note: run with )|Tasks: TOP |\(See full trace "
    r"|\S*sh: (?:line \d+: )?/dev/(?:tcp|udp)/\S+ Invalid argument"
)
# Last words that only tell what the exit code tells; those that servers have for every end.
_SAYS_NOTHING: t.Final = (
    r"(?i)^\W*(?:now |process |program )?(?:exit\w*|abort\w*|quit\w*|terminat\w*|(?:good)?bye|killed)"
    r"(?: (?:with|status|code|now))*\W*\d*\W*(?:core dumped\W*)?$"
    r"|\bWorker \(pid:\d+\) exited with code|\bShutting down: Master"
    r"|\bReason: Worker failed to boot|\bdid not exit normally\b|\baborting after fassert|\] Aborting$"
    r"|\bApplication startup failed\. Exiting"
    r"|\bFor more (?:details|information|help)\b"
)
_COMPLAINS: t.Final = (
    r"(?i)^(?!.*\b(?:info|debug|warn(?:ing)?|ignor\w*|continu\w*|retry\w*)\b).*(?:\w(?:Error|Exception)\b"
    r"|\b(?:err(?:or)?s?|fatal|panic\w*|critical|emerg|exception|fail\w*|mismatch|missing|invalid|denied|refused|caused by|unable"
    r"|can(?:no|')t|could ?n[o']t)\b)"
)
_CLOSE: t.Final = 12
_AROUND: t.Final = 20

_LABEL: t.Final = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
NAME: t.Final = rf"{_LABEL}(?:\.{_LABEL})*"
PORT: t.Final = r"(?P<port>\d{1,5})(?!\d)"
_PORTS: t.Final = {
    "http": 80,
    "ws": 80,
    "https": 443,
    "wss": 443,
    "redis": 6379,
    "rediss": 6379,
    "mysql": 3306,
    "mariadb": 3306,
    "postgres": 5432,
    "postgresql": 5432,
    "amqp": 5672,
    "amqps": 5671,
    "mongodb": 27017,
    "nats": 4222,
    "ldap": 389,
    "memcached": 11211,
    "kafka": 9092,
    "sqlserver": 1433,
    "mqtt": 1883,
    "clickhouse": 9000,
}
# In this order where two begin at the same place.
_TARGETS: t.Final[tuple[str, ...]] = (
    rf"(?i)\b(?P<scheme>[a-z][a-z0-9]*)(?:\+\w+)?(?::[a-z]+)?://(?:[^\s/@\"']*@)?(?P<host>{NAME})(?::{PORT})?",
    rf"->(?P<host>{NAME}):{PORT}",
    rf"/dev/(?:tcp|udp)/(?P<host>{NAME})/{PORT}",
    rf"\blookup (?P<host>{NAME})\.?(?=:| on )",
    rf"(?:ENOTFOUND|EAI_AGAIN) (?P<host>{NAME})(?::{PORT})?",
    rf"(?i)bad address '(?P<host>{NAME})(?::{PORT})?'",
    rf"(?i)(?:resolve|resolving|translate|unknown) (?:mysql server )?(?:address|host(?: ?name|(?! ?name))):? ['\"]?(?P<host>{NAME})",
    rf"(?i)(?:getaddrinfo for|(?:resolve|resolving|server) ['\"])\s?(?P<host>{NAME})",
    rf"(?i)can't (?:find|resolve) '?(?P<host>{NAME})\.?'?",
    rf"sh: (?:line \d+: )?(?P<host>{NAME}): (?:Name or service not known|Temporary failure in name resolution)",
    rf"UnknownHost(?:Exception|Error)?:? (?P<host>{NAME})",
    rf"(?i)(?:MySQL server on|upstream) ['\"](?P<host>{NAME})(?::{PORT})?['\"]",
    rf"(?i)(?:MySQL server on|connect to|server at|connection to) ['\"]?(?P<host>{NAME})['\"]?,? (?:\([^)]*\),? )?port {PORT}",
    rf"(?i)\bhost[\"']?\s?[=:]?\s?[\"'](?P<host>{NAME})[\"'](?:[^\n]{{0,60}}?\bport\b\W{{0,4}}{PORT})?",
    rf"(?i)\bto (?:host )?(?P<host>{NAME}) (?:\([^)]*\) )?(?:on )?port {PORT}",
    rf"(?i)remote host \((?P<host>{NAME})\)(?::{PORT})?",
    rf"(?i)\b(?:connection|connect) to (?P<host>{NAME}) (?:timed out|failed|refused)",
    rf"(?<![\w.:@/-])(?P<host>{NAME})(?:/[\d.]*)?:{PORT}(?![\w:.-]*:\d)",
    rf"(?i)\baddress: '(?P<host>{NAME})'",
    rf"\('(?P<host>{NAME})', {PORT}\)",
)
# Where a server listens: gunicorn says "Can't connect to" of it.
_EVERYWHERE: t.Final = r"0\.0\.0\.0"
# A line of a stack trace that is nothing but a place in the code: Laravel numbers them.
_FRAME: t.Final = r"\s*\d+\s+[\w./]+:\d+\s*$"
# Words before a colon and a number that are no host.
_NO_HOST: t.Final = (
    r"(?i)line|port|code|errno|pid|tid|col|status|took|count|attempts?|retry|retries|exit|id|level|error|time|ts|age|size|len|length|version|v"
    r"|step|node|host|thread|warning|info|debug|fatal|https?|tcp|udp|timeout|try|row|index|after|in|at|to"
)
_FILE: t.Final = (
    r"(?i)\.(?:py|go|js|mjs|cjs|ts|java|kt|rb|php|cs|cpp|cc|c|h|conf|cfg|ya?ml|json|ex|exs|erl|lua|pl|scala|log|sock)$"
)
_ADDRESS: t.Final = r"\d{1,3}(?:\.\d{1,3}){3}"


def last_failure(text: str, ended: bool, at_once: int = 1) -> Failure | None:
    """The last thing that failed before a run ended, or (``ended`` false) that fails now; None where it went on to something else.

    ``at_once`` of the last lines have no certain order.
    """
    lines = told(text)
    found: tuple[int, Kind] | None = last_word(lines, kind_of, ended, at_once)
    if found is None:
        return None
    number, kind = found
    first, kind, target = _whole(lines, number, kind)
    around = [each for line in reversed(lines[max(0, first - _AROUND) : number + 8]) for each in targets(line)]
    return Failure(kind, lines[first].strip(), target, tuple(dict.fromkeys(around)))


def complaint(lines: t.Sequence[str]) -> str:
    """The last line that tells of an error, if little but its stack trace stands between it and the end; what a colon announces follows."""
    last = _telling(lines)[-_CLOSE:]
    number = next((n for n in range(len(last) - 1, -1, -1) if re.search(_COMPLAINS, last[n])), None)
    if number is None:
        return ""
    announced = last[number + 1 : number + 2] if last[number].rstrip().endswith(":") else []
    return next((line for line in announced if not line.rstrip().endswith(":")), last[number])


def headline(lines: t.Sequence[str]) -> str:
    """What of its last words tells most: an error, or else the last line that is more than an exit code in words."""
    return complaint(lines) or (_telling(lines) or [*lines] or [""])[-1]


def _telling(lines: t.Sequence[str]) -> list[str]:
    return [line for line in lines if not re.match(_CONTINUES, line) and not re.search(_SAYS_NOTHING, line)]


def told(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


_Found = t.TypeVar("_Found")


def last_word(
    lines: t.Sequence[str], find: t.Callable[[str], _Found | None], ended: bool, at_once: int = 1
) -> tuple[int, _Found] | None:
    """The last line in which something is found, by its number; None where what follows shows that it was not the end of it.

    Of the last ``at_once`` lines nobody knows which followed: among them only another complaint counts, or that it says itself
    that the program goes on.
    """
    number = next((n for n in range(len(lines) - 1, -1, -1) if find(lines[n])), None)
    if number is None or not (found := find(lines[number])):
        return None
    after = _telling(lines[number + 1 :])
    if ended and number >= len(lines) - at_once and not complaint(after) and not re.search(_TOLERATED, lines[number]):
        return number, found
    if len(after) > _CLOSE or any(re.search(_RECOVERED, line) for line in after):
        return None
    if ended and after and not re.search(_CONCLUSION, complaint(after) or after[-1]):
        return None
    return number, found


def _whole(lines: t.Sequence[str], number: int, kind: Kind) -> tuple[int, Kind, Target | None]:
    """The line of the same trouble that names its target: an error is often told twice, the second time without.

    A chain of errors and the fields of an error object count as one; an unlike failure before it does not.
    """
    for n in range(number, max(-1, number - _CLOSE), -1):
        told = kind_of(lines[n])
        if told is None and not re.match(_CONTINUES, lines[n]):
            break
        if told in (kind, None) and (target := target_of(lines[n], told or kind)):
            return n, kind, target
    address = next(
        (each for line in lines[number : number + 8] if re.match(_CONTINUES, line) for each in targets(line)), None
    )
    return number, kind, address


def kind_of(line: str) -> Kind | None:
    """How the line says that something failed; vague words count only beside an address."""
    told_plainly = next((kind for kind, pattern in _KINDS if re.search(pattern, line)), None)
    if told_plainly is None and re.search(_VAGUE, line):
        asked = (target.host for target in targets(line) if target.port)
        return "unreachable" if any(not re.fullmatch(_EVERYWHERE, host) for host in asked) else None
    return told_plainly


def target_of(line: str, kind: Kind) -> Target | None:
    """What a line that tells of a failure is about: of several, the one that stands nearest before the failure's words."""
    match = re.search(dict(_KINDS)[kind], line) or re.search(_VAGUE, line)
    where = match.start() if match else len(line)
    found = list(_found(line))
    if (kind in DNS) and (names := [f for f in found if not re.fullmatch(_ADDRESS, f[1].host)]):
        found = names
    upstream = re.search(r"\bupstream: ", line)
    if upstream:  # nginx names the client, the server and the request beside it
        found = [each for each in found if each[0] > upstream.start()][:1] or found
    if not found:
        return None
    _place, target = min(found, key=lambda each: (where - each[0]) if each[0] < where else 1000 + each[0])
    return target


def targets(text: str) -> list[Target]:
    """Every address that the text names, in its order."""
    return list(dict.fromkeys(target for _place, target in _found(text)))


def _found(text: str) -> t.Iterator[tuple[int, Target]]:
    if re.match(_FRAME, text):
        return
    taken: list[tuple[int, int]] = []
    matches = [match for pattern in _TARGETS for match in re.finditer(pattern, text[:4000])]
    for match in matches:
        host, begin, end = match["host"], match.start("host"), match.end()
        if any(begin < other_end and end > other_begin for other_begin, other_end in taken) or not _plausible(match):
            continue
        taken.append((begin, end))
        groups = match.groupdict()
        scheme = (groups.get("scheme") or "").lower()
        port = int(groups["port"]) if groups.get("port") else _PORTS.get(scheme)
        yield begin, Target(host, port)


def _plausible(match: re.Match[str]) -> bool:
    host = match["host"]
    if re.fullmatch(_ADDRESS, host):
        return True
    port = match.groupdict().get("port")
    return (
        any(ch.isalpha() for ch in host)
        and not re.fullmatch(_NO_HOST, host)
        and not re.search(_FILE, host)
        and (not port or 0 < int(port) < 65536)
    )
