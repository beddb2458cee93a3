# The dashboard and its worker in one image: docker build -t survdash .
# With GPU libraries (about 4 GB more): docker build --build-arg TORCH_BACKEND=cu130 -t survdash:cuda .
# Where only a mirror of PyPI is reached: --build-arg TORCH_BACKEND=pypi takes PyPI's own builds, GPU libraries included.
FROM python:3.11-slim-bookworm AS packages
ARG TORCH_BACKEND=cpu
RUN pip install --no-cache-dir uv==0.13.9 && uv venv /opt/venv
COPY requirements.txt requirements.lock /tmp/
# uv takes torch and torchvision from the index of the builds that are asked for; all else from PyPI, as locked.
RUN if [ "$TORCH_BACKEND" != pypi ]; then set -- --torch-backend "$TORCH_BACKEND"; fi \
    && uv pip install --python /opt/venv/bin/python --no-cache "$@" -r /tmp/requirements.txt -c /tmp/requirements.lock

FROM python:3.11-slim-bookworm
# Chromium draws figures as PNG and SVG; without it these two exports say so.
RUN apt-get update && apt-get install -y --no-install-recommends chromium fonts-dejavu-core fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/* && useradd --uid 10001 --create-home survdash \
    && install -d -o survdash -g survdash -m 700 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /opt/survdash
COPY app.py ./
COPY .streamlit/config.toml .streamlit/config.toml
COPY pages pages
COPY survdash survdash
COPY models models
ENV PATH=/opt/venv/bin:$PATH SURVDASH_DATA_DIR=/data PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; assert r.urlopen('http://127.0.0.1:8501/_stcore/health').read() == b'ok'"]
CMD ["streamlit", "run", "app.py", "--server.address", "0.0.0.0"]
