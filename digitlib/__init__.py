"""Read, store and learn handwritten digits: what the notebooks, the page and the service share.

Strokes or pictures become a 28×28 image. A model folder is all that passes from training to
serving, a database all that passes back. One room (sub-package) for one purpose; imports go down:

    refine, experiments   learn from submissions; train and compare variants            (torch)
    evaluation            metrics, calibration, robustness, drift, comparison, figures
    training              recipe, architectures, loop, export to a model folder         (torch)
    dashboard             the Voila page                                            (no torch)
    datasets              MNIST, UNIPEN, synthetic digits as tensors; splits by writer  (torch)
    recogniser, store     a model folder at work; submissions and runs              (no torch)
    strokes               what a person draws, and the image it becomes             (no torch)
    settings, notebook, text, png    folders, papermill's parameters, how figures are written
"""
