import { dateLine } from './date.ts';
import { hasSoundLength } from './framing.ts';
import { Known, type Head } from './head.ts';
import { hopByHop } from './hop.ts';

/** What the proxy changes in a reply's head before it passes it on. */
export interface ReplyEdits {
  /** Lower-case names that the server's Connection field lists; null for none. */
  listed: readonly string[] | null;
  /** Lower-case names of further fields that are taken out; null for none. */
  taken: readonly string[] | null;
  /** Whether Content-Length goes, because the reply has no body to measure (204, 1xx) or is framed anew. */
  dropLength: boolean;
  /** Our own lines: framing and persistence, each ended by CRLF. */
  lines: string;
}

/** The head that is sent to a client, as text whose characters are bytes. See `encodeRequest` for the runs. */
export function encodeReply(head: Head, edits: ReplyEdits): string {
  const { count } = head;
  const { listed, taken } = edits;
  const dropLength = edits.dropLength || !hasSoundLength(head);
  let text = 'HTTP/1.1 ';
  let run = head.start + STATUS_AT;
  if (head.reasonEnd === head.reasonStart) {
    // The space behind the status stays even where nothing follows it (RFC 9112 4).
    text += `${head.status} \r\n`;
    run = -1;
  }
  for (let i = 0; i < count; i++) {
    const kind = head.kind(i);
    const drop =
      DROPPED[kind] === 1 ||
      (kind === Known.CONTENT_LENGTH && dropLength) ||
      (listed !== null && kind === 0 && listed.includes(head.name(i).toLowerCase())) ||
      (taken !== null && taken.includes(head.name(i).toLowerCase()));
    const at = head.nameStart(i);
    if (!drop) {
      if (run === -1) run = at;
    } else if (run !== -1) {
      text += head.slice(run, at);
      run = -1;
    }
  }
  if (run !== -1) text += head.slice(run, head.end - 2);
  // RFC 9110 6.6.1: who has a clock dates what he passes on; interim replies need none.
  const dated = (head.seen & (1 << Known.DATE)) !== 0 || head.status < 200;
  return `${text}${dated ? '' : dateLine()}${edits.lines}\r\n`;
}

/** "HTTP/1.x " comes before the status code. */
const STATUS_AT = 9;

const DROPPED = Uint8Array.from({ length: 32 }, (_, kind) => (hopByHop(kind) ? 1 : 0));
