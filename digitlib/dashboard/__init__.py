"""The Voila page: the pad, what stands around it, and the server's settings.

Imports nothing by itself: the server process names `digitlib.dashboard.server` in its configuration
and needs neither ipycanvas nor ONNX Runtime.
"""
