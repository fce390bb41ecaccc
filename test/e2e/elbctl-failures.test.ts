import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { graphOf } from '../fixtures/control-plane.ts';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { ELBCTL, elbctlEnv, runElbctl } from '../fixtures/elbctl.ts';

/** Every answer that is none, by the path of its address. */
const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  html: (response) => response.setHeader('Content-Type', 'text/html').end('<h1>It works!</h1>'),
  empty: (response) => response.end(),
  redirect: (response) => response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
  broken: (response) => response.writeHead(200, { 'Content-Length': '100' }).write('{"a"', () => response.destroy()),
  silent: () => undefined,
  array: (response) => response.end('[1, 2]'),
  internal: (response) => response.writeHead(500).end('{"msg": "internal \\u001b[31merror"}'),
  conflict: (response) => response.writeHead(409).end('{"msg": "changed meanwhile", "revision": 4}'),
  many: (response) => {
    const domains = Object.fromEntries(
      Array.from({ length: 50_000 }, (_, i) => [`d${String(i)}.test`, graphOf('web')]),
    );
    response.end(JSON.stringify({ domains, upstreams: {}, options: {}, tls: {} }));
  },
  hostile: (response) => {
    const request = {
      at: 'x',
      status: 200,
      method: 'GET',
      host: 'a.test',
      target: '/\u001b[2J\u009b31m',
      nodes: 5,
      tries: [null],
    };
    response.end(JSON.stringify({ requests: [request, 7, null], domains: null }));
  },
};

describe('elbctl, when things go wrong', function () {
  this.timeout(180_000);
  let elb: Elb;
  let folder = '';
  let stranger: Server;
  let mode = 'html';
  let strange: Readonly<Record<string, string>> = {};

  before(async () => {
    elb = await startElb({ env: { ELB_ADMIN_TOKEN: 's3cret' } });
    folder = mkdtempSync(join(tmpdir(), 'elbctl-failures-'));
    stranger = createServer((_, response) => ANSWERS[mode]?.(response)).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo; // it listens on TCP
    strange = { ELB_URL: `http://127.0.0.1:${String(port)}` };
  });

  after(async () => {
    await elb.stop();
    stranger.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  function file(name: string, content: string): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  it('misuse and a dead instance end with what is wrong and what to do, and with codes of their own', async () => {
    const env = { ELB_URL: 'http://127.0.0.1:1' };
    const [misused, dead] = await Promise.all([runElbctl(['gett'], env), runElbctl(['status'], env)]);
    expect([misused.code, misused.stdout]).to.deep.equal([2, '']);
    expect(misused.stderr).to.match(/^elbctl: unknown command 'gett'\n {2}.*Did you mean get\?.* elbctl --help .*\n$/);
    expect([dead.code, dead.stdout]).to.deep.equal([6, '']);
    expect(dead.stderr).to.match(
      /^elbctl: .* cannot be reached: nobody listens there\n {2}does an instance listen there\?.*\n$/,
    );
  });

  it('a wrong token and a missing one are told apart', async () => {
    const none = await runElbctl(['status'], { ELB_URL: elb.url });
    const wrong = await runElbctl(['status'], { ELB_URL: elb.url, ELB_ADMIN_TOKEN: 'nope' });
    const right = await runElbctl(['status', '--token-file', file('token', 's3cret\n')], { ELB_URL: elb.url });
    expect([none.code, wrong.code, right.code]).to.deep.equal([5, 5, 0]);
    expect(none.stderr).to.match(/wants a token\n {2}set ELB_ADMIN_TOKEN/);
    expect(wrong.stderr)
      .to.match(/wants a token, and not this one\n/)
      .and.not.include('nope');
  });

  const answers: readonly (readonly [mode: string, args: readonly string[], code: number, stderr: RegExp])[] = [
    ['html', ['status'], 9, /answers 200 with something that is no answer of ELB \(text\/html\)\n {2}give --url/],
    ['empty', ['status'], 9, /no answer of ELB/],
    ['redirect', ['status'], 9, /answers 302 with something that is no answer/],
    ['broken', ['status'], 6, /cannot be reached/],
    ['silent', ['status', '--timeout', '200ms'], 6, /has not answered within 0\.2 s/],
    ['array', ['status'], 9, /the answer has no status/],
    ['internal', ['status'], 9, /answered 500: internal \\u001b\[31merror/],
    ['conflict', ['put', 'upstream', 'web', 'a:80'], 7, /somebody else has changed something meanwhile/],
  ];

  it('answers that are none are told as such', async () => {
    for (const [name, args, code, stderr] of answers) {
      mode = name;
      const ended = await runElbctl(args, strange);
      expect(ended.stderr, name).to.match(stderr);
      expect([ended.code, ended.stdout], name).to.deep.equal([code, '']);
    }
  });

  it('what clients have sent does nothing to the terminal', async () => {
    mode = 'hostile';
    for (const format of ['table', 'json', 'yaml']) {
      const { code, stdout } = await runElbctl(['requests', '-o', format], strange);
      expect(code).to.equal(0);
      expect(stdout).to.not.match(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
      expect(stdout).to.include('a.test');
    }
  });

  it('a reader that has had enough ends it quietly', async () => {
    mode = 'many';
    const child = spawn(process.execPath, [ELBCTL, 'get', 'domain'], {
      env: elbctlEnv(strange),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect([code, stderr]).to.deep.equal([0, '']);
  });
});
