"""How Sphinx builds the book: MyST pages and notebooks that `book.py` has executed, offline."""

project = "digitlib"
author = "The authors of digitlib"
html_title = "digitlib: handwritten digits"
extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx-mathjax-offline"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # book.py executes them through papermill
nb_output_stderr = "remove"  # progress bars
nb_merge_streams = True
nb_render_markdown_format = "myst"  # with tables
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # which would come from a CDN
html_theme = "sphinx_book_theme"
html_theme_options = {
    "footer_content_items": [],
    "navbar_persistent": [],  # the sidebar has a search field already
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
}
html_css_files = ["book.css"]
html_static_path = ["static"]
html_copy_source = html_show_sourcelink = False
suppress_warnings = ["mystnb.unknown_mime_type"]  # widgets: their text is shown
