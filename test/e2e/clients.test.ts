import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import fetch from 'node-fetch';
import { startElb, type Elb } from '../fixtures/elb.ts';
import { freePort } from '../fixtures/free-ports.ts';

const run = promisify(execFile);
const TEXT = 'a line of text\n'.repeat(20_000);

/** Other people's clients before it, another people's server behind it. */
describe('curl and node-fetch through the program to nginx', () => {
  let directory: string;
  let nginx: ChildProcess;
  let elb: Elb;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'elb-nginx-'));
    const port = freePort();
    await mkdir(join(directory, 'files'));
    await writeFile(join(directory, 'files', 'text.txt'), TEXT);
    await writeFile(join(directory, 'nginx.conf'), configuration(directory, port));
    nginx = spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')], { stdio: 'ignore' });
    elb = await startElb({
      file: {
        domains: { '127.0.0.1': { init: 'all', rules: { all: { type: 'backend', args: { servername: 'nginx' } } } } },
        upstreams: { nginx: { [`127.0.0.1:${port}`]: '' } },
      },
    });
    while ((await elb.get('/text.txt')).status === 502) await new Promise(setImmediate);
  });

  after(async () => {
    await elb.stop();
    const ended = once(nginx, 'exit');
    nginx.kill('SIGTERM');
    await ended;
    await rm(directory, { recursive: true, force: true });
  });

  async function curl(...args: string[]): Promise<string> {
    const { stdout } = await run('curl', ['-sS', ...args], { maxBuffer: 10_000_000 });
    return stdout;
  }

  for (const version of ['--http1.0', '--http1.1'])
    it(`gives curl ${version} a file, a part of it, its head, and nothing where it has it already`, async () => {
      const url = `${elb.url}/text.txt`;
      expect(await curl(version, url)).to.equal(TEXT);
      expect(await curl(version, '-r', '2-5', url)).to.equal('line');
      const head = await curl(version, '-I', url);
      expect(head).to.match(/^HTTP\/1.1 200 OK\r\n/);
      expect(head).to.match(new RegExp(`Content-Length: ${TEXT.length}\r\n`));
      const etag = /ETag: (\S+)/.exec(head)?.[1] ?? '';
      const again = await curl(version, '-i', '-H', `If-None-Match: ${etag}`, url);
      expect(again).to.match(/^HTTP\/1.1 304 /);
    });

  it('passes a compressed reply of unknown length on', async () => {
    const plain = await curl('--compressed', '-D', '-', '-o', join(directory, 'got'), `${elb.url}/text.txt`);
    expect(plain).to.match(/Content-Encoding: gzip\r\n/);
    expect(plain).to.match(/Transfer-Encoding: chunked\r\n/);
    expect(await curl(`file://${join(directory, 'got')}`)).to.equal(TEXT);
  });

  it('gives node-fetch many replies over kept connections, and takes bodies of both kinds', async () => {
    for (let i = 0; i < 20; i++) {
      const reply = await fetch(`${elb.url}/text.txt?${i}`);
      expect(reply.status).to.equal(200);
      expect((await reply.text()).length).to.equal(TEXT.length);
    }
    const sized = await fetch(`${elb.url}/put/sized`, { method: 'PUT', body: 'sized' });
    expect(sized.status).to.equal(201);
    const stream = (async function* () {
      for (let i = 0; i < 100; i++) yield Buffer.from('chunk ');
    })();
    const { Readable } = await import('node:stream');
    const chunked = await fetch(`${elb.url}/put/chunked`, { method: 'PUT', body: Readable.from(stream) });
    expect(chunked.status).to.equal(201);
    expect(await (await fetch(`${elb.url}/put/sized`)).text()).to.equal('sized');
    expect(await (await fetch(`${elb.url}/put/chunked`)).text()).to.equal('chunk '.repeat(100));
  });

  it('lets nginx decide about a body that curl announces with Expect', async () => {
    const file = join(directory, 'large');
    await writeFile(file, Buffer.alloc(2 * 1024 * 1024));
    const refused = await curl('-i', '-H', 'Expect: 100-continue', '-T', file, `${elb.url}/put/large`);
    expect(refused).to.match(/^HTTP\/1.1 413 /);
    const taken = await curl('-i', '-H', 'Expect: 100-continue', '-d', 'x', '-X', 'PUT', `${elb.url}/put/small`);
    expect(taken).to.match(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 201 /);
  });
});

function configuration(directory: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // Started by root it would give its workers to a user who may not read a temporary directory.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `
${user} daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events {}
http {
  access_log off; gzip on; gzip_proxied any; gzip_types text/plain; default_type text/plain;
  ${temporary.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port}; root ${directory}/files;
    location /put/ { dav_methods PUT; create_full_put_path on; client_max_body_size 1m; }
  }
}`;
}
