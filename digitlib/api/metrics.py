"""Figures for Prometheus, of all workers together where PROMETHEUS_MULTIPROC_DIR is set."""

import os
from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

disable_created_metrics()  # a second series for each counter, of no use here
CONTENT_TYPE = CONTENT_TYPE_LATEST
_METHODS = {"GET", "POST", "DELETE", "HEAD", "OPTIONS"}  # others, which anyone can make up, are one
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

_REQUESTS = Counter("digits_requests", "Requests answered", ["method", "route", "status"])
IN_PROGRESS = Gauge(
    "digits_requests_in_progress", "Requests being answered", multiprocess_mode="livesum"
)
_DURATION = Histogram(
    "digits_request_seconds", "Seconds from headers to answer", ["route"], buckets=_SECONDS
)
_READINGS = Counter("digits_readings", "Drawings read, by the digit answered", ["digit"])
_SUBMISSIONS = Counter("digits_submissions", "Submissions kept", ["label"])


@lru_cache(1000)
def _of_requests(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """The figures that a request changes; looking them up takes longer than changing them."""
    method = method if method in _METHODS else "other"
    return _REQUESTS.labels(method, route, str(status)), _DURATION.labels(route)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count an answered request; the route is its template, not the path."""
    requests, duration = _of_requests(method, route, status)
    requests.inc()
    duration.observe(seconds)


@lru_cache
def _of_readings(digit: int | None) -> Counter:
    return _READINGS.labels("doubt" if digit is None else str(digit))


def count_reading(digit: int | None) -> None:
    """Count a drawing that was read; None is one in doubt."""
    _of_readings(digit).inc()


def count_submission(label: int) -> None:
    """Count a submission that is on disk."""
    _SUBMISSIONS.labels(str(label)).inc()


def exposition(model: str) -> bytes:
    """All figures in Prometheus's text format, and the model that serves."""
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    now = CollectorRegistry()
    Gauge("digits_model", "The model that serves", ["model"], registry=now).labels(model).set(1)
    return generate_latest(registry) + generate_latest(now)
