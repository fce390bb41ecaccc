import type { DeliveryPolicy } from '../core/delivery-policy.ts';
import type { Client } from './client.ts';
import type { Context } from './context.ts';
import type { RequestBody } from './request-body.ts';
import { Phase, type Try } from './try.ts';

/** Who is awaited in a delivery, and for how long; whoever is faster than the other side is held back. */
export class Pace {
  client: Client | null = null;
  policy: DeliveryPolicy;
  readonly #context: Context;
  readonly #body: RequestBody;
  /** Bytes that the client had not taken when it was last looked at. */
  #unread = 0;

  constructor(context: Context, body: RequestBody) {
    this.#context = context;
    this.#body = body;
    this.policy = context.policy;
  }

  /** Something of the request has come or gone: holds the client back while the server is behind, or waits for one of them. */
  request(one: Try): void {
    const { client, policy } = this;
    if (client === null) return;
    const { phase } = one;
    if (this.#body.complete) {
      if (phase !== Phase.REPLY) return;
      if (!client.ended) client.deadline.cancel();
      this.reply(one);
      return;
    }
    const isHeld = this.#body.full;
    if (isHeld) client.connection.pause();
    else if (client.connection.paused) client.connection.resume();
    // Once the reply has begun the body is no longer awaited: a client may leave it at that (RFC 9112 9.3).
    if (phase === Phase.RELAY) return;
    if (isHeld) client.deadline.cancel();
    else client.deadline.set(this.#context.shared.limits.bodyIdleMs);
    if (phase !== Phase.REPLY) return;
    if (isHeld) one.deadline.set(policy.sendMs);
    else one.deadline.cancel();
  }

  /** The request is sent whole: it is the server's turn. */
  reply(one: Try): void {
    const { tryMs, firstByteMs, silenceMs } = this.policy;
    if (tryMs > 0 && one.until === 0) one.until = this.#context.shared.wheel.now + tryMs;
    one.awaitReply(firstByteMs, silenceMs);
  }

  /** The server has said something: it is awaited anew, and so is a client that has ended its side. */
  heard(one: Try): void {
    const { client } = this;
    one.wait(this.policy.readMs);
    if (client?.ended === true) client.deadline.set(this.#context.shared.limits.halfCloseMs);
  }

  /** Holds the server back while the client is behind, or what is done to the reply on its way; false: there is no reason to. */
  holdBack(one: Try): boolean {
    const { client } = this;
    if (client === null) return true;
    const isBehind = client.connection.full;
    if (!isBehind && !one.relay.output.full) return false;
    one.connection?.connection.pause();
    one.stored?.pause();
    one.deadline.cancel();
    if (!isBehind) return true;
    this.#unread = client.connection.pending;
    client.deadline.set(this.#context.shared.limits.sendMs);
    return true;
  }

  /** What is done to the reply on its way takes more. */
  goOn(one: Try): void {
    if (resume(one) && !one.relay.whole) one.wait(this.policy.readMs);
  }

  /** The client has taken what was pending. */
  drained(one: Try): void {
    if (one.phase < Phase.REPLY) return;
    this.client?.deadline.cancel();
    const { output, whole } = one.relay;
    output.resume();
    if (output.full) return;
    resume(one);
    if (one.phase === Phase.REPLY) this.request(one);
    else if (one.phase === Phase.RELAY && !whole) one.wait(this.policy.readMs);
  }

  /** The client was awaited too long inside a reply: true if it still takes something, and is only slow. */
  isSlow(client: Client): boolean {
    const { pending } = client.connection;
    if (pending === 0 || pending >= this.#unread) return false;
    this.#unread = pending;
    client.deadline.set(this.#context.shared.limits.sendMs);
    return true;
  }
}

/** Has whoever gives the reply go on; false: nobody was held back. */
function resume({ connection, stored }: Try): boolean {
  if (stored !== null) return stored.resume();
  if (connection?.connection.paused !== true) return false;
  connection.connection.resume();
  return true;
}
