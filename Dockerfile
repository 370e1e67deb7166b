# syntax=docker/dockerfile:1
# The sidecar as an image: slim, non-root, one volume. Build it from the root of the repository.
# `--target intercept` has interception as well: mitmproxy, and iptables for the rules of the transparent mode.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
COPY requirements.lock ./
RUN python -m venv /opt/pandaprobe && /opt/pandaprobe/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY proxy ./proxy
RUN /opt/pandaprobe/bin/pip install --no-deps . && /opt/pandaprobe/bin/python -m compileall -q /opt/pandaprobe/lib

FROM build AS build-intercept
COPY requirements-intercept.lock ./
RUN /opt/pandaprobe/bin/pip install --no-deps --require-hashes -r requirements-intercept.lock && /opt/pandaprobe/bin/python -m compileall -q /opt/pandaprobe/lib

FROM python:3.13-slim AS base
LABEL org.opencontainers.image.title="pandaprobe-proxy" \
      org.opencontainers.image.description="A flight recorder for LLM agents, as a sidecar" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN mkdir -m 0700 /data && chown 65532:65532 /data
ENV PATH=/opt/pandaprobe/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PANDAPROBE_DATA_DIR=/data \
    PANDAPROBE_HOST=0.0.0.0
VOLUME /data
EXPOSE 4100 4101
STOPSIGNAL SIGTERM
ENTRYPOINT ["pandaprobe-proxy"]
CMD ["serve"]

# The certificate authority is made where the image runs, in its volume; no image has one.
FROM base AS intercept
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates iptables nftables && rm -rf /var/lib/apt/lists/*
COPY --from=build-intercept /opt/pandaprobe /opt/pandaprobe
EXPOSE 4102
USER 65532:65532

FROM base
COPY --from=build /opt/pandaprobe /opt/pandaprobe
USER 65532:65532
