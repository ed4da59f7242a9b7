"""Tests that open what the scanner writes in a real browser."""
