import type { IRangeResponse } from 'etcd3';
import type { EtcdMember } from './etcd-member.ts';
import type { Presence } from './store.ts';

export interface EtcdPresenceOptions {
  readonly fullKey: (key: string) => Buffer;
  readonly onAnyMember: <Answer>(call: (member: EtcdMember, deadline: number) => Promise<Answer>) => Promise<Answer>;
}

/**
 * A key with a lease: etcd removes it when its process has not been heard of for `TTL_S` seconds. To keep it costs etcd no revision;
 * only another value does.
 */
export class EtcdPresence implements Presence {
  readonly everyMs = 5000;
  readonly #options: EtcdPresenceOptions;
  #lease: string | null = null;
  #value: string | null = null;

  constructor(options: EtcdPresenceOptions) {
    this.#options = options;
  }

  async announce(key: string, value: string): Promise<void> {
    await this.#options.onAnyMember(async (member, deadline) => {
      if (this.#lease !== null && (await member.keepAlive(this.#lease, deadline)) <= 0) this.#lease = null;
      if (this.#lease === null) {
        this.#value = null;
        const request = { TTL: String(TTL_S), ID: '0' };
        this.#lease = (await member.call<{ readonly ID: string }>('Lease', 'leaseGrant', request, deadline)).ID;
      }
      const fullKey = this.#options.fullKey(key);
      if (value === this.#value && (await this.#isOurs(member, fullKey, deadline))) return;
      // A key belongs to the lease of its last put: that of a process before this one no longer removes it.
      const request = { key: fullKey, value: Buffer.from(value), lease: this.#lease };
      await member.call('KV', 'put', request, deadline);
      this.#value = value;
    });
  }

  /** Neither removed nor taken over by a process that ends. */
  async #isOurs(member: EtcdMember, key: Buffer, deadline: number): Promise<boolean> {
    const { kvs } = await member.call<IRangeResponse>('KV', 'range', { key, keys_only: true }, deadline);
    return kvs[0]?.lease === this.#lease;
  }

  async withdraw(): Promise<void> {
    const lease = this.#lease;
    if (lease === null) return;
    this.#lease = null;
    await this.#options.onAnyMember((member, deadline) => member.call('Lease', 'leaseRevoke', { ID: lease }, deadline));
  }
}

const TTL_S = 15;
