import {
  Fields,
  LENGTH_DELIMITED,
  VARINT,
  readHeader,
  readKeyValue,
  tagOf,
  type Header,
  type KeyValue,
} from './etcd-message.ts';
import type { Entry } from './store.ts';

/** A page of keys, as etcd answers `KV.Range`. */
export interface RangePage extends Readonly<Header> {
  readonly entries: readonly Entry[];
  /** Bytes of the keys and values. */
  readonly bytes: number;
  /** The last of them, whole; null: there are none. */
  readonly lastKey: Buffer | null;
  /** Whether there are keys behind it. */
  readonly more: boolean;
}

/**
 * Reads a `RangeResponse` (etcd, `rpc.proto`). `prefixBytes` of each key are left out. The
 * library makes three objects and three buffers of each key, and a large table is read while nobody is served. Throws RangeError for
 * what is cut short.
 */
export function decodeRangePage(bytes: Buffer, prefixBytes: number): RangePage {
  const fields = new Fields(bytes, 0, bytes.length);
  const page = {
    revision: 0,
    cluster: '',
    entries: [] as Entry[],
    bytes: 0,
    lastKey: null as Buffer | null,
    more: false,
  };
  let last: KeyValue | null = null;
  while (fields.next()) {
    if (fields.tag === HEADER) readHeader(fields.inner(), page);
    else if (fields.tag === KVS) {
      last = readKeyValue(fields.inner());
      const value = bytes.toString('utf8', last.valueStart, last.valueEnd);
      const key = bytes.toString('utf8', last.keyStart + prefixBytes, last.keyEnd);
      page.entries.push({ key, value, revision: last.revision });
      page.bytes += last.keyEnd - last.keyStart + last.valueEnd - last.valueStart;
    } else if (fields.tag === MORE) page.more = fields.number() !== 0;
    else fields.skip();
  }
  // The page itself is not kept for it.
  if (last !== null) page.lastKey = Buffer.from(bytes.subarray(last.keyStart, last.keyEnd));
  return page;
}

/** Of `RangeResponse`. */
const HEADER = tagOf(1, LENGTH_DELIMITED);
const KVS = tagOf(2, LENGTH_DELIMITED);
const MORE = tagOf(3, VARINT);
