import { hkdfSync, randomBytes } from 'node:crypto';

/** What keys of session tickets are made of. Plain data: it travels between processes, and to other instances. */
export interface TicketSeed {
  /** 32 bytes in base64. */
  readonly secret: string;
  /** When it begins to be used, in milliseconds since the epoch: by then every instance has it. */
  readonly from: number;
}

/** A key as OpenSSL takes it. */
interface TicketKey {
  readonly name: Buffer;
  readonly aes: Buffer;
  readonly hmac: Buffer;
  readonly from: number;
}

/** What Node's inner context asks for each ticket that is made (`isNew`) or shown. */
export type TicketKeyCallback = (
  name: Uint8Array,
  iv: Uint8Array,
  isNew: boolean,
) => readonly [outcome: number, hmac?: Buffer, aes?: Buffer, name?: Buffer, iv?: Buffer];

/**
 * Keys of session tickets (RFC 8446 4.6.1, RFC 5077): the newest seed's make tickets, all open them. Each policy has keys of its
 * own, so that a session which began by other rules cannot be read at all.
 */
export class Tickets {
  #seeds: readonly TicketSeed[] = [{ secret: randomBytes(SECRET_BYTES).toString('base64'), from: 0 }];
  readonly #keys = new Map<string, readonly TicketKey[]>();

  /** Replaces the seeds. */
  set(seeds: readonly TicketSeed[]): void {
    if (seeds.length === 0) return;
    this.#seeds = seeds.toSorted((a, b) => b.from - a.from);
    this.#keys.clear();
  }

  callbackOf(policy: string): TicketKeyCallback {
    return (name, _iv, isNew) => {
      const keys = this.#keysOf(policy);
      if (isNew) {
        const now = Date.now();
        const key = keys.find(({ from }) => from <= now) ?? keys.at(-1);
        return key === undefined ? REFUSED : [GOOD, key.hmac, key.aes, key.name, randomBytes(IV_BYTES)];
      }
      const at = keys.findIndex((key) => key.name.equals(name));
      const key = keys[at];
      if (key === undefined) return REFUSED;
      // A ticket of an older key is good, and a new one follows.
      const isNewest = keys.findIndex(({ from }) => from <= Date.now()) >= at;
      return [isNewest ? GOOD : RENEWED, key.hmac, key.aes];
    };
  }

  /** Newest first. */
  #keysOf(policy: string): readonly TicketKey[] {
    let keys = this.#keys.get(policy);
    if (keys === undefined) {
      keys = this.#seeds.map(({ secret, from }) => {
        const bytes = Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64'), '', `elb ticket ${policy}`, 64));
        return { name: bytes.subarray(0, 16), aes: bytes.subarray(16, 32), hmac: bytes.subarray(32, 64), from };
      });
      this.#keys.set(policy, keys);
    }
    return keys;
  }
}

const SECRET_BYTES = 32;
const IV_BYTES = 16;
/** Outcomes of SSL_CTX_set_tlsext_ticket_key_cb(3). */
const GOOD = 1;
const RENEWED = 2;
const NO_TICKET = 0;
/** No such key: Node wants keys all the same where it goes on, and OpenSSL does not look at them. */
const REFUSED = [NO_TICKET, Buffer.alloc(32), Buffer.alloc(16), Buffer.alloc(16), Buffer.alloc(16)] as const;
