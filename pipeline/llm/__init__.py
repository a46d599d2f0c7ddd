"""The one door to language models: providers, prices, budget, kept answers, claim checks.

In: a request of an agent and the account that pays for it. Out: an answer that is stored. Next: the
engines of `pipeline.interrogation` and `pipeline.investigation`.
"""
