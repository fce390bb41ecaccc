import { defineSection } from './section.ts';
import { milliseconds, optionalTime, timeOption } from './time.ts';

/** Times in milliseconds; null: as the options of the program say. */
export interface TimeoutOptions {
  readonly connectMs: number | null;
  readonly sendMs: number | null;
  readonly firstByteMs: number | null;
  readonly readMs: number | null;
  readonly tunnelMs: number | null;
  /** 0: unbounded. */
  readonly requestMs: number;
  /** 0: never. */
  readonly raceMs: number;
  /** 0: no bound. */
  readonly silenceMs: number;
}

interface Document {
  readonly connect: string | null;
  readonly send: string | null;
  readonly first_byte: string | null;
  readonly read: string | null;
  readonly tunnel: string | null;
  readonly request: string;
  readonly race: string;
  readonly silence: string;
}

/** How long servers are waited for. */
export const timeouts = defineSection({
  summary: 'How long servers are waited for.',
  properties: {
    connect: optionalTime('until a connection is made, its TLS handshake done (504); null: `connect-timeout`'),
    send: optionalTime('how long a part of the request may be left untaken (504); null: `read-timeout`'),
    first_byte: optionalTime('from the end of the request to the first byte of its reply (504); null: `read`'),
    read: optionalTime('silence inside a reply, which is cut then; null: `read-timeout`'),
    tunnel: optionalTime('silence of an upgraded connection, which is closed then; null: `tunnel-timeout`'),
    request: timeOption(
      '0s',
      'from the choice of the upstream to the last byte of the reply, all tries together (504, or a cut reply); 0s: no bound',
    ),
    race: timeOption(
      '250ms',
      'a connection that takes longer to be made is raced by one to another server; what was sent to neither is lost by neither; 0s: never',
    ),
    silence: timeOption(
      '1s',
      'a server that has answered before, and then says nothing to anybody for so long, and ten times as long as it usually takes, ' +
        'while two requests or more wait there, has failed: what may be sent twice is asked of another one, too; 0s: never',
    ),
  },
  read: (document: Document): TimeoutOptions => ({
    connectMs: orNull(document.connect),
    sendMs: orNull(document.send),
    firstByteMs: orNull(document.first_byte),
    readMs: orNull(document.read),
    tunnelMs: orNull(document.tunnel),
    requestMs: milliseconds(document.request),
    raceMs: milliseconds(document.race),
    silenceMs: milliseconds(document.silence),
  }),
});

function orNull(text: string | null): number | null {
  return text === null ? null : milliseconds(text);
}
