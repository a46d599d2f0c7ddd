"""The composition root of the analysis: everything that polls Temporal is put together here."""
