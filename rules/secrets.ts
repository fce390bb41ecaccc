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
 * Secrets that are known by their digests alone, each with what is known of who has it. What a client presents is digested, too, and looked
 * up: how long that takes says nothing about a secret, only about a digest that nobody can choose.
 */
export class Secrets<Holder> {
  readonly #holders = new Map<string, { readonly holder: Holder; readonly name: string; readonly digest: Buffer }>();

  /** `holderOf` is asked once for each name. A digest that stands twice, under two names, is told to `problem`. */
  constructor(
    secrets: SecretsArg,
    at: string,
    holderOf: (name: string) => Holder,
    problem: (at: string, msg: string) => void,
  ) {
    for (const [name, text] of Object.entries(secrets)) {
      const digest = Buffer.from(text.slice(PREFIX.length), 'hex');
      const same = this.#holders.get(digest.toString('latin1'));
      if (same !== undefined) problem(at + pointerStep(name), `is the same as that of ${same.name}`);
      this.#holders.set(digest.toString('latin1'), { holder: holderOf(name), name, digest });
    }
  }

  /** Who has this secret; null if nobody has. */
  holderOf(secret: string): Holder | null {
    const presented = hash('sha256', Buffer.from(secret, 'latin1'), 'buffer');
    const found = this.#holders.get(presented.latin1Slice());
    return found !== undefined && timingSafeEqual(found.digest, presented) ? found.holder : null;
  }
}

const PREFIX = 'sha256:';
