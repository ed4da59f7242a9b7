"""The sections of the text report, one module each: every one writes itself on a page.

None of them decides whether it is shown in a place; `scanner.report.text` puts them together.
"""
