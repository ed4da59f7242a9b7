"""The algorithm audit: what programs of a container ask crypto libraries for, and what is refused.

Looks and states; whether an algorithm may be used is told by the rules and judged elsewhere.
"""

from scanner.simulate.audit.calls import call_facts, read_calls
from scanner.simulate.audit.preload import Audit, audit_for

__all__ = ["Audit", "audit_for", "call_facts", "read_calls"]
