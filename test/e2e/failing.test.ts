import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CONTENDERS, runTrouble, TenServers, type Trouble } from '../bench/failing-scenario.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { startProgram, type Program } from '../fixtures/program.ts';

/** A short `npm run bench:failing`. */
describe('one of ten servers in trouble', () => {
  const directory = mkdtempSync(join(tmpdir(), 'elb-failing-'));
  let servers: TenServers;
  let running: Program[] = [];

  before(async () => {
    servers = await TenServers.start();
  });
  after(async () => {
    await servers.stop();
    rmSync(directory, { recursive: true });
  });
  afterEach(() => Promise.all(running.map((one) => one.stop('SIGTERM'))));

  for (const trouble of ['erroring', 'flapping', 'black hole'] satisfies Trouble[]) {
    it(`is noticed less behind ELB than behind nginx and HAProxy, all with their defaults: ${trouble}`, async () => {
      const ports = freePorts(CONTENDERS.length);
      running = await Promise.all(
        CONTENDERS.map((contender, i) => {
          const { program, args } = contender.command(ports[i]!, servers.ports, directory);
          return startProgram([program, ...args], ports[i]!);
        }),
      );
      const timing = { ratePerS: 40, seconds: trouble === 'black hole' ? 10 : 4, patienceMs: 1500 };
      const [elb, ...others] = await runTrouble(trouble, servers, ports, timing);
      for (const other of others) expect(elb!.failed).to.be.at.most(other.failed);
      if (trouble !== 'black hole') expect(elb!.failures).to.deep.equal({});
      else expect(elb!.failed).to.be.below(Math.min(...others.map(({ failed }) => failed)));
    });
  }
});
