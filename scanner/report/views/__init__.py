"""What several formats show of a report, put together once and laid out nowhere.

Counts and orders; judges nothing.
"""
