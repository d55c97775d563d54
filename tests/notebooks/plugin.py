"""nbval over the student editions: they store text alone, so text alone is compared.

A widget's text form carries a hash of its data, which is how a changed number is noticed.
"""


def pytest_collectstart(collector):
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("text/html",)
