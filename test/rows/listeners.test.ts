import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { runElb, startElb, type Elb } from '../fixtures/elb.ts';
import { freePorts } from '../fixtures/free-ports.ts';
import { stopProcess } from '../fixtures/processes.ts';
import { TestCa } from '../fixtures/test-ca.ts';
import { SecureClient } from '../fixtures/tls-plane.ts';
import { until } from '../fixtures/until.ts';

interface View {
  readonly address: string;
  readonly state: string;
  readonly reason: string | null;
}

/** Listeners as an operator sees them, each on its own. */
describe('listeners in the program', () => {
  const directory = mkdtempSync(join(tmpdir(), 'elb-listeners-'));
  const file = join(directory, 'listen');
  const ca = new TestCa();
  let elb: Elb | null = null;
  let occupant: net.Server | null = null;
  after(() => {
    rmSync(directory, { recursive: true });
    ca.remove();
  });
  afterEach(async () => {
    occupant?.close();
    await elb?.stop();
    elb = null;
  });

  const graph = { init: 'all', rules: { all: { type: 'respond', args: { body: 'here' } } } };
  const table = { domains: { '*': graph }, certs: { all: ca.issue({ names: ['DNS:a.test'] }) } };

  const occupy = async (): Promise<number> => {
    const [port = 0] = freePorts(1);
    occupant = net.createServer((socket) => socket.end('somebody else')).listen(port, '127.0.0.1');
    await once(occupant, 'listening');
    return port;
  };
  const leave = async (): Promise<void> => {
    occupant?.close();
    if (occupant !== null) await once(occupant, 'close');
    occupant = null;
  };
  const listening = (port: number) =>
    elb!.logged(({ msg, address }) => msg === 'listening' && String(address).endsWith(`:${port}`));
  const views = async (): Promise<readonly View[]> => {
    const { listeners } = (await elb!.admin('GET', 'status')).json() as { listeners: readonly View[] };
    return listeners;
  };

  for (const workers of ['0', '2'])
    it(`with ${workers} workers, one whose port is in use has failed, and serves once the port is free`, async () => {
      const port = await occupy();
      const env = { ELB_LISTEN: `127.0.0.1:0,127.0.0.1:${port}`, ELB_LISTEN_FAILURE: 'retry', ELB_WORKERS: workers };
      elb = await startElb({ file: table, env });
      const line = await elb.logged(({ msg }) => msg === 'cannot listen: it is tried again');
      expect(line).to.include({ address: `127.0.0.1:${port}`, reason: 'the address is in use' });
      expect((await views()).map(({ state, reason }) => [state, reason])).to.deep.equal([
        ['listening', null],
        ['failed', 'the address is in use'],
      ]);
      expect(await elb.get('/')).to.include({ status: 200, text: 'here' });
      await leave();
      // It is tried again by itself, and at once where an operator says so.
      if (workers === '0') elb.kill('SIGHUP');
      await listening(port);
      await until('every worker serves it', async () => (await answerOf(port)) === 'here');
      await until('it is known', async () => (await views()).every(({ state }) => state === 'listening'));
    });

  it('without that, nothing starts where one port is in use', async () => {
    const port = await occupy();
    const run = await runElb(['--listen', `127.0.0.1:0,127.0.0.1:${port}`]);
    expect(run).to.include({ code: 1, stderr: `elb: cannot listen on 127.0.0.1:${port}: the address is in use\n` });
  });

  it('a change of one restarts only that one, and workers that come later know', async () => {
    const [kept = 0, moves = 0, comes = 0] = freePorts(3);
    writeFileSync(file, `127.0.0.1:${kept} # stays\n\n127.0.0.1:${moves}\n`);
    elb = await startElb({ file: table, env: { ELB_LISTEN: '', ELB_LISTEN_FILE: file, ELB_WORKERS: '2' } });
    const stays = net.connect(kept, '127.0.0.1');
    const goesOn = net.connect(moves, '127.0.0.1');
    for (const socket of [stays, goesOn]) expect(await asked(socket)).to.match(/^HTTP\/1.1 200 .*here$/s);

    // The same port speaks TLS from now on, and there is another one.
    writeFileSync(file, `127.0.0.1:${kept}\ntls:127.0.0.1:${moves}\n127.0.0.1:${comes}\n`);
    elb.kill('SIGHUP');
    await listening(comes);
    await until('the port speaks TLS in every worker', async () =>
      (await answerOf(moves)).includes('this port speaks TLS'),
    );
    const client = await SecureClient.connect(moves, {
      servername: 'a.test',
      ca: ca.certificate,
      rejectUnauthorized: true,
    });
    expect(await client.request('/', 'a.test')).to.include({ status: 200, body: 'here' });
    client.destroy();
    // Who was there already is not disturbed, not even on the port that has changed.
    for (const socket of [stays, goesOn]) expect(await asked(socket)).to.match(/^HTTP\/1.1 200 .*here$/s);

    for (const worker of elb.workers) process.kill(worker, 'SIGKILL');
    await until('others serve', async () => (await answerOf(comes)) === 'here');
    expect(await answerOf(moves)).to.include('this port speaks TLS');

    // A primary and workers that come later have them as well.
    elb.kill('SIGUSR2');
    await elb.logged(({ msg }) => msg === 'upgraded');
    expect(await answerOf(comes)).to.equal('here');

    writeFileSync(file, `127.0.0.1:${kept}\n`);
    elb.kill('SIGHUP');
    await until('nobody listens there', async () => (await answerOf(comes)) === 'ECONNREFUSED');
    expect((await views()).map(({ address }) => address)).to.deep.equal([`127.0.0.1:${kept}`]);
    expect(await answerOf(kept)).to.equal('here');
    for (const socket of [stays, goesOn]) socket.destroy();
  });

  const seesTls = (answer: string): boolean => answer.includes('this port speaks TLS');

  /** Has something else asked of the port, three times, each as soon as a worker does so; answers what clients were told meanwhile. */
  const changeThrice = async (port: number): Promise<ReadonlySet<string>> => {
    const seen = new Set<string>();
    for (const kind of ['tls', 'h1', 'tls']) {
      writeFileSync(file, `${kind}:127.0.0.1:${port}\n`);
      elb!.kill('SIGHUP');
      const isLast = (answer: string): boolean => (kind === 'tls' ? seesTls(answer) : answer === 'here');
      for (let answer = ''; !isLast(answer); seen.add(answer)) answer = await answerOf(port);
    }
    return seen;
  };

  for (const workers of ['0', '2'])
    it(`with ${workers} workers, nobody is turned away while something else is asked of a port`, async () => {
      const [port = 0] = freePorts(1);
      writeFileSync(file, `127.0.0.1:${port}\n`);
      elb = await startElb({ file: table, env: { ELB_LISTEN: '', ELB_LISTEN_FILE: file, ELB_WORKERS: workers } });
      const seen = await changeThrice(port);
      expect([...seen].filter((answer) => answer !== 'here' && !seesTls(answer))).to.deep.equal([]);
    });

  it('a worker that is late gets every socket that it was to have, though its primary has let go of them', async () => {
    const [port = 0] = freePorts(1);
    writeFileSync(file, `127.0.0.1:${port}\n`);
    elb = await startElb({ file: table, env: { ELB_LISTEN: '', ELB_LISTEN_FILE: file, ELB_WORKERS: '2' } });
    const [late = 0, other = 0] = elb.workers;
    stopProcess(late);
    await changeThrice(port);
    process.kill(late, 'SIGCONT');
    stopProcess(other);
    try {
      await until('it asks for TLS as well', async () => seesTls(await answerOf(port)));
    } finally {
      process.kill(other, 'SIGCONT');
    }
    // Nor does it wait for one that never comes.
    expect(await elb.stop()).to.deep.equal({ code: 0, signal: null });
    elb = null;
  });

  it('a file of addresses that cannot be used is one clear line at the start, and changes nothing later', async () => {
    writeFileSync(file, '127.0.0.1:0\nsomewhere\n');
    const env = { ELB_LISTEN_FILE: file };
    const run = await runElb([], env);
    expect(run.code).to.equal(2);
    expect(run.stderr).to.match(/^elb: --listen-file: .*listen:2: must be .*, not "somewhere"\n$/);
    writeFileSync(file, '127.0.0.1:0\n');
    elb = await startElb({ file: table, env: { ELB_LISTEN: '', ...env } });
    const before = await views();
    writeFileSync(file, 'somewhere\n');
    elb.kill('SIGHUP');
    await elb.logged(({ msg }) => msg === 'the addresses to listen at stay as they are');
    expect(await views()).to.deep.equal(before);
    expect(await elb.get('/')).to.include({ status: 200 });
  });
});

/** The body of a reply on a connection of its own, or why there is none. */
async function answerOf(port: number): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  const text = await asked(socket, 'Connection: close\r\n').catch((error: NodeJS.ErrnoException) => error.code ?? '');
  socket.destroy();
  return text.split('\r\n\r\n').at(-1) ?? '';
}

/** Sends a request and answers what comes first. */
async function asked(socket: net.Socket, fields = ''): Promise<string> {
  socket.write(`GET / HTTP/1.1\r\nHost: a.test\r\n${fields}\r\n`);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString('latin1');
}
