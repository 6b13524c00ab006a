"""Handwritten digits: the module that the notebooks, the dashboard and the HTTP service share.

Strokes or pictures become a 28×28 image. A model folder is all that passes from training to
serving, a database all that passes back. Each room (sub-package) has one purpose; imports only go
down:

    refine, experiments   submissions to a better model; variants compared              (torch)
    evaluation            metrics, calibration, robustness, drift, comparison, figures
    training              recipe, architectures, loop, export to a model folder         (torch)
    dashboard, api        the Voila page; the HTTP service                           (no torch)
    datasets              MNIST, UNIPEN, synthetic digits as tensors; splits by writer  (torch)
    recogniser, store     a model folder at work; submissions and runs               (no torch)
    strokes               strokes to image and trajectory; sketches files            (no torch)
    settings, notebook, text   folders and logging; papermill's parameters; values as text
"""
