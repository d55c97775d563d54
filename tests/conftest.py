"""What all tests share: reproducible property tests, and the real data beside the checkout."""

import pytest
from hypothesis import settings

from book_ext.editions import ROOT

# The same examples in every run, and no limit on the time of one.
settings.register_profile("book", derandomize=True, deadline=None)
settings.load_profile("book")


@pytest.fixture(scope="session")
def shared_data():
    """``shared_data(name)``: path of a real data set beside the checkout, or skip saying so."""

    def find(name):
        path = ROOT.parent / "shared" / "data" / name
        if not path.exists():
            pytest.skip(f"needs the real data {name} in ../shared/data")
        return path

    return find
