"""Checks rules for what the models cannot see: examples that hold, ids that exist, dates in order.

Reads rules only; a problem is a value, never an exception.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import urlsplit

from scanner.certificates import Certificate
from scanner.conditions import Matches
from scanner.lint_algorithms import lint_algorithms
from scanner.lint_certificates import (
    covers_known_modules,
    dates_in_order,
    named_by_number,
    source_is_official,
)
from scanner.lint_examples import (
    fixtures_of,
    modules_have_true_bytes,
    servers_need_each_directive,
    sources_need_each_api,
    weakened_rules_fail,
)
from scanner.lint_logs import (
    log_confidence_is_earned,
    log_effect_is_specific,
    log_examples_hold,
    log_pattern_compiles,
    log_pattern_is_safe,
)
from scanner.lint_packages import packages_are_listed_once, packages_name_what_is_known
from scanner.lint_servers import server_examples_hold, server_paths_are_whole
from scanner.lint_sources import (
    api_names_are_known,
    patterns_are_bounded,
    queries_compile,
    source_examples_hold,
)
from scanner.lint_targets import (
    environments_have_certificates,
    kernel_certificates_are_known,
    target_sources_are_urls,
)
from scanner.match import evaluate
from scanner.model import Severity, VerdictKind
from scanner.rulebook import RuleBook, default_rules, read_rules
from scanner.rulefile import Location, Problem, RuleFile, read_rule_file
from scanner.rules_base import Identified
from scanner.rules_model import SCOPE_KINDS, CheckRule, LogRule, ModuleRule
from scanner.rules_packages import PackageFile, PackageTable
from scanner.rules_servers import ServerRule
from scanner.rules_sources import SourceRule
from scanner.rules_targets import Target

MAX_TITLE = 100

FOLKLORE = ("EnableFIPS", "USELEGACYPROVIDER")
"""Variables that no program reads; a fix that recommends one would make things worse."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NESTED_REPEAT = re.compile(r"\((?:[^()\\]|\\.)*(?<!\\)[+*](?:[^()\\]|\\.)*\)[+*{]")

Found = Iterator[tuple[Location, str]]
"""Where in the file, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a check of one rule may look at besides the rule."""

    rules: RuleBook
    local: RuleBook
    """The rules of the folder that is checked."""
    fixtures: Path | None
    """Where the bytes of modules' examples are; None in an installed scanner."""


def lint(folder: Path | None = None) -> tuple[Problem, ...]:
    """Everything wrong with the rules in `folder` (the scanner's own if None), in order of file.

    A folder that is not the scanner's own is checked as an addition to those. A problem with
    `warning` set does not keep the rules from being used.
    """
    own = default_rules()
    folder = folder or own
    added = () if _same(folder, own) else (own,)
    rules, problems = read_rules(*added, folder)
    if rules is None:
        return problems
    local = rules if not added else _only(rules, folder)
    files = {
        file.name: file
        for path in sorted(folder.rglob("*.yaml"))
        for file in [read_rule_file(path, folder)[0]]
    }
    context = Context(rules, local, fixtures_of(folder))
    found = [
        problem
        for name, rule in _rules_of(local)
        if (file := files.get(name)) is not None
        for problem in _lint_rule(rule, file, context)
    ]
    found.extend(_whole(context))
    return tuple(sorted(found, key=lambda each: (each.file, each.line, each.message)))


def _same(folder: Path, other: Path) -> bool:
    return folder.resolve() == other.resolve()


def _only(rules: RuleBook, folder: Path) -> RuleBook:
    """`rules` without what does not come from `folder`."""
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*.yaml")}

    def here(kind: str, rule: Identified) -> bool:
        return f"{kind}/{rule.id}.yaml" in names

    return RuleBook(
        modules={key: rule for key, rule in rules.modules.items() if here("modules", rule)},
        runtimes={key: rule for key, rule in rules.runtimes.items() if here("runtimes", rule)},
        checks={key: rule for key, rule in rules.checks.items() if here("checks", rule)},
        certificates=tuple(rule for rule in rules.certificates if here("cmvp", rule)),
        distributions=tuple(rule for rule in rules.distributions if here("distributions", rule)),
        tls=rules.tls,
        algorithms=rules.algorithms,
        logs=tuple(rule for rule in rules.logs if here("logs", rule)),
        scoring=rules.scoring,
        os_tools=rules.os_tools,
        constants=rules.constants,
        digest=rules.digest,
        packages=PackageTable(
            tuple(each for each in rules.packages.files if here("packages", each))
        ),
        sources=tuple(rule for rule in rules.sources if here("sources", rule)),
        servers={key: rule for key, rule in rules.servers.items() if here("servers", rule)},
        targets={key: rule for key, rule in rules.targets.items() if here("targets", rule)},
    )


def _rules_of(rules: RuleBook) -> Iterator[tuple[str, Identified]]:
    for folder, found in (
        ("checks", rules.checks.values()),
        ("modules", rules.modules.values()),
        ("runtimes", rules.runtimes.values()),
        ("cmvp", rules.certificates),
        ("distributions", rules.distributions),
        ("logs", rules.logs),
        ("packages", rules.packages.files),
        ("sources", rules.sources),
        ("servers", rules.servers.values()),
        ("targets", rules.targets.values()),
    ):
        for rule in found:
            yield f"{folder}/{rule.id}.yaml", rule


def _lint_rule(rule: Identified, file: RuleFile, context: Context) -> Iterator[Problem]:
    for check in (*ANY_FAILS, *FAILS.get(type(rule), ())):
        for location, message in check(rule, context):
            yield file.problem(location, message)
    for check in WARNS.get(type(rule), ()):
        for location, message in check(rule, context):
            yield file.problem(location, message, warning=True)


# --- every rule ----------------------------------------------------------------------------


def _id_is_slug(rule: Identified, _: Context) -> Found:
    if not _SLUG.fullmatch(rule.id):
        yield (), f"the file name `{rule.id}` must be lower case words with hyphens"


def _references_are_urls(rule: Identified, _: Context) -> Found:
    for index, url in enumerate(getattr(rule, "references", ())):
        parts = urlsplit(url)
        if parts.scheme != "https" or "." not in parts.netloc or re.search(r"\s", url):
            yield ("references", index), f"`{url}` is not an https address"


# --- checks --------------------------------------------------------------------------------


def _title_is_short(rule: CheckRule, _: Context) -> Found:
    if len(rule.title) > MAX_TITLE:
        yield ("title",), f"the title has {len(rule.title)} characters; {MAX_TITLE} at most"
    if rule.title.endswith("."):
        yield ("title",), "a title ends without a full stop"


def _texts_say_something(rule: CheckRule, _: Context) -> Found:
    for name in ("why", "fix"):
        if len(getattr(rule, name).split()) < 5:
            yield (name,), f"`{name}` says too little to act on"


def _check_has_references(rule: CheckRule, _: Context) -> Found:
    if not rule.references:
        yield ("references",), "a finding needs a reference"


def _scope_has_anchor(rule: CheckRule, _: Context) -> Found:
    if rule.scope == "image":
        return
    if not rule.when.all:
        yield ("when",), f"a check of scope {rule.scope} needs a condition under `all`"
    elif rule.when.all[0].kind not in SCOPE_KINDS[rule.scope]:
        kind = rule.when.all[0].kind.value
        yield (
            ("when", "all", 0),
            f"the first condition is about `{kind}`, which the scope {rule.scope} is not about",
        )


def _verdict_suits_severity(rule: CheckRule, _: Context) -> Found:
    mild = rule.severity in (Severity.LOW, Severity.INFO)
    if rule.verdict is VerdictKind.NOT_READY and mild:
        yield ("severity",), f"verdict not-ready with severity {rule.severity.value}"
    if rule.severity is Severity.CRITICAL and rule.verdict is not VerdictKind.NOT_READY:
        yield ("verdict",), "a critical finding must demand not-ready"
    if rule.severity is Severity.INFO and rule.verdict is not None:
        yield ("verdict",), "severity info demands a verdict: say none, or raise it"


def _examples_hold(rule: CheckRule, _: Context) -> Found:
    for name in ("match", "no_match"):
        if not getattr(rule.examples, name):
            yield ("examples",), f"has no example under `{name}`"
    for index, facts in enumerate(rule.examples.match):
        if not evaluate(rule, facts):
            yield ("examples", "match", index), "does not fire on this example"
    for index, facts in enumerate(rule.examples.no_match):
        if evaluate(rule, facts):
            yield ("examples", "no_match", index), "fires on this example"


def _no_folklore(rule: CheckRule, _: Context) -> Found:
    for text in FOLKLORE:
        if re.search(rf"(?i)\b(ENV|set|export)\b.*{text}", rule.fix):
            yield ("fix",), f"recommends {text}, which nothing reads"


def _names_modules(rule: CheckRule, context: Context) -> Found:
    groups = (("all", rule.when.all), ("any", rule.when.any), ("none", rule.when.none))
    for group, conditions in groups:
        for index, condition in enumerate(conditions):
            for name, test in condition.tests:
                if name != "module" or condition.kind.value not in _MODULE_FACTS:
                    continue
                values: frozenset[str] = getattr(test, "values", frozenset())
                for value in sorted(values - set(context.rules.modules)):
                    yield ("when", group, index), f"no module `{value}` in rules/modules"


_MODULE_FACTS = frozenset({"use", "module_code", "crypto_symbols"})


def _patterns_are_anchored(rule: CheckRule, _: Context) -> Found:
    for condition in chain(rule.when.all, rule.when.any, rule.when.none):
        for name, test in condition.tests:
            if isinstance(test, Matches) and _NESTED_REPEAT.search(test.pattern):
                yield ("when",), f"the pattern for `{name}` repeats a repetition"


# --- modules -------------------------------------------------------------------------------


def _module_names_modules(rule: ModuleRule, context: Context) -> Found:
    for key in ("implemented_by", "backends"):
        for value in getattr(rule, key):
            if value not in context.rules.modules:
                yield (key,), f"no module `{value}` in rules/modules"


def _fingerprint_is_long_enough(rule: ModuleRule, _: Context) -> Found:
    if rule.fingerprint is None:
        return
    for index, group in enumerate(rule.fingerprint.require):
        for text in group:
            if len(text) < 5:
                yield ("fingerprint", "require", index), f"`{text}` is too short to prove anything"


# --- what examples prove ------------------------------------------------------------------


def _weakened_rules_fail(rule: CheckRule | LogRule, _: Context) -> Found:
    yield from weakened_rules_fail(rule)


def _modules_have_true_bytes(rule: ModuleRule, context: Context) -> Found:
    yield from modules_have_true_bytes(rule, context.fixtures)


def _servers_need_each_directive(rule: ServerRule, context: Context) -> Found:
    yield from servers_need_each_directive(
        rule, lambda weak: not any(server_examples_hold(weak, context))
    )


def _sources_need_each_api(rule: SourceRule, context: Context) -> Found:
    yield from sources_need_each_api(
        rule, lambda weak: not any(source_examples_hold(weak, context))
    )


# --- the whole -----------------------------------------------------------------------------


def _whole(context: Context) -> Iterator[Problem]:
    for kind, entries in (
        ("protocol", context.rules.tls.protocols),
        ("cipher suite", context.rules.tls.suites),
        ("group", context.rules.tls.groups),
    ):
        seen: set[str | int] = set()
        for entry in entries:
            for key in (entry.name, entry.number):
                if key in seen:
                    yield Problem("rules/algorithms", 1, f"{kind} `{key}` is listed twice")
                seen.add(key)
            if not entry.approved and not entry.why:
                yield Problem("rules/algorithms", 1, f"{kind} `{entry.name}`: why not approved?")
    yield from lint_algorithms(context.rules.algorithms, context.rules.tls)
    numbers: dict[int, str] = {}
    for rule in context.rules.certificates:
        if rule.certificate is not None:
            other = numbers.setdefault(rule.certificate, rule.id)
            if other != rule.id:
                message = f"certificate {rule.certificate} is in {other}.yaml as well"
                yield Problem(f"rules/cmvp/{rule.id}.yaml", 1, message)


Check = Callable[..., Found]

ANY_FAILS: tuple[Check, ...] = (_id_is_slug, _references_are_urls)
FAILS: dict[type[Identified], tuple[Check, ...]] = {
    CheckRule: (
        _title_is_short,
        _texts_say_something,
        _check_has_references,
        _scope_has_anchor,
        _verdict_suits_severity,
        _examples_hold,
        _no_folklore,
        _names_modules,
        _patterns_are_anchored,
        _weakened_rules_fail,
    ),
    ModuleRule: (
        _module_names_modules,
        _fingerprint_is_long_enough,
        _modules_have_true_bytes,
    ),
    Certificate: (dates_in_order, covers_known_modules, source_is_official, named_by_number),
    LogRule: (
        log_examples_hold,
        log_pattern_is_safe,
        log_pattern_compiles,
        log_effect_is_specific,
        _weakened_rules_fail,
    ),
    PackageFile: (packages_name_what_is_known, packages_are_listed_once),
    SourceRule: (
        queries_compile,
        api_names_are_known,
        source_examples_hold,
        patterns_are_bounded,
        _sources_need_each_api,
    ),
    ServerRule: (server_examples_hold, server_paths_are_whole, _servers_need_each_directive),
    Target: (
        kernel_certificates_are_known,
        environments_have_certificates,
        target_sources_are_urls,
    ),
}
"""What makes a rule unusable."""


WARNS: dict[type[Identified], tuple[Check, ...]] = {LogRule: (log_confidence_is_earned,)}
"""What should be better."""
