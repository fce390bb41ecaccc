import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readConfig } from '../../lib/core/config.ts';
import type { Config } from '../../lib/core/config.ts';

type Env = Record<string, string>;
import { usualStateDirectory } from '../../lib/core/state-directory.ts';

describe('config', () => {
  it('has a default for everything', () => {
    const config = accepted([], {});
    expect(config).to.deep.equal({
      name: 'ELB',
      store: {
        kind: 'etcd',
        etcd: { endpoints: ['http://127.0.0.1:2379'], username: null, password: null, ca: null, cert: null, key: null },
      },
      state: usualStateDirectory({}, process.getuid?.() === 0),
      snapshot: null,
      reconcileMs: 600_000,
      maxNodes: 4000,
      listen: [{ kind: 'tcp', host: '0.0.0.0', port: 8080 }],
      listenFile: null,
      listenAgain: false,
      listensByDefault: true,
      workers: availableParallelism(),
      trustedProxies: [],
      serverCa: null,
      redis: null,
      recentRequests: 256,
      resolver: null,
      statsd: null,
      metrics: true,
      metricsListen: [],
      accessLog: null,
      requestId: false,
      ownSlice: 'auto',
      tracing: null,
      traceReceivers: { otlp: null, zipkin: null },
      logLevel: 'info',
      drainMs: 30_000,
      healthCommands: null,
      upgradeMs: 60_000,
      admin: { allow: ['127.0.0.0/8', '::1'], hosts: [], probes: [], tokens: [] },
      history: 200,
      tls: { minVersion: 'TLSv1.2', ciphers: null, defaultCertificate: null },
      acme: null,
      certs: null,
      secrets: [],
      limits: {
        maxHeadBytes: 65_536,
        maxFields: 128,
        maxBodyBytes: 52_428_800,
        maxReplayBytes: 64 * 1024 * 1024,
        headMs: 30_000,
        bodyIdleMs: 60_000,
        sendMs: 60_000,
        halfCloseMs: 1000,
        maxConnections: 0,
        maxClientConnections: 0,
        maxStreams: 128,
        maxWaitMs: 500,
        connectMs: 5000,
        readMs: 30_000,
        keepAliveMs: 65_000,
        serverKeepAliveMs: 60_000,
        tunnelIdleMs: 3_600_000,
      },
    });
  });

  describe('etcd members', () => {
    const table: readonly (readonly [title: string, args: string[], env: Env, endpoints: string[]])[] = [
      ['ETCD with scheme', [], { ETCD: 'http://10.0.0.1:4001' }, ['http://10.0.0.1:4001']],
      ['ETCD without scheme', [], { ETCD: '10.0.0.1:4001' }, ['http://10.0.0.1:4001']],
      ['ETCD without port', [], { ETCD: 'etcd' }, ['http://etcd:2379']],
      ['ETCD with a slash at its end', [], { ETCD: 'https://etcd:1/' }, ['https://etcd:1']],
      ['ETCD as a list', [], { ETCD: 'a:1, b:2,' }, ['http://a:1', 'http://b:2']],
      ['IPv6', [], { ETCD: '[::1]:2379' }, ['http://[::1]:2379']],
      ['scheme of one counts for those without', [], { ETCD: 'http://a,b' }, ['http://a:2379', 'http://b:2379']],
      ['ETCD_URL', [], { ETCD_URL: 'http://u:1' }, ['http://u:1']],
      ['ETCD_HOST and ETCD_PORT', [], { ETCD_HOST: 'h', ETCD_PORT: '5' }, ['http://h:5']],
      ['ETCD_HOST alone', [], { ETCD_HOST: '::1' }, ['http://[::1]:2379']],
      ['ETCD before ETCD_URL', [], { ETCD: 'a:1', ETCD_URL: 'b:1' }, ['http://a:1']],
      ['ETCD_URL before ETCD_HOST', [], { ETCD_URL: 'b:1', ETCD_HOST: 'c' }, ['http://b:1']],
      ['--etcd before all', ['--etcd', 'f:1'], { ETCD: 'a:1', ETCD_URL: 'b:1', ETCD_HOST: 'c' }, ['http://f:1']],
      ['--etcd repeated', ['--etcd=f:1', '--etcd', 'g:2'], {}, ['http://f:1', 'http://g:2']],
      ['an empty variable is unset', [], { ETCD: '', ETCD_URL: 'b:1' }, ['http://b:1']],
    ];
    for (const [title, args, env, endpoints] of table) {
      it(title, () => {
        const { store } = accepted(args, env);
        expect(store.kind === 'etcd' && store.etcd.endpoints).to.deep.equal(endpoints);
      });
    }
  });

  describe('values', () => {
    const table: readonly (readonly [args: string[], env: Env, pick: (config: Config) => unknown, value: unknown])[] = [
      [['--name', 'a'], { ELBNAME: 'b' }, (c) => c.name, 'a'],
      [[], { ELBNAME: 'b' }, (c) => c.name, 'b'],
      [['--file', 'package.json'], {}, (c) => c.store, { kind: 'file', path: 'package.json' }],
      [[], { ELB_FILE: './LICENSE' }, (c) => c.store, { kind: 'file', path: './LICENSE' }],
      [['--listen', ':80'], {}, (c) => c.listen, [{ kind: 'tcp', host: '0.0.0.0', port: 80 }]],
      [['--listen', '[::]:80'], {}, (c) => c.listen, [{ kind: 'tcp', host: '::', port: 80 }]],
      [['--listen', 'localhost:0'], {}, (c) => c.listen, [{ kind: 'tcp', host: '127.0.0.1', port: 0 }]],
      [['--listen', 'unix:/run/a'], {}, (c) => c.listen, [{ kind: 'unix', path: '/run/a' }]],
      [['--listen', ':1', '--listen', ':2'], {}, (c) => c.listen.length, 2],
      [[], { ELB_LISTEN: ':1,:2,unix:/a' }, (c) => c.listen.length, 3],
      [['--workers', '0'], { ELB_WORKERS: '3' }, (c) => c.workers, 0],
      [[], { STATSD: '10.0.0.1:9000' }, (c) => c.statsd, { host: '10.0.0.1', port: 9000 }],
      [[], { STATSD: 'stats' }, (c) => c.statsd, { host: 'stats', port: 8125 }],
      [[], { STATSD: '[::1]:1' }, (c) => c.statsd, { host: '::1', port: 1 }],
      [[], { ELB_RESOLVER: '192.0.2.53, [::1]:5353' }, (c) => c.resolver, ['192.0.2.53', '[::1]:5353']],
      [[], { ELB_TRUSTED_PROXIES: '10.0.0.0/8, ::1' }, (c) => c.trustedProxies, ['10.0.0.0/8', '::1']],
      [[], { ELB_ADMIN_ALLOW: '0.0.0.0/0' }, (c) => c.admin.allow, ['0.0.0.0/0']],
      [[], { ELB_ADMIN_TOKEN: 's' }, (c) => c.admin.tokens, [{ name: 'token', token: 's' }]],
      [
        [],
        { ELB_ADMIN_TOKENS: 'ann:s3:x, ci:0-q', ELB_ADMIN_TOKEN: 's' },
        (c) => c.admin.tokens,
        [
          { name: 'token', token: 's' },
          { name: 'ann', token: 's3:x' },
          { name: 'ci', token: '0-q' },
        ],
      ],
      [['--max-head', '8k'], {}, (c) => c.limits.maxHeadBytes, 8192],
      [['--max-body', '1G'], {}, (c) => c.limits.maxBodyBytes, 1024 ** 3],
      [['--max-body', '0'], {}, (c) => c.limits.maxBodyBytes, 0],
      [['--max-body', '512'], {}, (c) => c.limits.maxBodyBytes, 512],
      [['--read-timeout', '500ms'], {}, (c) => c.limits.readMs, 500],
      [['--read-timeout', '2m'], {}, (c) => c.limits.readMs, 120_000],
      [['--read-timeout', '7'], {}, (c) => c.limits.readMs, 7000],
      [['--drain', '0'], {}, (c) => c.drainMs, 0],
      [[], { ELB_DRAIN: '1h' }, (c) => c.drainMs, 3_600_000],
      [['--log', 'debug'], {}, (c) => c.logLevel, 'debug'],
    ];
    for (const [args, env, pick, value] of table) {
      it(describeCase(args, env), () => {
        expect(pick(accepted(args, env))).to.deep.equal(value);
      });
    }
  });

  describe('refusals', () => {
    const table: readonly (readonly [args: string[], env: Env, ...problems: RegExp[]])[] = [
      [['--listn', ':80'], {}, /^unknown option --listn;/, /^unexpected argument ":80"$/],
      [['-x'], {}, /^unknown option -x;/],
      [['serve'], {}, /^unexpected argument "serve"$/],
      [['--file'], {}, /^--file needs a value: --file PATH$/],
      [['--file', '--name', 'a'], {}, /^--file needs a value/, /^unexpected argument "a"$/],
      [['--name', 'a', '--name', 'b'], {}, /^--name is given more than once$/],
      [['--name', 'a/b'], {}, /^--name must be letters, digits.*not "a\/b"$/],
      [[], { ELBNAME: 'a b' }, /^ELBNAME must be .*not "a b"$/],
      [[], { ELBNAME: 'a\nb' }, /^ELBNAME must be .*not "a\\nb"$/],
      [['--workers', '-1'], {}, /^--workers must be a whole number from 0 to 1024, not "-1"$/],
      [[], { ELB_WORKERS: 'many' }, /^ELB_WORKERS must be .*not "many"$/],
      [[], { ELB_LISTEN: '8080' }, /^ELB_LISTEN must be :8080, 127\.0\.0\.1:8080/],
      [[], { ELB_LISTEN: ':70000' }, /^ELB_LISTEN must be/],
      [[], { ELB_LISTEN: 'example.com:80' }, /^ELB_LISTEN must be/],
      [[], { ELB_LISTEN: 'unix:relative' }, /^ELB_LISTEN must be/],
      [[], { ELB_LISTEN: `unix:/${'a'.repeat(120)}` }, /^ELB_LISTEN must be/],
      [[], { ELB_LISTEN: ',' }, /^ELB_LISTEN must be a list with at least one entry/],
      [[], { ETCD: 'http://a,https://b' }, /^ETCD must be members with one and the same scheme/],
      [[], { ETCD: 'https://a,b' }, /^ETCD must be members with one and the same scheme/],
      [[], { ETCD: 'ftp://a' }, /^ETCD must be a list of host:port/],
      [[], { ETCD: 'a:b' }, /^ETCD must be a list of host:port/],
      [[], { ETCD: 'http://u:p@a' }, /^ETCD must be a list of host:port/],
      [[], { ETCD_PORT: '0' }, /^ETCD_PORT must be a whole number/],
      [[], { ETCD_CA: '/nonexistent/ca' }, /^ETCD_CA: cannot read "\/nonexistent\/ca"/],
      [['--file', '/nonexistent/elb.yaml'], {}, /cannot read "\/nonexistent\/elb.yaml": ENOENT/],
      [['--file', 'nonexistent.yaml'], {}, /cannot read "nonexistent.yaml": ENOENT/],
      [['--file='], {}, /^--file must be a path, not ""$/],
      [[], { ELB_FILE: '/' }, /"\/" is not a file$/],
      [[], { ELB_ADMIN_TOKEN: 'two words' }, /^ELB_ADMIN_TOKEN must be visible ASCII.*, not what it is$/],
      [[], { ELB_ADMIN_TOKEN: 's\u20accret' }, /^ELB_ADMIN_TOKEN must be visible ASCII.*, not what it is$/],
      [[], { ETCD_PASSWORD: 'p' }, /^ETCD_PASSWORD needs ETCD_USERNAME$/],
      [[], { ETCD_USERNAME: 'u' }, /^ETCD_USERNAME needs ETCD_PASSWORD$/],
      [[], { STATSD: ':8125' }, /^STATSD must be host:port/],
      [[], { STATSD: 'a:b' }, /^STATSD must be host:port/],
      [[], { ELB_RESOLVER: 'dns.test' }, /^ELB_RESOLVER must be IP addresses/],
      [[], { ELB_TRUSTED_PROXIES: '10.0.0.0/33' }, /^ELB_TRUSTED_PROXIES must be networks/],
      [[], { ELB_ADMIN_ALLOW: 'everyone' }, /^ELB_ADMIN_ALLOW must be networks/],
      [['--max-head', '64q'], {}, /^--max-head must be a size from 1k to 1m/],
      [['--max-head', '1'], {}, /^--max-head must be a size from 1k to 1m/],
      [['--read-timeout', '0'], {}, /^--read-timeout must be a time from 1ms to 1d/],
      [['--read-timeout', '5 s'], {}, /^--read-timeout must be a time/],
      [['--log', 'loud'], {}, /^--log must be one of trace, /],
      [['--workers', 'x'], { ELB_DRAIN: 'y' }, /^--workers must be/, /^ELB_DRAIN must be/],
    ];
    for (const [args, env, ...expected] of table) {
      it(describeCase(args, env), () => {
        const result = readConfig(args, env);
        const problems = result.kind === 'refused' ? result.problems : [];
        expect(problems).to.have.length(expected.length);
        for (const [i, pattern] of expected.entries()) expect(problems[i]).to.match(pattern).and.not.include('\n');
      });
    }
  });

  it('never repeats a secret', () => {
    const result = readConfig([], { ETCD_PASSWORD: 'hush', ELB_ADMIN_TOKEN: 'hush' });
    expect(JSON.stringify(result)).to.include('ETCD_PASSWORD').and.not.include('hush');
  });

  describe('files for etcd', () => {
    const directory = mkdtempSync(join(tmpdir(), 'elb-config-'));
    const pem = join(directory, 'a.pem');
    const noPem = join(directory, 'b.pem');
    writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n');
    writeFileSync(noPem, 'hello');
    after(() => rmSync(directory, { recursive: true }));

    it('a CA turns TLS on for members without scheme', () => {
      const { store } = accepted([], { ETCD: 'a:1', ETCD_CA: pem });
      expect(store.kind === 'etcd' && store.etcd.endpoints).to.deep.equal(['https://a:1']);
      expect(store.kind === 'etcd' && String(store.etcd.ca)).to.equal('-----BEGIN CERTIFICATE-----\n');
    });

    const refused: readonly (readonly [env: Env, problem: RegExp])[] = [
      [{ ETCD_CA: pem, ETCD: 'http://a' }, /^ETCD_CA and ETCD_CERT need etcd members with https:\/\/$/],
      [{ ETCD_CERT: pem }, /^ETCD_CERT needs ETCD_KEY$/],
      [{ ETCD_KEY: pem }, /^ETCD_KEY needs ETCD_CERT$/],
      [{ ETCD_CA: noPem }, /is not a PEM file$/],
      [{ ETCD_CA: directory }, /^ETCD_CA: cannot read .*EISDIR/],
    ];
    for (const [env, problem] of refused) {
      it(`${Object.keys(env).join(' ')}: ${problem.source}`, () => {
        const result = readConfig([], env);
        expect(result.kind === 'refused' && result.problems.join('\n')).to.match(problem);
      });
    }
  });

  it('help and version win over everything else', () => {
    expect(readConfig(['--help', '--nonsense'], {}).kind).to.equal('help');
    expect(readConfig(['-h'], {}).kind).to.equal('help');
    expect(readConfig(['--version'], { ELB_WORKERS: 'x' }).kind).to.equal('version');
  });
});

function accepted(args: readonly string[], env: Env): Config {
  const result = readConfig(args, env);
  if (result.kind !== 'run') throw new Error(JSON.stringify(result));
  return result.config;
}

function describeCase(args: readonly string[], env: Env): string {
  return [...Object.entries(env).map(([name, value]) => `${name}=${JSON.stringify(value).slice(0, 40)}`), ...args].join(
    ' ',
  );
}
