import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Elb } from '../fixtures/elb.ts';
import type { Ledger } from './ledger.ts';

/** Two servers that a change can go to. */
export interface Servers {
  readonly a: { readonly port: number };
  readonly b: { readonly port: number };
}

/**
 * Changes that go on all the time: domains and upstreams come, are changed and go, and each change is asked for at once and must be
 * what is served.
 */
export class Changes {
  /** Changes that were asked for and served. */
  made = 0;
  readonly #elb: Elb;
  readonly #servers: Servers;
  #isPaused = false;
  #turn = 0;

  constructor(elb: Elb, servers: Servers) {
    this.#elb = elb;
    this.#servers = servers;
  }

  /** Nothing is changed while an upgrade hands over what was changed. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  async run(ledger: Ledger, random: () => number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(20 + random() * 60);
      if (this.#isPaused) continue;
      const from = performance.now();
      try {
        await this.#change(random);
        this.made++;
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error);
        ledger.failed({ kind: 'change', from, to: performance.now(), what });
      }
    }
  }

  async #change(random: () => number): Promise<void> {
    const turn = this.#turn++;
    const name = `changed-${turn % 50}`;
    const [server, port] = random() < 0.5 ? ['a', this.#servers.a.port] : ['b', this.#servers.b.port];
    const rules = { all: { type: 'backend', args: { servername: name } } };
    await this.#admin('PUT', 'upstream', {
      [name]: { [`127.0.0.1:${port}`]: `weight=${1 + Math.floor(random() * 9)}` },
    });
    await this.#admin('PUT', 'domain', { [`${name}.test`]: { init: 'all', rules } });
    const found = await this.#ask(`${name}.test`);
    if (found !== server) throw new Error(`${name} was changed to ${server} and answers ${found}`);
    if (random() > 0.3) return;
    await this.#admin('DELETE', 'domain', [`${name}.test`]);
    const left = await this.#ask(`${name}.test`);
    if (left !== '404') throw new Error(`${name} was deleted and answers ${left}`);
  }

  async #admin(method: string, resource: string, body: unknown): Promise<void> {
    const answer = await this.#elb.admin(method, resource, body);
    if (answer.status !== 200) throw new Error(`${method} ${resource}: ${answer.status} ${answer.text.slice(0, 200)}`);
  }

  /** Name of the server that answers for a domain, or the status where none does. */
  #ask(host: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = http.get({ port: this.#elb.port, host: '127.0.0.1', path: '/', headers: { host }, agent: false });
      request.on('error', reject);
      request.on('response', (response) => {
        response.resume();
        response.on('error', reject);
        response.on('end', () => resolve(String(response.headers['x-server'] ?? response.statusCode)));
      });
    });
  }
}
