"""Readers of file formats: bytes or text in, plain frozen values out.

Pure: nothing here looks at another file or knows what a finding is.
"""
