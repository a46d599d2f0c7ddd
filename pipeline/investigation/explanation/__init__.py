"""What a language model may add to a contrast: words, a mechanism with quotes, lines for a prompt.

In: a contrast that names a cause. Out: an `Explained` whose every claim was checked. Next: the
diagnosis takes its words, the patch its lines. The walk: `brief` -> `agents` (reading through `desk`)
-> `check` -> once back to the agent -> the blind judge -> kept in the store.
"""
