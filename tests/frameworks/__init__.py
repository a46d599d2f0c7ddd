"""What is understood of recorded traces of many frameworks, in the order of the data.

`traces` (reads the data), `gaps` (why something is missing), `fields` (what is counted), `coverage`
(the table in docs/conventions.md).
"""
