# Any image with Node 26, npm and a shell; setcap is installed where it is missing. Nothing of it gets into the result but
# node and its libraries.
ARG BASE_IMAGE=node:26-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /src
RUN command -v setcap >/dev/null || (apt-get update && apt-get install -y --no-install-recommends libcap2-bin)
COPY package.json package-lock.json ./
# Nothing that has to be built or fetched by a script gets into the image.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# A file capability lets a user other than root bind port 80, with the host's network too.
RUN node scripts/image-root.mjs /image && setcap cap_net_bind_service=+ep /image/usr/local/bin/node

FROM scratch
LABEL ERU=1 elb=1
COPY --from=build /image /
ENV PATH=/usr/local/bin ELB_LISTEN=:80 ELB_OWN_SLICE=on ELB_STATE=/var/lib/elb NODE_ENV=production
USER 10001:10001
EXPOSE 80
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "/elb/health.mjs"]
CMD ["elb"]
