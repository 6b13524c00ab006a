"""Temperature scaling, log loss and the rejection threshold."""

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.integer]


def probabilities(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Softmax of logits (n, 10) divided by the temperature."""
    scaled = np.asarray(logits, np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares


def log_loss(logits: NDArray[np.floating], labels: Labels, temperature: float = 1.0) -> float:
    """Mean cross-entropy in nats of logits (n, 10) divided by the temperature."""
    chosen = probabilities(logits, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-300)).mean())


def fitted_temperature(logits: NDArray[np.floating], labels: Labels) -> float:
    """The temperature (0.05 to 20) of least log loss on held-out digits (Guo et al. 2017).

    Without a mistake among n digits the log loss falls as far as the temperature may. But n digits
    support a confidence of at most (n + 1) / (n + 2) (Laplace's rule of succession), so the mean
    confidence stays below that.
    """
    from scipy.optimize import brentq, minimize_scalar  # importing it takes half a second

    low, high = np.log(0.05), np.log(20)
    found = minimize_scalar(
        lambda log_t: log_loss(logits, labels, np.exp(log_t)), bounds=(low, high), method="bounded"
    )
    supported = (len(labels) + 1) / (len(labels) + 2)

    def excess(log_t: float) -> float:
        """By how much the mean confidence lies above the supported one; falls with temperature."""
        return float(probabilities(logits, np.exp(log_t)).max(axis=1).mean() - supported)

    if excess(found.x) <= 0:
        return float(np.exp(found.x))
    return float(np.exp(brentq(excess, found.x, high) if excess(high) < 0 else high))


def rejection_threshold(probability: NDArray[np.floating], rejected: float = 0.01) -> float:
    """The confidence (0 to 1) that all but a share `rejected` of held-out digits (n, 10) reach.

    A lower confidence hints at a non-digit or an ambiguous digit (Hendrycks and Gimpel 2017).
    """
    return float(np.quantile(probability.max(axis=1), rejected))
