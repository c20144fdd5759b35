"""
What every test shares: Hypothesis profiles, the `--update` switch, and the root of the project.

The everyday profile is small, so that the whole run stays in minutes; `HYPOTHESIS_PROFILE=nightly` digs deeper. With
`CI=true` examples are derived from the test itself, so that red stays red when it is run again.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("everyday", max_examples=40, deadline=None, suppress_health_check=QUIET)
settings.register_profile(
    "ci", max_examples=40, deadline=None, derandomize=True, print_blob=True, suppress_health_check=QUIET
)
settings.register_profile("nightly", max_examples=10_000, deadline=None, print_blob=True, suppress_health_check=QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "everyday"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update` rewrites the expected files of the examples in place of comparing them."""
    parser.addoption("--update", action="store_true", help="rewrite expected files instead of comparing them")


@pytest.fixture(scope="session")
def update(request: pytest.FixtureRequest) -> bool:
    """True when expected files are to be rewritten."""
    return bool(request.config.getoption("--update"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's top folder."""
    return Path(__file__).parent.parent
