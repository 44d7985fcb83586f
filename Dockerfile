# The server in a container: docs/guides/container.md says how to run it.

FROM node:20-bookworm-slim AS studio
WORKDIR /src/ui
COPY ui/package.json ui/package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY ui ./
RUN npm run build

FROM rust:1.95.0-bookworm AS build
WORKDIR /src
COPY . .
COPY --from=studio /src/ui/dist ui/dist
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package steadflow-cli --bin steadflow \
    && install target/release/steadflow /usr/local/bin/

FROM debian:bookworm-slim
# TLS trusts the certificates of the operating system.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/steadflow --create-home steadflow
COPY --from=build /usr/local/bin/steadflow /usr/local/bin/
COPY LICENSE /usr/share/doc/steadflow/
USER 10001
WORKDIR /var/lib/steadflow
VOLUME /var/lib/steadflow
ENV STEADFLOW_LOG_FORMAT=json
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s --retries=3 CMD ["steadflow", "health"]
ENTRYPOINT ["steadflow"]
CMD ["serve"]
