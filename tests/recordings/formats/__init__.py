"""The providers' APIs: one file each reads a request into `Asked` and writes an `Answer`."""
