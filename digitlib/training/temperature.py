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
    """The temperature (0.05 to 20) of least cross-entropy on held-out digits (Guo et al. 2017)."""
    from scipy.optimize import minimize_scalar  # here: half a second that training starts earlier

    found = minimize_scalar(
        lambda log_t: log_loss(logits, labels, np.exp(log_t)),
        bounds=(np.log(0.05), np.log(20)),
        method="bounded",
    )
    return float(np.exp(found.x))


def rejection_threshold(probability: NDArray[np.floating], refused: float = 0.01) -> float:
    """The confidence (0 to 1) that all but a share `refused` of held-out digits (n, 10) reach.

    Less is the mark of what is no digit, or none that can be read for sure (Hendrycks and Gimpel
    2017).
    """
    return float(np.quantile(probability.max(axis=1), refused))
