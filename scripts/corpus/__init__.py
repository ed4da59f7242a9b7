"""Measures what the scanner recognizes, on public packages whose content is known.

`python -m scripts.corpus` writes docs/precision.md. Judges nothing: it compares.
"""
