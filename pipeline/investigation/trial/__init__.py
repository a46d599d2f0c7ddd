"""A prompt patch that was tried: recorded requests put again, with the old and the patched prompt.

In: a patch, held-out sessions. Out: `PatchTrial`, how many it fixes and how many it breaks. Next: the
finding. The walk: `requests` builds what is put again -> the workflow asks -> `judge` counts.
"""
