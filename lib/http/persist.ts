import { BodyKind, Known, type Head } from './head.ts';
import { listHas } from './hop.ts';

/** Whether the client means its connection to carry another request (RFC 9112 9.3). */
export function requestPersists(head: Head): boolean {
  return persists(head);
}

/** Whether the server means its connection to carry another reply. One that ends with its connection says no by that. */
export function replyPersists(head: Head): boolean {
  return persists(head) && head.bodyKind !== BodyKind.CLOSE && head.status !== 101;
}

/**
 * Which connections of an exchange may be used again, as bits of `Reuse`, from the two halves of it, each a sum of `Half`.
 *
 * A connection may carry the next message when its peer wants that and nothing of this exchange is left on it, neither to
 * be read nor to be written:
 *
 *     client:  request READ and PERSISTS, reply SENT
 *     server:  request SENT,              reply READ and PERSISTS
 *
 * So an early reply to a body that still arrives, a reply that was cut, and a body that was refused end what they must.
 */
export function mayReuse(request: number, reply: number): number {
  const client = (request & CLIENT_SIDE) === CLIENT_SIDE && (reply & Half.SENT) !== 0;
  const server = (reply & SERVER_SIDE) === SERVER_SIDE && (request & Half.SENT) !== 0;
  return (client ? Reuse.CLIENT : Reuse.NEITHER) | (server ? Reuse.SERVER : Reuse.NEITHER);
}

/** What is true of one message on its way through. */
export const Half = {
  /** All of it has been read from whoever sent it. */
  READ: 1,
  /** All of it has been written to whoever is to have it, in a way that shows its end without closing. */
  SENT: 2,
  /** Whoever sent it means to go on (`requestPersists`, `replyPersists`). */
  PERSISTS: 4,
} as const;

export const Reuse = { NEITHER: 0, CLIENT: 1, SERVER: 2 } as const;

const CLIENT_SIDE = Half.READ | Half.PERSISTS;
const SERVER_SIDE = Half.READ | Half.PERSISTS;

/** HTTP/1.1 goes on unless it says close; HTTP/1.0 only if it says keep-alive; close wins over keep-alive. */
function persists(head: Head): boolean {
  if ((head.seen & (1 << Known.CONNECTION)) === 0) return head.minor === 1;
  if (listHas(head, Known.CONNECTION, 'close')) return false;
  return head.minor === 1 || listHas(head, Known.CONNECTION, 'keep-alive');
}
