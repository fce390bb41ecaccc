import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { FAULTS } from '../../lib/core/faults.ts';
import { decodeReply, decodeRequest, type Outcome } from './decode.ts';
import { readWireCases, type WireCase } from './wire-cases.ts';

const cases = readWireCases(fileURLToPath(new URL('../wire', import.meta.url)));

/** A next message, behind the first one; no part of it may change what is read of the first. */
const NEXT = Buffer.from('GET /next HTTP/1.1\r\nHost: next.test\r\n\r\n');

describe('messages on the wire', () => {
  for (const file of new Set(cases.map((one) => one.file)))
    describe(file, () => {
      for (const one of cases.filter((other) => other.file === file))
        it(`${one.heading}: ${one.title} -> ${one.result} (${one.rule})`, () => {
          const whole = decode(one, [one.bytes]);
          expect(pick(whole, one)).to.deep.equal({ result: one.result, ...one.facts });
          expect(decode(one, bytewise(one.bytes)), 'byte by byte').to.deep.equal(whole);
          for (let cut = 1; cut < one.bytes.length; cut++) {
            const halves = [one.bytes.subarray(0, cut), one.bytes.subarray(cut)];
            expect(decode(one, halves), `cut at ${cut}`).to.deep.equal(whole);
          }
          if (one.result === 'more' || whole['kind'] === 'close') return;
          const rest = whole['rest'];
          const behind = rest === undefined ? whole : { ...whole, rest: String(Number(rest) + NEXT.length) };
          expect(decode(one, [one.bytes, NEXT]), 'with a next message').to.deep.equal(behind);
          expect(decode(one, [Buffer.concat([one.bytes, NEXT])]), 'with a next message, whole').to.deep.equal(behind);
        });
    });

  it('has at least 400 requests and 120 replies, each with its rule and once under its heading', () => {
    const requests = cases.filter((one) => one.kind === 'request');
    expect(requests.length).to.be.at.least(400);
    expect(cases.length - requests.length).to.be.at.least(120);
    expect(cases.filter((one) => one.rule === '')).to.deep.equal([]);
    const seen = new Map<string, string>();
    for (const one of cases) {
      const key = `${one.file} ${one.heading} ${one.method} ${one.bytes.toString('latin1')}`;
      expect(seen.get(key), `${one.file}: ${one.title}`).to.equal(undefined);
      seen.set(key, one.title);
    }
  });

  it('names only faults that exist', () => {
    const names = new Set([...Object.keys(FAULTS), 'more', 'message']);
    expect(cases.filter((one) => !names.has(one.result))).to.deep.equal([]);
  });
});

function decode(one: WireCase, pieces: readonly Buffer[]): Outcome {
  return one.kind === 'request' ? decodeRequest(pieces) : decodeReply(pieces, one.method);
}

function bytewise(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

/** Of all facts those that the case speaks of. */
function pick(outcome: Outcome, one: WireCase): Outcome {
  const names = ['result', ...Object.keys(one.facts)];
  return Object.fromEntries(names.filter((name) => name in outcome).map((name) => [name, outcome[name] ?? '']));
}
