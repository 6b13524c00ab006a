"""Read, store and learn handwritten digits: what the notebooks and the dashboard share."""
