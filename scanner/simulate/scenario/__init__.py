"""The user's own smoke test: how containers are started, when they are ready, what they must do.

Reads and carries it out; what a failing step means is judged elsewhere.
"""

from scanner.simulate.scenario.model import ExecStep, HttpStep, Scenario, Step, WaitFor
from scanner.simulate.scenario.options import ScenarioError, ScenarioOptions, from_options
from scanner.simulate.scenario.read import read_scenario, schema
from scanner.simulate.scenario.run import awaited, never_ready, run_steps, step_gaps

__all__ = [
    "ExecStep",
    "HttpStep",
    "Scenario",
    "ScenarioError",
    "ScenarioOptions",
    "Step",
    "WaitFor",
    "awaited",
    "from_options",
    "never_ready",
    "read_scenario",
    "run_steps",
    "schema",
    "step_gaps",
]
