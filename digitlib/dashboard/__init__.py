"""The dashboard: a Voila page with a pad and its panels, and the server's protection.

The page runs in a kernel for each visitor (`page`, `pad`, `panels`, `activations`, `model_card`);
`access`, `guard`, `routes`, `kernels`, `kernel_socket` and `wire` run in the server, as
`voila.json` says. `python -m digitlib.dashboard` starts it from any folder. This file imports
nothing, because the server needs neither ipycanvas nor ONNX Runtime.
"""
