import type { Plan, ReplyBody } from '../routing/plan.ts';
import type { ReplyEdit } from '../routing/reply-edit.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { SERVER_HOST } from '../upstream/server.ts';
import type { Caching } from './caching.ts';
import type { CompressionTerms } from './compression-terms.ts';
import { newSpanId, TRY_SPAN } from './identities.ts';
import { withServerHost } from './server-host.ts';
import type { Try } from './try.ts';

/** A request as servers get it, but for its body. */
export class Outgoing {
  method = '';
  /** The client's HTTP version. */
  minor = 1;
  /** The protocols the client wants to change to, or null. */
  upgrade: string | null = null;
  /** The client's connection may carry another request. */
  keepAlive = false;
  /** What is changed in the reply's head; null for nothing. */
  replyEdit: ReplyEdit | null = null;
  /** What the client gets instead of a server's body; null for that. */
  replyBody: ReplyBody | null = null;
  /** How its reply may be compressed; null: not at all. */
  compression: CompressionTerms | null = null;
  /** The cache that keeps its reply, perhaps; null: none does. */
  caching: Caching | null = null;
  /** How often it was given to a server. */
  tries = 0;
  /** As every try sends it, but for what depends on its server. */
  head = '';
  #hasServerHost = false;

  describe(method: string, minor: number, upgrade: string | null, keepAlive: boolean): void {
    this.method = method;
    this.minor = minor;
    this.upgrade = upgrade;
    this.keepAlive = keepAlive;
  }

  /** `compression`: how replies of the upstream may be compressed for this client. */
  set(head: string, upstream: Upstream | null, plan: Plan, compression: CompressionTerms | null): void {
    this.replyEdit = plan.replyEdit;
    this.replyBody = plan.replyBody;
    if (plan.method !== null) this.method = plan.method;
    this.head = head;
    this.#hasServerHost = upstream?.setup?.host?.startsWith(SERVER_HOST) === true;
    this.compression = compression;
  }

  /** The head that this try sends. */
  headFor(one: Try): string {
    const { server } = one;
    const head = this.#hasServerHost && server !== null ? withServerHost(this.head, server) : this.head;
    if (one.spanId === null) return head;
    one.spanId = newSpanId();
    return head.replaceAll(TRY_SPAN, one.spanId);
  }

  reset(): void {
    this.tries = 0;
    this.head = '';
    this.replyEdit = null;
    this.replyBody = null;
    this.compression = null;
    this.caching = null;
  }
}
