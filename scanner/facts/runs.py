"""What facts from simulated runs may carry."""

from scanner.model import FactKind

RUNS: dict[FactKind, dict[str, type]] = {
    FactKind.RUN: {
        "condition": str,
        "ran": bool,
        "exit_code": int,
        "running": bool,
        "ready": bool,
        "health": str,
        "listening": bool,
        "verified": bool,
    },
    FactKind.LOG_MATCH: {
        "condition": str,
        "rule": str,
        "effect": str,  # breaks, misconfigured, informs
        "new": bool,  # not seen in the baseline
        "line": str,
        "meaning": str,
    },
    FactKind.TLS_ENDPOINT: {
        "condition": str,
        "port": int,
        "protocols": tuple,
        "suites": tuple,
        "groups": tuple,
        "unapproved_protocols": tuple,
        "unapproved_suites": tuple,
        "unapproved_groups": tuple,
        "approved_suites": tuple,
        "approved_groups": tuple,
        "starttls": str,
        "signatures": tuple,
        "unapproved_signatures": tuple,
        "completes_without_ems": str,  # yes, no, "" where it was not found out
        "resumes_without_ems": str,  # yes, no, "" where it was not found out
    },
    FactKind.TLS_SERVER: {  # on the consumer of a use, else on the program behind the port
        "condition": str,
        "port": int,
        "program": str,  # the file that the process runs, "" when no process could be seen
        "go": bool,  # that is a Go program
        "known": bool,  # some use of crypto is in the process; not there when that is not known
        "unapproved": tuple,  # protocols, suites and groups
    },
    FactKind.RUN_SETTING: {  # on the consumer of a use, where a run was not as its files say
        "condition": str,
        "module": str,
        "activation": str,  # off, unknown: what the use's approved mode is then
        "reason": str,
    },
    FactKind.DIFFERENCE: {
        "condition": str,
        "what": str,
        "effect": str,
        "detail": str,
        "test_mode": bool,  # all that was switched on is more than production may switch on
    },
    FactKind.PROGRAM_ACTIVITY: {  # on the program
        "condition": str,
        "read_flag": bool,
        "opened": tuple,
        "missing": tuple,
        "kernel_crypto": tuple,
    },
    FactKind.ALGORITHM_CALL: {  # on the program
        "condition": str,
        "library": str,
        "api": str,
        "algorithm": str,
        "caller": str,
        "count": int,
        "refused": str,  # all, some, none of the calls
        "approved": str,  # yes, limited, no; "" where no rule knows it
    },
    FactKind.ALGORITHM_OFFER: {  # on the library or the interpreter
        "condition": str,
        "kind": str,
        "algorithm": str,
        "offered": bool,
        "approved": str,  # as above
    },
    FactKind.TLS_CERTIFICATE: {
        "condition": str,
        "port": int,
        "subject": str,
        "key": str,
        "signature": str,
        "unapproved": tuple,
    },
    FactKind.TLS_CLIENT: {  # on the program, where it is known
        "condition": str,
        "port": int,
        "server_name": str,
        "suites": tuple,
        "groups": tuple,
        "unapproved": tuple,
        "only_unapproved": bool,  # nothing that it offers is approved
    },
    FactKind.STEP: {"condition": str, "name": str, "passed": bool, "detail": str},
}
