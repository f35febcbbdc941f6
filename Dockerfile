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

FROM node:24.21-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=install /app/node_modules node_modules
COPY package.json ./
COPY lib lib
COPY db db
COPY gateway gateway
COPY hasura hasura
COPY services services
USER node
# The gateway's auth keys live in a volume; nothing else is written.
CMD ["node", "services/core/main.ts"]
