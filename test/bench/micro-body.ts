import { BodyReader } from '../../lib/http/body-reader.ts';
import { BodyKind } from '../../lib/http/head.ts';
import { nanoseconds } from './nanoseconds.ts';

/** Nanoseconds per body that is read in one piece: `npm run bench:micro -- body`. */

const KIB = 1024;
const reader = new BodyReader();

measure('length, 10 KiB', Buffer.alloc(10 * KIB, 'x'), BodyKind.LENGTH, 10 * KIB);
measure('chunked, 16 chunks of 1 KiB', chunked(16, KIB), BodyKind.CHUNKED, 16 * KIB);
measure('chunked, 64 chunks of 16 bytes', chunked(64, 16), BodyKind.CHUNKED, 64 * 16);

function measure(name: string, bytes: Buffer, kind: number, length: number): void {
  nanoseconds(name, length, () => {
    reader.reset(kind, length, Number.MAX_SAFE_INTEGER);
    let data = 0;
    let at = 0;
    while (at >= 0 && at < bytes.length && !reader.done) {
      at = reader.read(bytes, at, bytes.length);
      data += reader.dataEnd - reader.dataStart;
    }
    return data;
  });
}

function chunked(count: number, size: number): Buffer {
  return Buffer.from(`${`${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`.repeat(count)}0\r\n\r\n`, 'latin1');
}
