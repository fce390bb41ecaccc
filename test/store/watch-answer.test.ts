import { expect } from 'chai';
import * as fc from 'fast-check';
import { decodeWatchAnswer } from '../../lib/store/watch-answer.ts';
import { etcdEncoder } from '../fixtures/etcd-encoder.ts';

/** As etcd sends it. */
const encode = etcdEncoder('Watch', 'Watch');

const PREFIX = '/ELB/';
const revision = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const answer = fc.record({
  cluster: fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
  revision,
  id: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  created: fc.boolean(),
  canceled: fc.boolean(),
  cancelReason: fc.string({ unit: 'binary' }),
  compactRevision: revision,
  fragment: fc.boolean(),
  changes: fc.array(
    fc.record({
      key: fc.string({ unit: 'binary' }),
      value: fc.option(fc.string({ unit: 'binary', maxLength: 300 })),
      revision,
    }),
  ),
});

describe('answer of a watch', () => {
  it('is what the library would read of it', () => {
    fc.assert(
      fc.property(answer, (wanted) => {
        const events = wanted.changes.map(({ key, value, revision: at }) => ({
          type: value === null ? 'Delete' : 'Put',
          kv: {
            key: Buffer.from(PREFIX + key),
            value: Buffer.from(value ?? ''),
            mod_revision: String(at),
            version: '2',
          },
          prev_kv: { key: Buffer.from('other'), value: Buffer.from('before'), mod_revision: '1' },
        }));
        const bytes = encode({
          header: {
            cluster_id: String(wanted.cluster),
            member_id: '3',
            revision: String(wanted.revision),
            raft_term: '7',
          },
          watch_id: String(wanted.id),
          created: wanted.created,
          canceled: wanted.canceled,
          cancel_reason: wanted.cancelReason,
          compact_revision: String(wanted.compactRevision),
          fragment: wanted.fragment,
          events,
        });
        const { cluster, id } = wanted;
        expect(decodeWatchAnswer(bytes, PREFIX.length)).to.deep.equal({
          ...wanted,
          cluster: String(cluster),
          id: String(id),
        });
      }),
    );
  });

  it('says nothing where a field is left out, which stands for zero', () => {
    expect(decodeWatchAnswer(Buffer.alloc(0), 0)).to.deep.equal({
      revision: 0,
      cluster: '0',
      id: '0',
      created: false,
      canceled: false,
      cancelReason: '',
      compactRevision: 0,
      fragment: false,
      changes: [],
    });
  });

  it('of a watch that was never made has the number -1', () => {
    const bytes = encode({ header: { cluster_id: '5', revision: '9' }, watch_id: '-1', canceled: true });
    expect(decodeWatchAnswer(bytes, 0)).to.deep.include({ canceled: true, id: String(2n ** 64n - 1n), revision: 9 });
  });

  it('throws nothing but RangeError, whatever it is given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeWatchAnswer(Buffer.from(bytes), 2);
        } catch (error) {
          expect(error).to.be.instanceOf(RangeError);
        }
      }),
    );
  });
});
