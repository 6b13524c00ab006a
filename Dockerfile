# Two images: `serve` is the dashboard and the HTTP service; `train` adds torch and the notebooks.
#   docker build --target serve --tag digits:serve .
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS tools
ARG PIP_NO_INDEX PIP_FIND_LINKS
COPY containers/build.lock /build/
RUN python -m venv /build/venv \
    && /build/venv/bin/pip install --no-cache-dir --require-hashes --requirement /build/build.lock \
    && python -m venv --without-pip /opt/digits
ENV PIP="/build/venv/bin/pip --python /opt/digits/bin/python install --no-cache-dir --no-compile" \
    COMPILE="python -m compileall -q -j 0 --invalidation-mode unchecked-hash"

FROM tools AS wheel
WORKDIR /build/digitlib
COPY pyproject.toml README.md ./
COPY digitlib digitlib
COPY notebooks/sketch.ipynb notebooks/
RUN /build/venv/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /build .

# Everything lies in /opt/digits, with its byte code, because the root file system is read-only.
# The libraries come first: they change less often than the source.
FROM tools AS serve-libraries
ARG PIP_NO_INDEX PIP_FIND_LINKS
COPY containers/serve.lock /build/
# Left out, 170 MB: a debugger, completion, other languages, tools for making models, a server that
# reloads, the widgets of old notebooks, fonts of old browsers, a second documentation, source maps,
# stubs and tests.
# hadolint ignore=DL3003
RUN $PIP --require-hashes --requirement /build/serve.lock && cd /opt/digits/lib/python3.*/site-packages \
    && rm -r debugpy jedi parso onnxruntime/transformers onnxruntime/quantization onnxruntime/tools \
        google flatbuffers numpy/f2py duckdb/experimental watchfiles widgetsnbextension/static \
        /opt/digits/share/jupyter/nbextensions \
    && find babel/locale-data -type f ! -name "en*" ! -name "root.dat" -delete \
    && rm fastapi_offline/static/redoc.standalone.js numpy/_core/_simd.*.so \
    && find /opt/digits "(" -name "*.js.map" -o -name "*.pyi" -o -name "*.svg" -size +500k ")" -delete \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && $COMPILE /opt/digits
COPY --from=wheel /build/*.whl /build/
RUN $PIP --no-deps /build/*.whl && $COMPILE /opt/digits/lib/python3.*/site-packages/digitlib \
    && /opt/digits/bin/python -c "import digitlib.api, digitlib.dashboard.page, digitlib.photos.reading, \
        digitlib.store.postgres, ipykernel.ipkernel, voila.app"

# CPU torch by default. TORCH_INDEX=https://pypi.org/simple with TORCH_DEPENDENCIES= installs CUDA.
FROM tools AS train-libraries
ARG PIP_NO_INDEX PIP_FIND_LINKS
ARG TORCH="torch==2.15.0 torchvision==0.29.2"
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG TORCH_DEPENDENCIES=--no-deps
COPY containers/train.lock /build/
RUN $PIP --require-hashes --requirement /build/train.lock
# hadolint ignore=SC2086
RUN $PIP --index-url "${TORCH_INDEX}" ${TORCH_DEPENDENCIES} ${TORCH}
# torch's own tests hold a file for each version of Python, which others can't compile.
RUN $COMPILE -x torch/testing/_internal /opt/digits
COPY --from=wheel /build/*.whl /build/
RUN $PIP --no-deps /build/*.whl && $COMPILE /opt/digits/lib/python3.*/site-packages/digitlib

FROM ${PYTHON} AS base
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="digits" \
    org.opencontainers.image.description="A handwritten-digit recogniser" \
    org.opencontainers.image.version="${VERSION}"
ENV PATH=/opt/digits/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    DIGITS_PROJECT_DIR=/srv/digits \
    DIGITS_DATA_DIR=/var/lib/digits/data \
    DIGITS_OUTPUTS_DIR=/var/lib/digits/outputs \
    DIGITS_DATABASE=/var/lib/digits/data/digits.duckdb
RUN groupadd --gid 10001 digits && useradd --uid 10001 --gid 10001 --no-create-home digits \
    && mkdir -p /srv/digits /var/lib/digits/data /var/lib/digits/outputs \
    && chown -R digits:digits /var/lib/digits
COPY containers/healthy.py /usr/local/bin/healthy
WORKDIR /srv/digits
VOLUME ["/var/lib/digits/data", "/var/lib/digits/outputs"]

FROM base AS train
COPY --from=train-libraries /opt/digits /opt/digits
COPY notebooks notebooks
COPY containers/nightly.sh /usr/local/bin/nightly
ENV MPLCONFIGDIR=/tmp/matplotlib
USER 10001:10001
CMD ["papermill", "notebooks/train.ipynb", "/tmp/train.ipynb"]
HEALTHCHECK NONE

FROM base AS serve
COPY --from=serve-libraries /opt/digits /opt/digits
USER 10001:10001
EXPOSE 8866 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=180s --retries=3 CMD ["healthy"]
CMD ["python", "-m", "digitlib.dashboard", "--no-browser", "--Voila.ip=0.0.0.0", \
    "--Voila.custom_display_url=http://localhost:8866"]
