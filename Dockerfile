# syntax=docker/dockerfile:1
# The sidecar as an image: slim, non-root, one volume. Build it from the root of the repository.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/pandaprobe && /opt/pandaprobe/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY proxy ./proxy
RUN /opt/pandaprobe/bin/pip install --no-deps . && /opt/pandaprobe/bin/python -m compileall -q /opt/pandaprobe/lib

FROM python:3.13-slim
LABEL org.opencontainers.image.title="pandaprobe-proxy" \
      org.opencontainers.image.description="A flight recorder for LLM agents, as a sidecar" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/pandaprobe /opt/pandaprobe
RUN mkdir -m 0700 /data && chown 65532:65532 /data
ENV PATH=/opt/pandaprobe/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PANDAPROBE_DATA_DIR=/data \
    PANDAPROBE_HOST=0.0.0.0
USER 65532:65532
VOLUME /data
EXPOSE 4100 4101
STOPSIGNAL SIGTERM
ENTRYPOINT ["pandaprobe-proxy"]
CMD ["serve"]
