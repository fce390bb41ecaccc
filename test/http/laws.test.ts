import { expect } from 'chai';
import fc from 'fast-check';
import { decodeReply, decodeRequest, LIMITS, type Outcome } from './decode.ts';
import { mutant } from './mutants.ts';

const SMALL = { maxHeadBytes: 200, maxFields: 4, maxBodyBytes: 20 };

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

/** Every reader of the codec over the same bytes. */
const READERS: [name: string, read: (pieces: readonly Buffer[]) => Outcome][] = [
  ['requests', (pieces) => decodeRequest(pieces)],
  ['requests with small limits', (pieces) => decodeRequest(pieces, SMALL)],
  ['replies', (pieces) => decodeReply(pieces, 'GET')],
  ['replies to HEAD', (pieces) => decodeReply(pieces, 'HEAD')],
];

describe('laws of the codec', () => {
  for (const [name, read] of READERS)
    it(`${name}: any message, however it is cut, is read the same, without a throw and without an end`, () => {
      fc.assert(
        fc.property(mutant, cuts, (bytes, places) => {
          expect(read(split(bytes, places))).to.deep.equal(read([bytes]));
        }),
        { numRuns: 2000 },
      );
    });

  it('what is refused stays refused, whatever comes behind', () => {
    fc.assert(
      fc.property(mutant, mutant, (bytes, more) => {
        const { result } = decodeRequest([bytes]);
        if (result !== 'more') expect(decodeRequest([bytes, more])['result']).to.equal(result);
      }),
      { numRuns: 1000 },
    );
  });

  it('what is read needs all of its bytes', () => {
    fc.assert(
      fc.property(mutant, fc.double({ min: 0, max: 1, noNaN: true }), (bytes, part) => {
        const outcome = decodeRequest([bytes]);
        if (outcome['result'] !== 'message') return;
        const length = bytes.length - Number(outcome['rest']);
        expect(decodeRequest([bytes.subarray(0, Math.floor(part * length * 0.999))])['result']).to.equal('more');
        expect(decodeRequest([bytes.subarray(0, length)])).to.deep.equal({ ...outcome, rest: '0' });
      }),
      { numRuns: 1000 },
    );
  });

  it('what is read, written again and read again is the same', () => {
    fc.assert(
      fc.property(mutant, (bytes) => {
        const outcome = decodeRequest([bytes]);
        if (outcome['result'] !== 'message') return;
        const { kind, body = '', trailers = '', lines = '', method, path = '', query = '', minor } = outcome;
        const head = `${method} ${path}${query} HTTP/1.${minor}\r\n${lines === '' ? '' : `${lines.replaceAll('\n', '\r\n')}\r\n`}\r\n`;
        const chunks = `${body === '' ? '' : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n${trailers}\r\n`;
        const text = head + (kind === 'chunked' ? chunks : body);
        const again = decodeRequest([Buffer.from(text, 'latin1')], {
          ...LIMITS,
          maxHeadBytes: LIMITS.maxHeadBytes * 2,
        });
        for (const fact of ['result', 'kind', 'method', 'path', 'query', 'lines', 'body', 'trailers', 'persists'])
          expect(again[fact], `${fact} of ${text}`).to.equal(outcome[fact]);
      }),
      { numRuns: 1000 },
    );
  });
});

function split(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => Math.floor(place * bytes.length)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}
