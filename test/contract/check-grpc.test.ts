import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { GrpcCheck } from '../../lib/health/grpc-check.ts';
import { makeCertificates, type Certificates } from '../fixtures/certificates.ts';
import { checkOnce } from '../fixtures/check.ts';
import { freePort } from '../fixtures/free-ports.ts';
import { startBareGrpcServer, startGrpcServer } from '../fixtures/grpc-server.ts';
import { answering, startRawServer } from '../fixtures/plane.ts';
import type { Program } from '../fixtures/program.ts';
import { describeCheck } from './check.ts';

const OPTIONS = { kind: 'grpc', secure: null, host: null, service: '' } as const;

let certificates: Certificates;
before(async () => {
  certificates = await makeCertificates();
});
after(() => certificates.remove());

const place = (port: number) => ({ host: '127.0.0.1', port, name: 'rpc.test' });

describeCheck('grpc', {
  start: (port) => startGrpcServer(port, () => 1),
  make: (port) => new GrpcCheck(OPTIONS, place(port), null),
  passed: 'pass serving',
  refused: 'fail refused',
  noticesFrozen: false,
});

describeCheck('grpc over TLS', {
  start: (port) => startGrpcServer(port, () => 1, certificates),
  make: (port) => new GrpcCheck(OPTIONS, place(port), { ca: readFileSync(certificates.ca), servername: '' }),
  passed: 'pass serving',
  refused: 'fail refused',
  noticesFrozen: false,
});

describe('check: what grpc looks at', () => {
  const states: Record<string, number | null | 'never'> = {
    '': 1,
    unknown: 0,
    serving: 1,
    draining: 2,
    odd: 3,
    silent: 'never',
  };
  let server: Program;
  before(async () => {
    server = await startGrpcServer(freePort(), (service) => states[service] ?? null);
  });
  after(() => server.stop());

  for (const [service, finding] of [
    ['', 'pass serving'],
    ['serving', 'pass serving'],
    ['unknown', 'fail unknown'],
    ['draining', 'fail not serving'],
    ['odd', 'fail service unknown'],
    ['nobody', 'fail service unknown'],
  ] as const) {
    it(`finds the service ${JSON.stringify(service)}: ${finding}`, async () => {
      const check = new GrpcCheck({ ...OPTIONS, service }, place(server.port), null);
      for (let i = 0; i < 3; i++) expect(await checkOnce(check)).to.equal(finding);
      check.close();
    });
  }

  it('has no finding of a service that does not answer, and asks anew afterwards', async () => {
    const check = new GrpcCheck({ ...OPTIONS, service: 'silent' }, place(server.port), null);
    check.begin({ onChecked: () => expect.fail('told although nobody can have answered') });
    const other = new GrpcCheck(OPTIONS, place(server.port), null);
    expect(await checkOnce(other)).to.equal('pass serving');
    check.abandon();
    states['silent'] = 2;
    expect(await checkOnce(check)).to.equal('fail not serving');
    check.close();
    other.close();
  });

  it('fails a gRPC server that has no health service', async () => {
    const bare = await startBareGrpcServer(freePort());
    const check = new GrpcCheck(OPTIONS, place(bare.port), null);
    expect(await checkOnce(check)).to.equal('fail no health service');
    check.close();
    await bare.stop();
  });

  it('fails a server that speaks HTTP/1.1', async () => {
    const plain = await startRawServer(answering('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    const check = new GrpcCheck(OPTIONS, place(plain.port), null);
    expect(await checkOnce(check)).to.match(/^fail /);
    check.close();
    await plain.stop();
  });
});
