"""The law of `tests.store.test_store_order`, over many more arrivals."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from pipeline.store import Store
from tests.store.conftest import database
from tests.store.test_store_order import arrivals, check_arrival, wiped

__all__ = ["database", "test_arrival_does_not_matter_at_length", "wiped"]


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=120, deadline=None)
@arrivals
def test_arrival_does_not_matter_at_length(wiped: Callable[[], Store], **arrival: Any) -> None:
    check_arrival(wiped, **arrival)
