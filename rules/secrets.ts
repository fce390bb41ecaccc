import { hash, timingSafeEqual } from 'node:crypto';
import { pointerStep } from '../lib/core/problem.ts';

/** Secrets at rest: `sha256:` and the digest in hexadecimal, by the name of who has them. */
export type SecretsArg = Readonly<Record<string, string>>;

/** Schema of `SecretsArg`. */
export function secretsProperty(what: string): Readonly<Record<string, unknown>> {
  return {
    type: 'object',
    minProperties: 1,
    additionalProperties: { type: 'string', pattern: '^sha256:[0-9a-fA-F]{64}$' },
    description: `digests of the ${what} by the name of who has it: \`sha256:\` and what \`printf %s SECRET | sha256sum\` says`,
  };
}

/**
 * Secrets that are known by their digests alone. What a client presents is digested, too, and looked up: how long that takes says nothing
 * about a secret, only about a digest that nobody can choose.
 */
export class Secrets {
  readonly #names = new Map<string, { readonly name: string; readonly digest: Buffer }>();

  /** A digest that stands twice, under two names, is told to `problem`. */
  constructor(secrets: SecretsArg, at: string, problem: (at: string, msg: string) => void) {
    for (const [name, text] of Object.entries(secrets)) {
      const digest = Buffer.from(text.slice(PREFIX.length), 'hex');
      const same = this.#names.get(digest.toString('latin1'));
      if (same !== undefined) problem(at + pointerStep(name), `is the same as that of ${same.name}`);
      this.#names.set(digest.toString('latin1'), { name, digest });
    }
  }

  /** Who has this secret; null if nobody has. */
  nameOf(secret: string): string | null {
    const presented = hash('sha256', Buffer.from(secret, 'latin1'), 'buffer');
    const found = this.#names.get(presented.latin1Slice());
    return found !== undefined && timingSafeEqual(found.digest, presented) ? found.name : null;
  }
}

const PREFIX = 'sha256:';
