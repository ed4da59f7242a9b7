"""What the Makefile runs: setting up, sample images, the demo and the benchmark.

Nothing under `scanner/` may import from here, and nothing here ends up in the wheel.
"""
