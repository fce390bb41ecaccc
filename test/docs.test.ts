import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { startElb, type Elb } from './fixtures/elb.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

describe('documents', () => {
  const documents = ['README.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: ROOT })];

  for (const document of documents) {
    it(`${document} links to files that are there`, () => {
      const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link = '']) => link);
      expect(links.filter((link) => !existsSync(join(ROOT, dirname(document), link)))).to.deep.equal([]);
    });
  }

  it('the README names only scripts that are there', () => {
    const { scripts } = JSON.parse(read('package.json'));
    const named = [...read('README.md').matchAll(/npm (?:run )?(start|test|elb|check|[\w:]+)(?=[\s`])/g)];
    expect(named).to.not.be.empty;
    for (const [, script = ''] of named) expect(scripts).to.have.property(script);
  });

  it('decisions are numbered in one row and say what, and why', () => {
    const names = globSync('docs/decisions/*.md', { cwd: ROOT }).toSorted();
    expect(names.map((name) => Number(/(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]))).to.deep.equal(
      names.map((_, i) => i + 1),
    );
    for (const name of names)
      expect(read(name)).to.match(/^# \d+\. .+\n\n\*\*Decision\.\*\* [\s\S]+\n\n\*\*Why\.\*\* /);
  });

  describe("the README's first graph", () => {
    let elb: Elb;
    const servers = new Map<number, Server>();

    before(async () => {
      elb = await startElb();
      for (const [usual, name] of [
        [8081, 'blog'],
        [8082, 'web'],
      ] as const) {
        const server = createServer((request, response) => response.end(`${name}: ${request.method} ${request.url}\n`));
        servers.set(usual, server.listen(0, '127.0.0.1'));
        await once(server, 'listening');
      }
    });

    after(async () => {
      await elb.stop();
      for (const server of servers.values()) server.close().closeAllConnections();
    });

    it('answers its curl lines as it says', async () => {
      const blocks = [...read('README.md').matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
      const commands = blocks.filter((block) => block.startsWith('curl')).flatMap((block) => block.split(/\n(?=curl)/));
      expect(commands).to.have.length(5);
      for (const command of commands) {
        const expected = /# (.*)$/m.exec(command)?.[1] ?? '{"msg":"OK"}';
        const { stdout } = await run('bash', ['-c', withPorts(command).replace('curl ', 'curl -sS ')]);
        const answer = stdout.startsWith('{') ? JSON.stringify(JSON.parse(stdout)) : stdout.trim();
        expect(answer, command).to.equal(expected);
      }
      expect(readFileSync(elb.file, 'utf8')).to.include('a.test');
    });

    /** The same with the ports that were free. */
    function withPorts(command: string): string {
      let text = command.replaceAll('127.0.0.1:8080', `127.0.0.1:${elb.port}`);
      for (const [usual, server] of servers) {
        const { port } = server.address() as AddressInfo; // it listens on TCP
        text = text.replaceAll(`127.0.0.1:${usual}`, `127.0.0.1:${port}`);
      }
      return text;
    }
  });
});

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}
