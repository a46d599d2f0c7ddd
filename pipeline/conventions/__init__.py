"""Conventions: spans of any instrumentation become steps. Pure: no I/O, no Temporal.

In the order of the data: `quotes` and `places` (fields and how to read them), `shapes`, `parts` and
`messages` (conversations in any shape), `draft` and `vocabulary` (what one convention reads), one
file a convention (`genai`, `openinference`, `openllmetry`, `vercel_ai`, `logfire`, `google_adk`,
`mlflow`, `langsmith`, `frameworks`, `temporal`, `langfuse`, `named`), `registry` (their order),
`tree`, `agents`, `attempts`, `folding`, `steps`, `prompt_groups`, `invocations`.
"""
