# syntax=docker/dockerfile:1
# One image for every process of Karla: `up`, `serve`, `work`, `migrate`, `backup` … is the command.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY requirements.lock pyproject.toml ./
# The installer is the one in the lock. It holds everything that it installs to the lock's versions and hashes.
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock >installer.lock \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement installer.lock
RUN uv venv /opt/karla \
    && uv pip install --python /opt/karla --constraints requirements.lock --requirements pyproject.toml
COPY README.md LICENSE ./
COPY migrations migrations
COPY src src
RUN uv pip install --python /opt/karla --no-deps --build-constraints requirements.lock .

FROM python:${PYTHON}
# PostgreSQL's own programs, for `karla up` without a database, want an account with a name.
RUN useradd --system --uid 10001 --home-dir /var/lib/karla --create-home karla
COPY --from=build /opt/karla /opt/karla
COPY --chmod=755 deploy/docker/entrypoint.sh /usr/local/bin/karla-entrypoint
COPY --chmod=755 deploy/docker/healthcheck.py /usr/local/bin/karla-healthcheck
ENV PATH=/opt/karla/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    KARLA_DATA_DIR=/var/lib/karla \
    KARLA_HOST=0.0.0.0 \
    KARLA_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/karla
VOLUME /var/lib/karla
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["karla-healthcheck"]
ENTRYPOINT ["karla-entrypoint"]
CMD ["up"]
