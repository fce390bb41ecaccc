import { rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ListenAddress } from '../lib/core/listener.ts';
import type { Log } from '../lib/core/log.ts';
import { createServer } from './http.ts';
import type { MetricsSource } from './resource.ts';
import { sendParts } from './send-parts.ts';

/** Answers `GET /metrics`, and nothing else, to whoever reaches it: for scrapers that are kept away from the admin API. */
export class MetricsServer {
  readonly #address: ListenAddress;
  readonly #metrics: MetricsSource;
  readonly #log: Log;
  readonly #server: Server;

  constructor(address: ListenAddress, metrics: MetricsSource, log: Log) {
    this.#address = address;
    this.#metrics = metrics;
    this.#log = log;
    this.#server = createServer({ requestTimeout: 10_000 }, (request, response) => void this.#serve(request, response));
  }

  /** Rejects where it cannot listen. At an upgrade the program before listens there, too, until it has ended. */
  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    if (this.#address.kind === 'tcp') {
      const { host, port } = this.#address;
      this.#server.listen({ host, port, reusePort: true }, resolve);
    } else {
      rmSync(this.#address.path, { force: true });
      this.#server.listen({ path: this.#address.path }, resolve);
    }
    await promise;
    this.#log.info({ address: this.#server.address() }, 'telling metrics');
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.resume();
    const isGet = request.method === 'GET' || request.method === 'HEAD';
    if (!/^\/(?:__erulb__\/)?metrics(?:\?|$)/.test(request.url ?? '') || !isGet) {
      response.writeHead(isGet ? 404 : 405, isGet ? {} : { Allow: 'GET, HEAD' }).end();
      return;
    }
    try {
      const { type, parts } = await this.#metrics.page(request.headers.accept);
      response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' });
      if (request.method === 'HEAD') response.end();
      else await sendParts(response, parts);
    } catch (error) {
      if (!response.destroyed) this.#log.error({ err: error }, 'metrics could not be told');
      response.destroy();
    }
  }
}
