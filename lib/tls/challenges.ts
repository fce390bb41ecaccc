import tls from 'node:tls';
import type { ChallengeDocument } from './challenge.ts';

/** Answers to the questions that CAs ask at the moment. */
export class Challenges {
  readonly #byName = new Map<string, ChallengeDocument>();
  /** By token (RFC 8555 8.3). */
  readonly #answers = new Map<string, string>();
  /** By host (RFC 8737): inner contexts of OpenSSL. */
  readonly #contexts = new Map<string, object>();

  /** Whether there is any answer to give in clear. */
  get size(): number {
    return this.#answers.size;
  }

  /** Null: the question is no more. */
  set(name: string, document: ChallengeDocument | null): void {
    const before = this.#byName.get(name);
    if (before?.type === 'http-01') this.#answers.delete(before.token);
    else if (before !== undefined) this.#contexts.delete(before.host);
    this.#byName.delete(name);
    if (document === null) return;
    this.#byName.set(name, document);
    if (document.type === 'http-01') this.#answers.set(document.token, document.answer);
    else {
      const { certificate: cert, key, host } = document;
      // Node's own class.
      this.#contexts.set(host, tls.createSecureContext({ ca: [], cert, key }).context as object);
    }
  }

  answerTo(token: string): string | null {
    return this.#answers.get(token) ?? null;
  }

  contextFor(host: string): object | null {
    return this.#contexts.get(host) ?? null;
  }
}
