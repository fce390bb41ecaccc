import type { KnownBody } from './known-body.ts';
import { escapeFor, type Where } from './template-escape.ts';

/** What templates know of a reply: the head of a server's, or that of an answer of ELB's own. */
export interface KnownReply {
  readonly status: number;
  /** All values of a field joined by ", ", or null. */
  get(lowerName: string): string | null;
  /** How often a server was asked for it; 0: no server was. */
  readonly tries?: number;
  /** Not there where nobody has waited for it, or it is larger than that. */
  readonly body?: KnownBody;
}

/** A place for a value of the reply. */
export interface ReplyPart {
  /** As the document writes it. */
  readonly name: string;
  /** Null: there is none. */
  read(reply: KnownReply): string | null;
  readonly fallback: string;
  /** Whether the body has to be there. */
  readonly ofBody?: true;
  readonly escape: (value: string) => string;
}

/** A text that is whole once there is a reply; what it has of the request is in it. Every character is one byte. */
export type LateText = readonly (string | ReplyPart)[];

/** Whether a text needs the body of a reply. */
export function needsBody(text: LateText): boolean {
  return text.some((part) => typeof part !== 'string' && part.ofBody === true);
}

export function wholeText(text: LateText, reply: KnownReply): string {
  let whole = '';
  for (const part of text) {
    if (typeof part === 'string') whole += part;
    else {
      const value = part.read(reply);
      whole += value === null ? part.fallback : part.escape(value);
    }
  }
  return whole;
}

/** The place that a name means which begins with `reply.`, or the reason why there is none. */
export function replyPart(name: string, fallback: string, where: Where): ReplyPart | string {
  const escape = escapeFor(where, 'bytes');
  if (name === 'reply.status') return { name, read: ({ status }) => String(status), fallback, escape };
  if (name === 'reply.tries') return { name, read: ({ tries = 0 }) => String(tries), fallback, escape };
  if (name === BODY || name.startsWith(`${BODY}.`)) {
    const steps = name.split('.').slice(2);
    if (steps.includes('')) return `has \${${name}}, which names no member`;
    const read = ({ body }: KnownReply): string | null =>
      body === undefined ? null : steps.length === 0 ? body.text() : body.member(steps);
    return { name, read, fallback, ofBody: true, escape: escapeFor(where, 'text') };
  }
  const field = name.startsWith(HEADER) ? name.slice(HEADER.length).toLowerCase() : '';
  if (field === '')
    return `has \${${name}}; of a reply there are reply.status, reply.tries, reply.header.NAME, reply.body and reply.body.MEMBER`;
  return { name, read: (reply) => reply.get(field), fallback, escape };
}

const HEADER = 'reply.header.';
const BODY = 'reply.body';
