"""The vocabulary of the project as frozen pydantic models; imports nothing of ours.

Read in this order: `span`, `evidence`, `step`, `signal`, `detection`, `session`, `cluster`,
`finding`, `coverage`.
"""
