# Copyright (c) 2026, aiops.kubernetes contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that end because of their settings: a variable that is not there or holds nonsense, a file that can't be read.

The words are those of languages (Python, Ruby, PHP, shells), of libraries for settings (Spring, envconfig, pydantic) and of
servers (nginx, Redis, PostgreSQL).  Values of variables are looked at and never shown.
"""

from __future__ import annotations

import dataclasses
import json
import posixpath
import re
import typing as t

from .._model import fields
from .._model.finding import Candidate, EvidenceItem
from .._model.objects import SERVICE_ACCOUNT_FOLDER, Mount, Ref, mount_at, mounts_of
from . import _case
from ._failures import DNS, complaint, kind_of, last_failure
from ._near import near_misses
from ._reach import locate

_NAME: t.Final = r"(?P<name>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z][A-Z0-9]{2,})"
_LACKING: t.Final = (
    r"(?:(?:environment |env |config(?:uration)? )?(?:variable |var |parameter |setting |value |option )?"
    r"(?:is |was |are |has |must |should |needs? |to |be |been )*"
    r"(?:not (?:set|defined|found|provided|specified|configured|present|given)|unset|undefined|missing|required|mandatory|empty|blank"
    r"|(?<=be )(?:set|defined|provided|specified)|null or not set|parameter not set|unbound variable))"
)
# A variable that a program can do without is none that it ends over.
_HARMLESS: t.Final = (
    r"(?i)(?<!PHP )\bwarn(?:ing)?\b|\bus(?:e|es|ing) .{0,20}\bdefault|(?<!\bno )\bdefault(?:s|ing)? (?:to|value)\b"
    r"|\b(?:optional|ignor|skip)\w*|\bdeprecated\b|\bfall\w* ?back\b|(?-i:\b(?:INFO|DEBUG)\b)|\blevel\W{1,4}(?:info|debug)\b"
)
_MISSING: t.Final = (
    rf"(?:\bKeyError: |(?i:\bkey not found: ))['\":]?{_NAME}\b",
    rf"(?i:\bundefined (?:array key|index|variable|environment variable)|\bcould not resolve placeholder)\W+{_NAME}\b",
    rf"(?i:\brequired key) {_NAME} (?i:missing value)",
    rf"\b{_NAME}['\"`)}}]*\W{{1,3}}(?:because it )?(?i:{_LACKING})",
    rf"(?i:\benvironment variable not found)\W+{_NAME}\b",
    (
        r"(?i:\b(?:missing|requires?|required|undefined|unset|must (?:set|specify|provide|define)|no value for|specify"
        r"|(?:please|to) (?:set|specify|provide|define|export)|(?:cannot|can't|could not) find))\b"
        rf"(?:\W+[\w'-]+){{0,6}}?\W+{_NAME}\b"
    ),
)
_INVALID: t.Final = (
    (
        r"(?i:\b(?:invalid|malformed|illegal|bad|unsupported|unexpected|unknown|wrong"
        r"|(?:cannot|can't|could not|unable to|failed to) (?:parse|convert|read)))\b"
        rf"(?:\W+[\w'-]+){{0,6}}?\W+{_NAME}\b"
    ),
    (
        rf"\b{_NAME}\b.{{0,80}}?(?i:\b(?:invalid|malformed|illegal|not (?:a |an )?(?:valid|number|integer|boolean|url)"
        r"|must be (?:an? |one |between )|can(?:not|'t) be parsed))"
    ),
)
# What is said of a value that can't be what it should be, whatever it is called.
_UNUSABLE: t.Final = (
    r"(?i)\b(?:invalid|malformed|illegal|could not convert|(?:can(?:not|'t)|fail\w* to|unable to) (?:parse|convert)|parsing"
    r"|for input string|missing unit|not a (?:valid )?(?:number|integer|boolean|duration|port|url)|out of range)\b"
)
# Words in capitals that are codes of errors and no variables.
_CODE: t.Final = (
    r"^(?:ERR|ER|E[A-Z]{4,}|SQLSTATE|HTTP|TLS|SSL)(?:_|$)"
    r"|^(?:ERROR|WARN(?:ING)?|FATAL|CRITICAL|INFO|DEBUG|PANIC|NULL|NONE|TODO)$"
)
_OF_THE_ENVIRONMENT: t.Final = r"(?i)environ|getenv|<frozen os>|\bENV\b|process\.env"
# What a shell says of ${NAME:?why} and of set -u, with an exit code that else stands for a command that it can't find.
_SHELL: t.Final = rf"(?:^|/)\w{{0,2}}sh: (?:line \d+: |\d+: )?{_NAME}: (?!(?:command )?not found)."
_BAD_FILE: t.Final = (
    r"(?i)unknown directive|invalid number of arguments in|directive .* is not (?:terminated|allowed)|bad directive|config file error"
    r"|unrecognized configuration parameter|configuration file .* contains errors|syntax error on line"
    r"|\b(?:error\w*|fail\w*|fatal|unable to|can(?:not|'t)|could(?: not|n't)|invalid)\b.{0,40}"
    r"\b(?:config(?!map)\w*|settings|ya?ml|toml|json)\b"
    r"|\b(?:config(?!map)\w*|settings)\b.{0,40}\b(?:invalid|errors?|failed|malformed|missing|not present)\b|InvalidConfiguration"
    r"|(?:unknown|missing(?: required| mandatory)?) (?:configuration|field|keyword|option|setting|property)\b"
    r"|failed to bind properties|OptionsValidationException|unknown variable '[\w-]+(?:=|')|\bmissing `\w+` for '\w+' environment"
    r"|\bbad crontab line\b|\b(?:fernet|secret|encryption|signing) key must be\b"
    r"|yaml\.(?:scanner|parser)\.|\byaml: |\btoml: |cannot unmarshal|JSONDecodeError|in JSON at position|configparser\."
    r"|TOMLDecodeError|validation errors? for \w*(?:Settings|Config)"
    r"|\bPEM\b.{0,60}(?:no start line|bad (?:base64|end line))|(?:not a|no|invalid|failed to (?:find|decode) any) (?:valid )?PEM\b"
    r"|(?:fail\w*|unable|can(?:not|'t)|could(?: not|n't)) (?:to )?(?:load|read|parse|decode|open) .{0,40}"
    r"\b(?:certificates?|cert|private key|key ?(?:pair|store)|trust ?store)\b"
)
_NO_FILE: t.Final = (
    r"(?i)^(?!.*\b(?:info|debug|notice)\b).*(?:no such file or directory|\bENOENT\b|NoSuchFile|\bnot found\b"
    r"|\bis a directory\b|\bEISDIR\b"
    r"|\b(?:does not|doesn't) exist\b|(?:could not|couldn't|can(?:not|'t)|unable to) find\b)"
)
# Not what Spring says of a property that it lacks, which is a variable that is missing.
_PLACEHOLDER: t.Final = (
    r"^(?!.*\bplaceholder\b).*?(?P<word>\$\([A-Z][A-Z0-9_]*\)|\{\{ ?[.$]?[\w.]+ ?\}\}|\$\{[A-Z][A-Z0-9_]*\})"
)
_REFERENCE: t.Final = r"(?<!\$)\$\(([A-Za-z_][\w.-]*)\)"
_OF_A_SERVICE: t.Final = r"_(?:SERVICE_HOST|SERVICE_PORT\w*|PORT\w*)$"
_LINK: t.Final = r"\btcp://(?P<address>\d{1,3}(?:\.\d{1,3}){3}):\d+"
# kubectl asks localhost:8080 where it has neither a kubeconfig nor a token.
_TOKEN: t.Final = (
    rf"(?i)(?P<file>{re.escape(SERVICE_ACCOUNT_FOLDER)}\b)|\bconnection to the server localhost:8080 was refused"
)
_NOT_ITS_FAULT: t.Final = r"(?i)permission denied|\bEACCES\b|read-only file ?system|\bEROFS\b"
_SPEAKS_OF_SETTINGS: t.Final = (
    r"(?i)config(?!map)|setting|directive|bind properties|OptionsValidation|unknown variable|' environment\b"
    r"|crontab|key must be"
)
_PATH: t.Final = r"(?<![\w.:/~-])(/[\w.@+-]+(?:/[\w.@+-]+)*)"
# What a program is told to run, not what it is told to read.
_INTERPRETER: t.Final = r"(?:^|/)(?:\w{0,3}sh|python[\d.]*|node|ruby|perl|php|java)$"
_SCRIPT: t.Final = r"(?i)\.(?:py|sh|js|mjs|rb|pl|php|jar|lua)$"
_MOUNTED: t.Final = {"configMap": "ConfigMap", "secret": "Secret", "projected": "projected volume"}


@dataclasses.dataclass(frozen=True)
class _Environment:
    """The variables that a container gets: their literal values where they have one, and whether a Secret may add others."""

    values: t.Mapping[str, str | None]
    whole: bool


def configuration_invalid(case: _case.ContainerCase) -> _case.Judgement | None:
    """The program ends over one of its settings, which it names."""
    end = case.last_end
    if end and end.exit_code == 127 and not case.kill:
        return _missing_variable(case, (_SHELL,))
    if not case.gave_up:
        return None
    return (
        _missing_variable(case, (_SHELL, *_MISSING))
        or _unfilled(case)
        or _link(case)
        or _bad_value(case)
        or _no_token(case)
        or _missing_file(case)
        or _misplaced_file(case)
        or _bad_file(case)
    )


def _missing_variable(case: _case.ContainerCase, patterns: t.Sequence[str]) -> _case.Judgement | None:
    match = next((each for each in _told(case, patterns) if not re.search(_CODE, each["name"])), None)
    if match is None:
        return None
    name, environment = match["name"], _environment(case)
    value, lost = environment.values.get(name), dict(_lost(case)).get(name)
    if name in environment.values and value != "" and not lost:
        return None  # it is there: the program speaks of something else
    if (
        match.string.lstrip().startswith("KeyError")
        and not re.search(_OF_THE_ENVIRONMENT, case.log)
        and "_" not in name
    ):
        return None  # a key of its data
    former = next((revision for revision, spec in case.former_containers if name in _own_variables(spec)), None)
    near = near_misses(name, environment.values)
    proofs = [
        lost
        or EvidenceItem(
            "spec",
            f"{case.pod.ref}: {case.container.spec_place}.env",
            f"{name} is empty"
            if value == ""
            else f"{name} is none of {', '.join(sorted(environment.values)) or 'no variables'}",
        )
    ]
    not_there = lost is not None and lost.kind == "absence"
    if value == "":
        how = "sets it to nothing"
    elif not_there:
        how = "takes it from an optional key that is not there"
    elif environment.whole and not lost:
        how = "does not set it"
    else:
        how = "does not set it, unless a Secret does"
    if former:
        proofs.append(
            EvidenceItem("object", f"{case.workload}: revision {former.number}", f"revision {former.number} set {name}")
        )
    return _case.Judgement(
        summary=f"container {case.container.name} ends because variable {name} is {'empty' if value == '' else 'not set'}",
        explanation=f"The program names it and ends itself, and the container's spec {how}."
        + (f" Revision {former.number} did." if former else ""),
        evidence=(_case.quote_said(case, match), _case.quote_end(case), *proofs, *_rest(case, match)),
        next_step=_case.edit_command(case.workload) + f"   # set {name} for {case.container.name}",
        confidence="confirmed" if former or near or value == "" or not_there else "probable",
        candidates=tuple(Candidate(f"variable {each}", "the name is similar, and it is set") for each in near),
    )


def _told(case: _case.ContainerCase, patterns: t.Sequence[str]) -> t.Iterator[re.Match[str]]:
    """What the program said, without what it went on in spite of."""
    for pattern in patterns:
        match = _case.said(case, pattern)
        if match and not re.search(_HARMLESS, match.string):
            yield match


def _bad_value(case: _case.ContainerCase) -> _case.Judgement | None:
    values = _environment(case).values
    match = next(_told(case, _INVALID), None)
    if match and match["name"] in values:
        name = match["name"]
        quoted = bool(values[name]) and str(values[name]) in match.string
    elif (match := re.search(_UNUSABLE, _case.last_words(case))) and (found := _quoted_in(match.string, values)):
        name, quoted = found, True
    else:
        return None
    return _case.Judgement(
        summary=f"container {case.container.name} ends because it can't use the value of variable {name}",
        explanation=f"The program names the {'variable' if name in match.string else 'value'} and ends itself"
        + (
            ", and the value that it quotes is the one in the container's spec."
            if quoted
            else "; what the value is, it does not say."
        ),
        evidence=(
            _case.quote_said(case, match),
            _case.quote_end(case),
            EvidenceItem("spec", f"{case.pod.ref}: {case.container.spec_place}.env", f"{name} is set"),
        ),
        next_step=_case.edit_command(case.workload) + f"   # correct {name} of {case.container.name}",
        confidence="confirmed" if quoted else "probable",
    )


def _quoted_in(line: str, values: t.Mapping[str, str | None]) -> str | None:
    """The only variable whose literal value stands in quotes in the line, unless that tells of a connection."""
    names = [
        name
        for name, value in values.items()
        if value and len(value) > 1 and any(each in line for each in (f"'{value}'", f'"{value}"', json.dumps(value)))
    ]
    return names[0] if len(names) == 1 and not kind_of(line) else None


def _unfilled(case: _case.ContainerCase) -> _case.Judgement | None:
    """A value came with a placeholder in it that nobody filled: $(NAME) of a variable that is not there, or a template's."""
    line, word, written = _placeholder(case)
    if not word:
        return None
    place = f"{case.pod.ref}: {case.container.spec_place}"
    proofs = (EvidenceItem("spec", f"{place}.env[{written}]", f"{written} holds {word}"),) if written else ()
    return _case.Judgement(
        summary=f"container {case.container.name} ends because {word} stands where a value should"
        + (f", in variable {written}" if written else ""),
        explanation="The program got the placeholder itself: "
        + (
            "the kubelet fills in $(NAME) only where a variable of that name stands above it in env."
            if word.startswith("$(")
            else "what should have filled it in, such as Helm or envsubst, did not."
        ),
        evidence=(_case.quote_line(case, line), _case.quote_end(case), *proofs),
        next_step=_case.edit_command(case.workload) + f"   # give {case.container.name} the value instead of {word}",
        confidence="confirmed" if written else "probable",
    )


def _placeholder(case: _case.ContainerCase) -> tuple[str, str, str | None]:
    """The line that tells of it, what stands there, and in which variable: in the line, or as the host that it does not name."""
    match = next(_told(case, (_PLACEHOLDER,)), None)
    if match and (kind_of(match.string) or complaint([match.string])):
        word, values = match["word"], _environment(case).values.items()
        return match.string, word, next((name for name, value in values if value and word in value), None)
    name, word = next(_left_as_it_is(case), ("", ""))
    failure = last_failure(case.log, True, case.said_at_once) if name else None
    unnamed = failure and failure.kind in DNS and not failure.target
    return (failure.line, f"$({word})", name) if failure and unnamed else ("", "", None)


def _left_as_it_is(case: _case.ContainerCase) -> t.Iterator[tuple[str, str]]:
    """Each variable whose value names another as $(NAME) that does not stand above it, and which.

    Those of Services stand above all (Kubernetes 1.36 ``pkg/kubelet/kubelet_pods.go``), and those of envFrom, which may be any.
    """
    own, environment = _own_variables(case.container.spec), _environment(case)
    above = environment.values.keys() - own.keys()
    for name, value in own.items():
        for word in re.findall(_REFERENCE, value or ""):
            known = word in above or re.search(_OF_A_SERVICE, word)
            if not known and (word in own or environment.whole):
                yield name, word
        above = above | {name}


def _link(case: _case.ContainerCase) -> _case.Judgement | None:
    """The program takes for its own setting what the kubelet sets for a Service: NAME_PORT is tcp://IP:PORT.

    Kubernetes 1.36 ``pkg/kubelet/envvars``: for every Service that was there before the pod, unless enableServiceLinks is false.
    """
    match = next(_told(case, (_LINK,)), None)
    if match is None or kind_of(match.string) or fields.get(case.pod.spec, "enableServiceLinks") is False:
        return None
    service = locate(case.evidence, case.pod, match["address"]).ref
    if service is None or (service.kind, service.namespace) != ("Service", case.pod.ref.namespace):
        return None
    if match[0] in _environment(case).values.values():
        return None
    name = service.name.upper().replace("-", "_") + "_PORT"
    return _case.Judgement(
        summary=f"container {case.container.name} ends because it takes {name}, which Kubernetes sets for {service}, "
        "for a setting of its own",
        explanation=f"For every Service a pod gets variables with its address, here {name}={match[0]}. The program expects something else "
        "in a variable of that name.",
        evidence=(
            _case.quote_said(case, match),
            _case.quote_end(case),
            EvidenceItem("object", f"{service}: spec.clusterIP", match["address"]),
        ),
        next_step=_case.edit_command(case.workload)
        + f"   # enableServiceLinks: false, or set {name} for {case.container.name}",
        candidates=(Candidate("enableServiceLinks: false", "the pod then gets no such variables"),),
    )


def _no_token(case: _case.ContainerCase) -> _case.Judgement | None:
    """The program wants the token of its ServiceAccount, which is not mounted: the pod, or the account, says so."""
    match = next(_told(case, (_TOKEN,)), None)
    place = (match["file"] or SERVICE_ACCOUNT_FOLDER) if match else ""
    if match is None or mount_at(case.pod.spec, case.container.spec, place):
        return None
    own = fields.get(case.pod.spec, "automountServiceAccountToken") is False
    account = case.pod.service_account
    return _case.Judgement(
        summary=f"container {case.container.name} ends because the token of {account} is not mounted",
        explanation="The program asks for the files that let it speak to the API server, and ends itself. "
        f"automountServiceAccountToken of {'the pod' if own else account} is false.",
        evidence=(
            _case.quote_said(case, match),
            _case.quote_end(case),
            EvidenceItem("absence", f"{case.pod.ref}: {case.container.spec_place}.volumeMounts", f"nothing at {place}"),
            EvidenceItem("spec", f"{case.pod.ref if own else account}: automountServiceAccountToken", "false"),
        ),
        next_step=_case.edit_command(case.workload)
        + "   # automountServiceAccountToken: true in the pod template, if it may speak to the API server",
    )


def _missing_file(case: _case.ContainerCase) -> _case.Judgement | None:
    """A file is not where a ConfigMap or Secret is mounted, for it has no such key; a Secret's keys are not read.

    A mount of a whole ConfigMap hides what the image may have in that folder; in place of a missing subPath the kubelet makes
    a folder (Kubernetes 1.36 ``pkg/kubelet/kubelet_pods.go``).
    """
    match = next(_told(case, (_NO_FILE,)), None)
    path, mount = next(_hidden(case, match.string), ("", None)) if match else ("", None)
    if match is None or mount is None:
        return None
    volume = mount.source_name or fields.get_str(mount.volume, "name")
    source = Ref(_MOUNTED[mount.source], case.pod.ref.namespace, volume)
    files, name = _files(case, mount), mount.inside(path)
    has, place = ", ".join(sorted(files)), f"{case.pod.ref}: {case.container.spec_place}.volumeMounts"
    brings = f"The {source.kind} brings {has or 'other files, or does not exist'}"
    if mount.sub_path and path == mount.path:
        what = f"is an empty folder: {source.kind} {source.name} has no {name}, which its mount names as subPath"
        why = f"The program can't use it as a file, and ends itself. {brings}."
        step = f"correct subPath of {path}, or add {name} to {source}"
    else:
        what = f"is not there: {source.kind} {source.name} lies on {mount.path} and has no {name}"
        why = f"The program says that it misses the file, and ends itself. {brings}, and hides what the image has in {mount.path}."
        step = f"mount single files with subPath, or add {name} to {source}"
    return _case.Judgement(
        summary=f"container {case.container.name} ends because {path} {what}",
        explanation=why,
        evidence=(
            _case.quote_said(case, match),
            _case.quote_end(case),
            EvidenceItem("spec", place, f"{mount.path} is of {source}"),
            *((EvidenceItem("object", f"{source}: files", has),) if has else ()),
            *_rest(case, match),
        ),
        next_step=_case.edit_command(case.workload) + f"   # {step}",
        candidates=tuple(
            Candidate(f"key {each}", f"{source} has it; the name is similar") for each in near_misses(name, files)
        ),
    )


def _hidden(case: _case.ContainerCase, line: str) -> t.Iterator[tuple[str, Mount]]:
    """Files that the line names, in the mount of a ConfigMap or Secret that does not bring them."""
    for path in re.findall(_PATH, line):
        mount = mount_at(case.pod.spec, case.container.spec, path)
        if mount is None or _is_run(case, path) or (path == mount.path and not mount.sub_path):
            continue
        files = _files(case, mount)
        told = bool(files) or mount.source in {"secret", "projected"}
        if told and not _case.brings(files, mount.inside(path)):
            yield path, mount


def _files(case: _case.ContainerCase, mount: Mount) -> list[str]:
    """The files that a mounted volume is known to bring; of a Secret those that the volume itself names."""
    items = fields.get_dicts(mount.volume, "secret", "items")
    return [*_case.files_of(case, mount.volume), *(fields.get_str(item, "path") for item in items)]


def _misplaced_file(case: _case.ContainerCase) -> _case.Judgement | None:
    """A file is not where the program looks for it; the ConfigMap that brings it is mounted elsewhere."""
    match = re.search(_NO_FILE, _case.last_words(case))
    path, place, source = next(_elsewhere(case, match.string), ("", "", None)) if match else ("", "", None)
    if match is None or source is None:
        return None
    return _case.Judgement(
        summary=f"container {case.container.name} ends because {path} is not there: {source} brings it as {place}",
        explanation="The program says that it misses the file, and ends itself. A file of that name is mounted, in another place.",
        evidence=(
            _case.quote_said(case, match),
            _case.quote_end(case),
            EvidenceItem(
                "spec", f"{case.pod.ref}: {case.container.spec_place}.volumeMounts", f"{place} is of {source}"
            ),
            *_rest(case, match),
        ),
        next_step=_case.edit_command(case.workload) + f"   # mount it as {path}, or have the program read {place}",
        candidates=(Candidate(place, f"{source} is mounted there; the file's name is the same"),),
    )


def _elsewhere(case: _case.ContainerCase, line: str) -> t.Iterator[tuple[str, str, Ref]]:
    """Files that the line names, where a ConfigMap's mount has one of the same name, and that ConfigMap."""
    missed = [path for path in re.findall(_PATH, line) if not _is_run(case, path)]
    for mount in mounts_of(case.pod.spec, case.container.spec):
        files = _case.files_of(case, mount.volume)
        source = Ref("ConfigMap", case.pod.ref.namespace, mount.source_name)
        for place in [mount.path] if mount.sub_path in files else [f"{mount.path}/{file}" for file in files]:
            for path in missed:
                if posixpath.basename(path) == posixpath.basename(place) and path != place:
                    yield path, place, source


def _is_run(case: _case.ContainerCase, path: str) -> bool:
    """Whether the container is told to run the file: then its command is at fault."""
    run, _read = _run_and_read(case)
    return bool(re.search(_SCRIPT, path)) or path in run


def _run_and_read(case: _case.ContainerCase) -> tuple[list[str], list[str]]:
    """The words that say what the container runs, and those that this is given."""
    command = fields.get_strs(case.container.spec, "command")
    words = [*command, *fields.get_strs(case.container.spec, "args")]
    run = 2 if words and re.search(_INTERPRETER, words[0]) else 1 if command else 0
    return words[:run], words[run:]


def _bad_file(case: _case.ContainerCase) -> _case.Judgement | None:
    match = next(_told(case, (_BAD_FILE,)), None)
    if match is None or kind_of(match.string):
        return None  # settings that can't be had from elsewhere are the matter of whoever has them
    path, source = next(_mounted_settings(case, match.string), ("", ""))
    said = (match.string, *_case.last_lines(case))
    if not path and (
        not re.search(_SPEAKS_OF_SETTINGS, match.string) or any(re.search(_NOT_ITS_FAULT, line) for line in said)
    ):
        return None  # it may be its data that it can't read, or it may not read or write anything there
    mounted = EvidenceItem(
        "spec", f"{case.pod.ref}: {case.container.spec_place}.volumeMounts", f"{path} is of {source}"
    )
    # a program that begins the line with its own path does not miss itself
    absent = re.findall(_PATH, match.string[1:]) if not path and re.search(_NO_FILE, match.string) else []
    return _case.Judgement(
        summary=f"container {case.container.name} ends because it can't use its settings"
        + (f" in {path}, which is of {source}" if path else "")
        + (f": {absent[0]} is not there" if absent else ""),
        explanation="The program says what is wrong with them and ends itself"
        + (f"; the file comes from {source}." if path else "."),
        evidence=(
            _case.quote_said(case, match),
            _case.quote_end(case),
            *((mounted,) if path else ()),
            *_rest(case, match),
        ),
        next_step=_edit(case, source)
        if path
        else _case.edit_command(case.workload) + f"   # correct the settings of {case.container.name}",
        confidence="confirmed" if path else "probable",
    )


def _rest(case: _case.ContainerCase, match: re.Match[str]) -> tuple[EvidenceItem, ...]:
    """The end of the log, where it says more than the line that was found."""
    return tuple(item for item in _case.quote_log(case) if item.text.strip() != match.string.strip())


def _mounted_settings(case: _case.ContainerCase, line: str) -> t.Iterator[tuple[str, str]]:
    """Files of settings that come from outside the image: those that the line names, then those that the container is told to read."""
    spec = case.container.spec
    _run, read = _run_and_read(case)
    told = " ".join((*read, *(fields.get_str(each, "value") for each in fields.get_dicts(spec, "env"))))
    for path in (*re.findall(_PATH, line), *re.findall(r"/[\w./@+-]+", told)):
        if re.search(_SCRIPT, path):
            continue
        mount = mount_at(case.pod.spec, spec, path)
        if mount and mount.source in _MOUNTED:
            files = _case.files_of(case, mount.volume)
            place = path if not files or _case.brings(files, mount.inside(path)) else mount.path
            yield place, f"{_MOUNTED[mount.source]} {mount.source_name}".strip()


def _edit(case: _case.ContainerCase, source: str) -> str:
    kind, _space, name = source.partition(" ")
    ref = Ref(kind, case.pod.ref.namespace, name)
    if kind not in {"ConfigMap", "Secret"} or not name:
        return _case.edit_command(case.workload)
    return _case.edit_command(ref) + f"   # then restart {case.workload}, which does not read it again by itself"


def _environment(case: _case.ContainerCase) -> _Environment:
    spec, namespace = case.container.spec, case.pod.ref.namespace
    values: dict[str, str | None] = {}
    whole = True
    for source in fields.get_dicts(spec, "envFrom"):
        name = fields.get_str(source, "configMapRef", "name")
        found = case.evidence.get(Ref("ConfigMap", namespace, name)) if name else None
        whole = whole and found is not None
        values.update(dict.fromkeys(fields.get_str(source, "prefix") + key for key in fields.get_strs(found, "keys")))
    return _Environment({**values, **_own_variables(spec)}, whole)


def _lost(case: _case.ContainerCase) -> t.Iterator[tuple[str, EvidenceItem]]:
    """Each variable that comes from an optional key which is not there, or may not be there for it is a Secret's."""
    for each in fields.get_dicts(case.container.spec, "env"):
        name, place = (
            fields.get_str(each, "name"),
            f"{case.pod.ref}: {case.container.spec_place}.env[{fields.get_str(each, 'name')}]",
        )
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            source = fields.get_dict(each, "valueFrom", field)
            if fields.get(source, "optional") is not True:
                continue
            ref, key = Ref(kind, case.pod.ref.namespace, fields.get_str(source, "name")), fields.get_str(source, "key")
            keys = fields.get_strs(case.evidence.get(ref), "keys")
            if kind == "Secret":
                yield name, EvidenceItem("spec", place, f"optional key {key} of {ref}")
            elif key not in keys and case.evidence.lists(kind, ref.namespace):
                has = f"has {', '.join(keys)}" if keys else "has no key or does not exist"
                yield name, EvidenceItem("absence", place, f"optional key {key} of {ref}, which {has}")


def _own_variables(spec: fields.Json) -> dict[str, str | None]:
    """Name → literal value; None where it comes from elsewhere."""
    return {
        name: fields.get_str(each, "value") if "valueFrom" not in each else None
        for each in fields.get_dicts(spec, "env")
        if (name := fields.get_str(each, "name"))
    }
