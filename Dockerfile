# One image, many commands: `docker run ict-trader demo`, `docker run ict-trader run risk`, …
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
# Two environments: pip and the build backend stay in this stage, the other one is shipped.
RUN python -m venv /opt/pip && python -m venv --without-pip /opt/ict
WORKDIR /src
# The dependencies first: they change seldom, and their layer is kept while the code changes.
# TA-Lib's wheel brings 20 MB of its own generated source, numpy's 15 MB of its tests; nothing reads either.
COPY requirements.lock requirements-build.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/pip/bin/pip install --no-deps --require-hashes -r requirements-build.lock \
 && /opt/pip/bin/pip --python /opt/ict/bin/python install --no-deps --require-hashes -r requirements.lock \
 && find /opt/ict -name _ta_lib.c -delete \
 && find /opt/ict -path '*/site-packages/numpy/*' -type d -name tests -prune -exec rm -r {} +
COPY pyproject.toml README.md LICENSE ./
COPY shared ./shared
COPY services ./services
COPY simulator ./simulator
COPY research ./research
COPY cli ./cli
RUN /opt/pip/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/pip/bin/pip --python /opt/ict/bin/python install --no-deps /wheels/*.whl \
 && /opt/ict/bin/python -m cli.installed

# The hot modules compiled for the interpreter of the image; compiler and mypy stay in this stage. Builds are kept under a key of
# sources and interpreter, beside the layers: other code may change without compiling them again.
FROM ${BASE} AS native
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/dev
WORKDIR /src
COPY requirements-dev.lock ./
RUN --mount=type=cache,target=/root/.cache/pip \
    /opt/dev/bin/pip install --no-compile --no-deps --require-hashes -r requirements-dev.lock
COPY shared ./shared
COPY services ./services
COPY cli ./cli
RUN --mount=type=cache,target=/var/cache/native \
    ICT_NATIVE_DIR=/var/cache/native /opt/dev/bin/python -m cli.native && cp -r /var/cache/native /opt/native

FROM ${BASE}
# The home is made by hand: useradd would put its skeleton files there, and from there into the journal's volume.
RUN groupadd --gid 10001 ict \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/ict --no-create-home --shell /usr/sbin/nologin ict \
 && install -d -o 10001 -g 10001 /var/lib/ict
COPY --from=build /opt/ict /opt/ict
COPY --from=native /opt/native /opt/native
COPY config /etc/ict
ENV PATH=/opt/ict/bin:$PATH ICT_NATIVE_DIR=/opt/native PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/ict
EXPOSE 9100
# Readiness of `ict run …` with ICT_HTTP__PORT=9100; short commands such as demo end before it matters.
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 CMD ["ict", "health"]
ENTRYPOINT ["ict"]
CMD ["demo"]
