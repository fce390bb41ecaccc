import { Fields, LENGTH_DELIMITED, VARINT, readHeader, readKeyValue, tagOf, type Header } from './etcd-message.ts';
import type { Change } from './store.ts';

/** What etcd says on a stream of watches. */
export interface WatchAnswer extends Header {
  /** Of the watch that it is about: decimal digits. */
  id: string;
  /** The watch has begun. */
  created: boolean;
  canceled: boolean;
  cancelReason: string;
  /** Where the history begins; 0: it has what was asked for. */
  compactRevision: number;
  /** The rest of the changes comes with the next one. */
  fragment: boolean;
  readonly changes: Change[];
}

/**
 * Reads a `WatchResponse` (etcd, `rpc.proto`). `prefixBytes` of each key are left out. The library makes a dozen objects of it, by code that is
 * cold at each change. Throws RangeError for what is cut short.
 */
export function decodeWatchAnswer(bytes: Buffer, prefixBytes: number): WatchAnswer {
  const answer: WatchAnswer = {
    revision: 0,
    cluster: '0',
    id: '0',
    created: false,
    canceled: false,
    cancelReason: '',
    compactRevision: 0,
    fragment: false,
    changes: [],
  };
  const fields = new Fields(bytes, 0, bytes.length);
  while (fields.next()) {
    if (fields.tag === HEADER) readHeader(fields.inner(), answer);
    else if (fields.tag === WATCH_ID) answer.id = fields.digits();
    else if (fields.tag === CREATED) answer.created = fields.number() !== 0;
    else if (fields.tag === CANCELED) answer.canceled = fields.number() !== 0;
    else if (fields.tag === COMPACT_REVISION) answer.compactRevision = fields.number();
    else if (fields.tag === CANCEL_REASON) answer.cancelReason = fields.text();
    else if (fields.tag === FRAGMENT) answer.fragment = fields.number() !== 0;
    else if (fields.tag === EVENTS) answer.changes.push(readEvent(fields.inner(), bytes, prefixBytes));
    else fields.skip();
  }
  return answer;
}

/** Reads an `Event` (etcd, `kv.proto`). */
function readEvent(fields: Fields, bytes: Buffer, prefixBytes: number): Change {
  let isDelete = false;
  let key = '';
  let value = '';
  let revision = 0;
  while (fields.next()) {
    if (fields.tag === TYPE) isDelete = fields.number() === DELETE;
    else if (fields.tag === KV) {
      const found = readKeyValue(fields.inner());
      key = bytes.toString('utf8', found.keyStart + prefixBytes, found.keyEnd);
      value = bytes.toString('utf8', found.valueStart, found.valueEnd);
      ({ revision } = found);
    } else fields.skip();
  }
  return { key, value: isDelete ? null : value, revision };
}

/** Of `WatchResponse`. */
const HEADER = tagOf(1, LENGTH_DELIMITED);
const WATCH_ID = tagOf(2, VARINT);
const CREATED = tagOf(3, VARINT);
const CANCELED = tagOf(4, VARINT);
const COMPACT_REVISION = tagOf(5, VARINT);
const CANCEL_REASON = tagOf(6, LENGTH_DELIMITED);
const FRAGMENT = tagOf(7, VARINT);
const EVENTS = tagOf(11, LENGTH_DELIMITED);
/** Of `Event`. */
const TYPE = tagOf(1, VARINT);
const KV = tagOf(2, LENGTH_DELIMITED);
const DELETE = 1;
