import { expect } from 'chai';
import { readNginxUpstreams } from '../../ctl/nginx-upstreams.ts';
import { readOptions } from '../../lib/upstream/options/index.ts';

interface Row {
  readonly what: string;
  readonly text: string;
  readonly upstreams?: object;
  readonly options?: object;
  readonly problems?: readonly (readonly [at: string, msg: RegExp])[];
  readonly notes?: readonly RegExp[];
}

const rows: readonly Row[] = [
  {
    what: 'a whole configuration, of which only the upstreams count',
    text: `user www;
http {
  log_format main '$remote_addr "$request" {not a block;';
  upstream api { server 10.0.0.1:80; server [::1]:81 weight=5 max_fails=3 fail_timeout=30s backup; }
  server { location ~ "^/[a-z]{2}" { proxy_pass http://api; } }
}
stream { upstream "tcp" { server unix:/run/a.sock down; } }`,
    upstreams: {
      api: { '10.0.0.1:80': '', '[::1]:81': 'weight=5 max_fails=3 fail_timeout=30s backup' },
      tcp: { 'unix:/run/a.sock': 'down' },
    },
  },
  { what: 'nothing', text: '', upstreams: {} },
  {
    what: 'comments and quotes',
    text: 'upstream a { # server x;\n \'server\' "10.0.0.1:80" weight=2; # }\n}',
    upstreams: { a: { '10.0.0.1:80': 'weight=2' } },
  },
  ...(
    [
      ['least_conn;', { balance: { algorithm: 'least-conn' } }],
      ['ip_hash;', { balance: { algorithm: 'ip-hash' } }],
      ['random;', { balance: { algorithm: 'random' } }],
      ['random two least_conn;', { balance: { algorithm: 'p2c' } }],
      ['hash $request_uri consistent;', { balance: { algorithm: 'hash', hash: { on: 'uri' } } }],
      ['hash $http_x_user consistent;', { balance: { algorithm: 'hash', hash: { on: 'header', name: 'x-user' } } }],
      ['hash $cookie_sid consistent;', { balance: { algorithm: 'hash', hash: { on: 'cookie', name: 'sid' } } }],
      [
        'keepalive 32; keepalive_requests 500; keepalive_timeout 20; keepalive_time 5m;',
        { connections: { max_idle: 32, max_requests: 500, idle: '20s', max_age: '5m' } },
      ],
      ['queue 100 timeout=70;', { queue: { size: 100, timeout: '70s' } }],
      [
        'sticky cookie srv expires=1h domain=.a.test path=/x httponly secure samesite=strict;',
        {
          sticky: {
            cookie: 'srv',
            ttl: '1h',
            domain: '.a.test',
            path: '/x',
            http_only: true,
            secure: true,
            same_site: 'Strict',
          },
        },
      ],
    ] as const
  ).map(([directives, options]) => ({
    what: directives,
    text: `upstream a {\n${directives}\nserver 10.0.0.1;\n}`,
    upstreams: { a: { '10.0.0.1': '' } },
    options: { a: options },
  })),
  {
    what: 'what ELB does anyway is a note',
    text: 'upstream a {\n zone a 64k;\n server b.test resolve slow_start=30s;\n hash $uri;\n}',
    upstreams: { a: { 'b.test': '' } },
    options: { a: { balance: { algorithm: 'hash', hash: { on: 'path' }, slow_start: '30s' } } },
    notes: [/^line 2: zone/, /^line 3: resolve/, /^line 3: slow_start/, /^line 4: hash: is consistent/],
  },
  {
    what: 'what ELB cannot do is a problem, each with its line',
    text: 'upstream a {\n server 10.0.0.1 route=x;\n server 10.0.0.2;\n server 10.0.0.2;\n least_time header;\n hash $scheme;\n}\nupstream a { }',
    upstreams: { a: { '10.0.0.2': '' } },
    problems: [
      ['line 2', /unknown parameter "route"/],
      ['line 4', /already/],
      ['line 5', /^least_time has no counterpart/],
      ['line 6', /^hash \$scheme has no counterpart/],
      ['line 8', /already/],
    ],
  },
  ...(
    [
      ['upstream a {\nserver 10.0.0.1', 'line 2', /semicolon/],
      ['upstream a {\n server 10.0.0.1;', 'line 1', /not closed/],
      ['}', 'line 1', /closes nothing/],
      ['upstream a { server "10; }', 'line 1', /quote/],
      ['upstream a { server 10.0.0.1 }', 'line 1', /semicolon/],
      ['upstream a;', 'line 1', /a name and a block/],
    ] as const
  ).map(([text, at, msg]) => ({ what: JSON.stringify(text), text, problems: [[at, msg]] as const })),
];

describe("nginx's upstreams", () => {
  for (const { what, text, upstreams, options, problems = [], notes } of rows) {
    it(what, () => {
      const read = readNginxUpstreams(text);
      expect(read.problems.map(({ at }) => at)).to.deep.equal(problems.map(([at]) => at));
      for (const [i, [, msg]] of problems.entries()) expect(read.problems[i]?.msg).to.match(msg);
      if (upstreams !== undefined) expect(read.documents['upstreams'] ?? {}).to.deep.equal(upstreams);
      if (options !== undefined) {
        expect(read.documents['options']).to.deep.equal(options);
        for (const one of Object.values(options)) expect(readOptions(one).problems).to.deep.equal([]);
      }
      if (notes !== undefined) {
        expect(read.notes).to.have.length(notes.length);
        for (const [i, note] of notes.entries()) expect(`${read.notes[i]?.at}: ${read.notes[i]?.msg}`).to.match(note);
      }
    });
  }
});
