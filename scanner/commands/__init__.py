"""The commands of `fips-scanner`, one module each: from parsed options to an exit code.

They print through `scanner.commands.terminal` only, and never exit themselves.
"""
