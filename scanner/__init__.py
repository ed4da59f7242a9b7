"""Tells whether a container image is ready for FIPS 140-3, and what breaks when it is not."""

__version__ = "0.1.0"
