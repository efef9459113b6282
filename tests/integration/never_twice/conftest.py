"""The worker and its sender as the tests of the worker have them."""

from tests.integration.worker.conftest import groom, sender  # noqa: F401  # fixtures
