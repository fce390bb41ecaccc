import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { graphOf } from '../fixtures/control-plane.ts';
import { startElb } from '../fixtures/elb.ts';
import type { Elb } from '../fixtures/elb.ts';
import { ELBCTL, elbctlEnv } from '../fixtures/elbctl.ts';
import { until } from '../fixtures/until.ts';

const run = promisify(execFile);

/** A screen with nothing but the prompt on it; spaces at the end of a line are not told. */
const PROMPT = /^\s*\$\s*$/;

/** A real terminal of a given size, with a bash in it: tmux, with a server of its own. */
class Terminal {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** `rc`: what the shell reads at its start; a terminal gives it an environment of its own. */
  static async start(socket: string, rc: string, columns: number, rows: number): Promise<Terminal> {
    const terminal = new Terminal(socket);
    const size = ['-x', String(columns), '-y', String(rows)];
    await terminal.tmux('-f', '/dev/null', 'new-session', '-d', ...size, `exec bash --rcfile ${rc}`);
    await terminal.shows(PROMPT);
    return terminal;
  }

  async tmux(...args: readonly string[]): Promise<string> {
    return (await run('tmux', ['-S', this.#socket, ...args])).stdout;
  }

  async type(...keys: readonly string[]): Promise<void> {
    await this.tmux('send-keys', ...keys);
  }

  /** What is on the screen, with colours where asked for. */
  screen(colours = false): Promise<string> {
    return this.tmux('capture-pane', '-p', ...(colours ? ['-e'] : []));
  }

  /** Waits until the screen looks like that, and answers it. */
  async shows(pattern: RegExp): Promise<string> {
    let screen = '';
    try {
      await until(`the terminal shows ${String(pattern)}`, async () => {
        screen = await this.screen();
        return pattern.test(screen);
      });
    } catch (error) {
      throw new Error(`the terminal shows\n${screen}`, { cause: error });
    }
    return screen;
  }

  async end(): Promise<void> {
    await this.tmux('kill-server');
  }
}

describe('elbctl in a terminal', function () {
  this.timeout(60_000);
  let elb: Elb;
  let server: Server;
  let folder = '';
  let terminal: Terminal;

  before(async () => {
    server = createServer((_, response) => response.end('hello\n')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    elb = await startElb({
      file: {
        domains: { 'a.test': graphOf('web'), 'b.test': graphOf('none') },
        upstreams: { web: { [`127.0.0.1:${String(port)}`]: '' } },
      },
    });
    folder = mkdtempSync(join(tmpdir(), 'elbctl-terminal-'));
    writeFileSync(join(folder, 'elbctl'), `#!/bin/sh\nexec "${process.execPath}" "${ELBCTL}" "$@"\n`, { mode: 0o755 });
    const env = elbctlEnv({ PATH: `${folder}:${process.env['PATH'] ?? ''}`, ELB_URL: elb.url, PS1: '$ ' });
    const exports = Object.entries(env).map(([name, value]) => `export ${name}='${value ?? ''}'\n`);
    writeFileSync(join(folder, 'rc'), exports.join(''));
    terminal = await Terminal.start(join(folder, 'tmux'), join(folder, 'rc'), 100, 24);
  });

  after(async () => {
    await terminal.end();
    await elb.stop();
    server.close().closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  afterEach(async () => {
    await terminal.type('clear', 'Enter');
    await terminal.shows(PROMPT);
  });

  it('top shows what happens as it happens, in a window of any size, and gives the terminal back', async () => {
    await terminal.type('echo before; elbctl top --interval 200ms', 'Enter');
    await terminal.shows(/^elbctl top: domains by rate/m);
    for (let i = 0; i < 20; i++) await elb.get(`/p${String(i)}`, { Host: 'a.test' });
    await elb.get('/', { Host: 'b.test' });
    const domains = await terminal.shows(/^a\.test +[\d.]+ .*^b\.test +[\d.]+ +[\d.]+ +100% /ms);
    expect(domains).to.match(/^DOMAIN +NOW\/S +1M\/S +ERRORS +P50 +P99 +REQUESTS/m);
    expect(domains).to.not.include('before');
    await terminal.type('s');
    await terminal.shows(/^UPSTREAM +SERVER[^]*^web +127\.0\.0\.1:\d+ .* 20 /m);
    await terminal.type('e', 'p');
    await terminal.shows(/^elbctl top: paths by errors/m);
    await terminal.tmux('resize-window', '-x', '40', '-y', '10');
    const narrow = await terminal.shows(/^d u s p c: what .*…$/m);
    expect(narrow.trimEnd().split('\n').length).to.be.at.most(10);
    expect(narrow).to.match(/^elbctl top: paths by errors$/m);
    await terminal.tmux('resize-window', '-x', '100', '-y', '24');
    await terminal.shows(/^d u s p c: what .*end$/m);
    await terminal.type('q');
    await terminal.shows(/^\$ echo before[^]*^before\n\$$/m);
    await terminal.type('echo ended: $?; stty -a | grep -c " echo "', 'Enter');
    await terminal.shows(/^ended: 0\n1$/m);
  });

  it('top ends with Ctrl-C, and when it is killed gives the terminal back, too', async () => {
    await terminal.type('elbctl top', 'Enter');
    await terminal.shows(/^elbctl top:/m);
    await terminal.type('C-c');
    await terminal.type('echo first: $?', 'Enter');
    await terminal.shows(/^first: 0$/m);
    // In the foreground of a job of its own, so that another job can end it.
    await terminal.type('elbctl top; echo second: $?', 'Enter');
    await terminal.shows(/^elbctl top:/m);
    await run('pkill', ['-TERM', '-P', (await terminal.tmux('display-message', '-p', '#{pane_pid}')).trim()]);
    await terminal.shows(/^second: 130$/m);
  });

  it('asks before it applies, in colours, and does nothing when told no', async () => {
    const file = join(folder, 'new.yaml');
    writeFileSync(file, 'upstreams: {new: {"10.0.0.9:80": ""}}\n');
    await terminal.type(`elbctl apply -f ${file}`, 'Enter');
    await terminal.shows(
      /^\+ upstream new\n\+ +10\.0\.0\.9:80: ""\nApply\? \(1 added, 0 changed, 0 removed\) \[y\/N\]$/m,
    );
    expect(await terminal.screen(true)).to.match(/\x1b\[32m\+ upstream new/);
    await terminal.type('n', 'Enter');
    await terminal.shows(/^nothing was changed$/m);
    expect((await elb.admin('GET', 'upstream')).json()).to.have.all.keys('web');
    await terminal.type(`clear; NO_COLOR=1 elbctl apply -f ${file}`, 'Enter');
    await terminal.shows(/\[y\/N\]$/m);
    expect(await terminal.screen(true)).to.not.include('\x1b[32m');
    await terminal.type('y', 'Enter');
    await terminal.shows(/^1 added, 0 changed, 0 removed, revision \d+$/m);
    expect((await elb.admin('GET', 'upstream')).json()).to.have.all.keys('web', 'new');
  });

  it('shows progress while something takes long, and Ctrl-C ends it with 130', async () => {
    await terminal.type('elbctl wait --revision 99999 --for 1h', 'Enter');
    await terminal.shows(/^\S waiting until the instance serves revision 99999 \(\d+ s\)/m);
    await terminal.type('C-c');
    // What is typed before is echoed behind the line that moves.
    await terminal.shows(/^(?:\^C)?\$ *$/m);
    await terminal.type('echo ended: $?', 'Enter');
    expect(await terminal.shows(/^ended: 130$/m)).to.not.include('waiting until the instance');
  });

  for (const [shell, start, source] of [
    ['zsh', 'zsh -f', "PROMPT='$ '; autoload -U compinit; compinit -D -u; source <(elbctl completion zsh); clear"],
    ['fish', 'fish --no-config', "function fish_prompt; echo '$ '; end; elbctl completion fish | source; clear"],
  ] as const) {
    it(`completes commands, names, options and files in ${shell}`, async () => {
      await terminal.type(start, 'Enter');
      await terminal.type(source, 'Enter');
      await terminal.shows(PROMPT);
      await terminal.type('elbctl hist', 'Tab');
      await terminal.shows(/^\$ elbctl history *$/m);
      await terminal.type('C-u', 'elbctl get up', 'Tab');
      await terminal.shows(/^\$ elbctl get upstream *$/m);
      await terminal.type('C-u', 'elbctl get domain a', 'Tab');
      await terminal.shows(/^\$ elbctl get domain a\.test *$/m);
      await terminal.type('C-u', 'elbctl drain 127.0.0.1:', 'Tab');
      await terminal.shows(/^\$ elbctl drain 127\.0\.0\.1\\?:\d+ *$/m);
      await terminal.type('C-u', 'elbctl apply --dr', 'Tab');
      await terminal.shows(/^\$ elbctl apply --dry-run *$/m);
      writeFileSync(join(folder, 'only.yaml'), '');
      await terminal.type('C-u', `elbctl apply -f ${folder}/on`, 'Tab');
      await terminal.shows(new RegExp(`^\\$ elbctl apply -f ${RegExp.escape(folder)}/only\\.yaml *$`, 'm'));
      await terminal.type('C-u', 'exit', 'Enter');
    });
  }

  it('completes commands, names and options in bash', async () => {
    await terminal.type('source <(elbctl completion bash); clear', 'Enter');
    await terminal.shows(PROMPT);
    await terminal.type('elbctl hist', 'Tab');
    await terminal.shows(/^\$ elbctl history$/m);
    await terminal.type('C-u', 'elbctl get up', 'Tab');
    await terminal.shows(/^\$ elbctl get upstream$/m);
    await terminal.type('C-u', 'elbctl get domain a', 'Tab');
    await terminal.shows(/^\$ elbctl get domain a\.test$/m);
    await terminal.type('C-u', 'elbctl drain 127.0.0.1:', 'Tab');
    await terminal.shows(/^\$ elbctl drain 127\.0\.0\.1:\d+$/m);
    await terminal.type('C-u', 'elbctl get domain --output=y', 'Tab');
    await terminal.shows(/^\$ elbctl get domain --output=yaml$/m);
    await terminal.type('C-u', `elbctl apply -f ${folder}/new`, 'Tab');
    await terminal.shows(new RegExp(`^\\$ elbctl apply -f ${RegExp.escape(folder)}/new\\.yaml$`, 'm'));
    await terminal.type('C-u');
  });
});
