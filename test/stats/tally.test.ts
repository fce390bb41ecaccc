import { expect } from 'chai';
import fc from 'fast-check';
import { Fault, FAULTS } from '../../lib/core/faults.ts';
import { outcomeKey, outcomeOf, Tally, type CountedGraph, type CountedRequest } from '../../lib/stats/tally.ts';
import { Totals } from '../../lib/stats/totals.ts';

const codes = [0, ...Object.values(FAULTS).map(({ code }) => code)];
const request = fc.record<CountedRequest>({
  domain: fc.constantFrom('a.test', 'b.test', '', '__proto__'),
  graph: fc.constant(null),
  method: fc.constantFrom('GET', 'POST', 'BREW'),
  status: fc.constantFrom(0, 200, 404, 499, 502),
  fault: fc.constantFrom(...codes),
  durationMs: fc.integer({ min: 0, max: 90_000 }),
  serverMs: fc.integer({ min: 0, max: 5000 }),
  receivedBytes: fc.nat(),
  sentBytes: fc.nat(),
});

describe('tally', () => {
  it('keeps status, method and fault apart in one integer', () => {
    for (const fault of codes) {
      for (const method of ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', 'TRACE']) {
        for (const status of [0, 101, 200, 599, 999]) {
          expect(outcomeOf(outcomeKey(status, method, fault))).to.deep.equal({ status, method, fault });
        }
      }
    }
  });

  it('makes one series of all methods a client may invent', () => {
    expect(outcomeOf(outcomeKey(200, 'BREW', 0)).method).to.equal('other');
    expect(outcomeKey(200, 'BREW', 0)).to.equal(outcomeKey(200, 'get', 0));
  });

  it('counts the same in one worker as in many that are taken at any time', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 2 }), request, fc.boolean())), (events) => {
        const [one, all] = [new Totals(), new Totals()];
        const single = new Tally();
        const workers = [new Tally(), new Tally(), new Tally()];
        for (const [worker, counted, taken] of events) {
          single.count(counted);
          workers[worker]?.count(counted);
          if (taken) all.merge(structuredClone(workers[worker]?.take(1) ?? single.take()));
        }
        one.merge(single.take());
        for (const worker of workers) {
          all.merge(worker.take(1));
          for (let more = worker.takeMore(2); more.length > 0; more = worker.takeMore(2)) all.mergeDomains(more);
        }
        expect(shape(all)).to.deep.equal(shape(one));
      }),
    );
  });

  it('counts edges, of a graph that was replaced as well', () => {
    const tally = new Tally();
    const graph = (hits: number): CountedGraph => ({
      edges: [
        { from: 'r1', edge: 'succ', hits },
        { from: 'r1', edge: 'fail', hits: 0 },
      ],
    });
    const [before, after] = [graph(3), graph(4)];
    for (const one of [before, after, after]) tally.count({ ...request200, graph: one });
    const totals = new Totals();
    totals.merge(tally.take());
    totals.merge(tally.take());
    expect([...(totals.domains.get('a.test')?.edges.values() ?? [])]).to.deep.equal([
      { node: 'r1', edge: 'succ', hits: 7 },
    ]);
    expect([before, after].flatMap(({ edges }) => edges.map(({ hits }) => hits))).to.deep.equal([0, 0, 0, 0]);
  });

  it('has nothing left when it was taken', () => {
    const tally = new Tally();
    tally.count({ ...request200, status: 504, fault: Fault.SERVER_TIMEOUT });
    expect(tally.take().domains).to.have.length(1);
    expect(tally.take()).to.deep.equal({
      domains: [],
      durationUs: null,
      serverUs: null,
      receivedBytes: null,
      sentBytes: null,
    });
  });
});

const request200: CountedRequest = {
  domain: 'a.test',
  graph: null,
  method: 'GET',
  status: 200,
  fault: 0,
  durationMs: 1.5,
  serverMs: 1,
  receivedBytes: 10,
  sentBytes: 20,
};

function shape(totals: Totals): unknown {
  const histograms = [totals.durationUs, totals.serverUs, totals.receivedBytes, totals.sentBytes];
  const domains = [...totals.domains].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    histograms.map((histogram) => [histogram.count, histogram.sum, histogram.quantile(0.9)]),
    domains.map(([name, { outcomes, durationUs, receivedBytes, sentBytes }]) => [
      name,
      [...outcomes].toSorted(([a], [b]) => a - b),
      durationUs,
      receivedBytes,
      sentBytes,
    ]),
  ];
}
