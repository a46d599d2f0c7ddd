"""Conventions: spans of any instrumentation become steps. Pure: no I/O, no Temporal.

In the order of the data: `quotes` (fields and how to read them), `draft`, `messages`, one file a
convention (`genai`, `temporal`), `tree`, `agents`, `attempts`, `steps`, `prompt_groups`,
`invocations`.
"""
