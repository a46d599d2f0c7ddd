"""A real small model on loopback that drives the whole path; `make test-local-model` sets it up."""
