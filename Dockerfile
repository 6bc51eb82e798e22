# dmaheap in a container: docker build -t dmaheap . && docker run --rm -v "$PWD:/work" dmaheap list --board board.dtb
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm pack --silent --pack-destination /tmp && mv /tmp/dmaheap-*.tgz /tmp/dmaheap.tgz

# Node 24 has SQLite of its own: the optional package is not needed.
FROM node:24-slim
COPY --from=build /tmp/dmaheap.tgz /tmp/dmaheap.tgz
RUN npm install --global --omit=optional --no-audit --no-fund /tmp/dmaheap.tgz && rm /tmp/dmaheap.tgz
WORKDIR /work
USER node
ENTRYPOINT ["dmaheap"]
CMD ["--help"]
