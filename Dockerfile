# One image for every service: `command:` in the compose file says which main.ts runs.
FROM node:24.21-bookworm-slim AS install
WORKDIR /app
COPY package.json package-lock.json ./
COPY lib/package.json lib/
COPY db/package.json db/
COPY dev/package.json dev/
COPY gateway/package.json gateway/
COPY hasura/engine/package.json hasura/engine/
COPY services/core/package.json services/core/
COPY services/media/package.json services/media/
COPY services/pipeline/package.json services/pipeline/
COPY services/links/package.json services/links/
# Without optional packages: no second Node, no PostgreSQL, no hasura-cli.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund

FROM node:24.21-bookworm-slim AS services
ENV NODE_ENV=production
WORKDIR /app
COPY --from=install /app/node_modules node_modules
COPY package.json ./
COPY lib lib
COPY db db
COPY gateway gateway
COPY hasura hasura
COPY services services
# Volumes take the owner of the folder they cover.
RUN mkdir /keys /data && chown node:node /keys /data
USER node
CMD ["node", "services/core/main.ts"]

# The object store of docker-compose.yml; production has R2.
FROM services AS store
COPY dev/store dev/store

# What `build: .` gives: the last stage is the default.
FROM services
