import { expect } from 'chai';
import * as fc from 'fast-check';
import { decodeRangePage } from '../../lib/store/range-page.ts';
import { etcdEncoder } from '../fixtures/etcd-encoder.ts';

/** As etcd sends it. */
const encode = etcdEncoder('KV', 'Range');

const PREFIX = '/ELB/';
const revision = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const page = fc.record({
  cluster: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  revision,
  more: fc.boolean(),
  kvs: fc.array(
    fc.record({
      key: fc.string({ unit: 'binary' }),
      value: fc.string({ unit: 'binary', maxLength: 300 }),
      revision,
      lease: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
    }),
  ),
});
type Page = typeof page extends fc.Arbitrary<infer Value> ? Value : never;

function answerOf({ cluster, revision: at, more, kvs }: Page): object {
  return {
    header: { cluster_id: String(cluster), member_id: String(cluster), revision: String(at), raft_term: '7' },
    kvs: kvs.map((kv) => ({
      key: Buffer.from(PREFIX + kv.key),
      value: Buffer.from(kv.value),
      create_revision: '1',
      mod_revision: String(kv.revision),
      version: '3',
      lease: String(kv.lease),
    })),
    more,
    count: String(kvs.length),
  };
}

describe('page of a range', () => {
  it('is what the library reads of it', () => {
    fc.assert(
      fc.property(page, (wanted) => {
        const { cluster, revision: at, more, kvs } = wanted;
        const last = kvs.at(-1);
        expect(decodeRangePage(encode(answerOf(wanted)), PREFIX.length)).to.deep.equal({
          cluster: String(cluster),
          revision: at,
          more,
          entries: kvs.map((kv) => ({ key: kv.key, value: kv.value, revision: kv.revision })),
          bytes: kvs.reduce((sum, kv) => sum + Buffer.byteLength(PREFIX + kv.key) + Buffer.byteLength(kv.value), 0),
          lastKey: last === undefined ? null : Buffer.from(PREFIX + last.key),
        });
      }),
    );
  });

  it('passes over fields that it does not know, of every wire type', () => {
    const unknown = Buffer.of(0x78, 0x96, 0x01, 0x79, 1, 2, 3, 4, 5, 6, 7, 8, 0x7a, 2, 9, 9, 0x7d, 1, 2, 3, 4);
    const known = encode(answerOf({ cluster: 5n, revision: 9, more: true, kvs: [] }));
    expect(decodeRangePage(Buffer.concat([unknown, known, unknown]), 0)).to.deep.include({ revision: 9, more: true });
  });

  it('refuses what is cut short inside a field, or is none', () => {
    const whole = encode(answerOf({ cluster: 5n, revision: 9, more: true, kvs: [] }));
    const header = whole.subarray(0, 3);
    for (const bytes of [header, Buffer.of(0x80), Buffer.of(0x12, 5, 1), Buffer.of(0x0b)]) {
      expect(() => decodeRangePage(bytes, 0), bytes.toString('hex')).to.throw(RangeError);
    }
  });

  it('throws nothing but RangeError, whatever it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeRangePage(Buffer.from(bytes), 2);
        } catch (error) {
          expect(error).to.be.instanceOf(RangeError);
        }
      }),
    );
  });
});
