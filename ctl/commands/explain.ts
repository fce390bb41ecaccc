import { text as anyText, filePath, oneOf } from '../../lib/core/option-kinds.ts';
import { inner, list, membersOf, own, text, textOf } from '../answer-shape.ts';
import type { Members } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { readFileText } from '../documents.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { argument, called, several, setting, toggle, usual } from '../inputs.ts';
import { printable } from '../printable.ts';
import type { Session } from '../session.ts';
import type { Screen } from '../screen.ts';
import type { Cell } from '../text-table.ts';

const TLS_VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

/** Tells what would become of a request. */
export const explain = defineCommand({
  name: 'explain',
  summary: 'Tell what would become of a request, without sending it',
  description: `Walks the graph that is in force and tells each node's verdict and why, the upstream, each of its servers and why it is in or out, and the head that
would be sent. Nothing is sent, and nothing is counted.`,
  positionals: {
    address: argument(called('ADDRESS', anyText), 'what is asked for: `http://a.test/blog?x=1`, or `a.test/blog`'),
  },
  flags: {
    method: usual(called('METHOD', anyText), 'GET', 'method of the request', {
      short: 'X',
      completes: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
    }),
    header: several(called('NAME:VALUE', anyText), 'a field of the request; may be given more than once', {
      short: 'H',
    }),
    http2: toggle('it comes by HTTP/2'),
    client: setting(called('ADDRESS', anyText), 'address that the request comes from; unset: 127.0.0.1'),
    tls: setting(oneOf(TLS_VERSIONS), 'with an https address: version that it comes by; unset: TLSv1.3', {
      completes: TLS_VERSIONS,
    }),
    'server-name': setting(
      called('NAME', anyText),
      'with an https address: name that the handshake asks for (SNI); unset: that of the address',
    ),
    cert: setting(filePath, "with an https address: the client's certificate (PEM), as if its domain trusted it", {
      completes: 'file',
    }),
    untrusted: toggle('with --cert: as if the domain did not trust it'),
    show: usual(
      oneOf(['walk', 'heads', 'all']),
      'walk',
      '`heads`: the heads as they come and would be sent; `all`: both',
      { completes: ['walk', 'heads', 'all'] },
    ),
  },
  examples: [
    { line: 'elbctl explain shop.example.com/blog -H "User-Agent: httpie"', does: 'why a request goes where it goes' },
    {
      line: 'elbctl explain https://shop.example.com/ --client 10.1.2.3 --show all',
      does: 'with the heads, for a client',
    },
    { line: 'elbctl explain https://shop.example.com/ --cert ann.pem', does: 'for a client with this certificate' },
  ],
  async run(session, { address }, { method, header, client, http2, show, ...secured }) {
    const url = /^[a-z]+:\/\//i.test(address) || address.startsWith('/') ? address : `http://${address}`;
    const tls = await tlsOf(session, secured, url);
    const { screen, api } = session;
    const { body } = await (
      await api()
    ).call({
      method: 'POST',
      resource: 'explain',
      body: {
        url,
        method,
        headers: header,
        protocol: http2 ? 'h2' : 'h1',
        ...(client !== null && { client }),
        ...(tls !== null && { tls }),
      },
    });
    const told = membersOf(body, 'explanation');
    screen.show(
      told,
      () => (show === 'heads' ? '' : walkText(told, screen)) + (show === 'walk' ? '' : headsText(told, screen)),
    );
    return EXIT.ok;
  },
});

interface Secured {
  readonly tls: string | null;
  readonly 'server-name': string | null;
  readonly cert: string | null;
  readonly untrusted: boolean;
}

/** The TLS that is asked about; null: what is usual. Throws Failure where it makes no sense. */
async function tlsOf(session: Session, secured: Secured, url: string): Promise<object | null> {
  const { tls: version, 'server-name': serverName, cert, untrusted } = secured;
  if (untrusted && cert === null)
    throw new Failure(EXIT.usage, '--untrusted says something of a certificate', { next: 'give one with --cert FILE' });
  if (version === null && serverName === null && cert === null) return null;
  if (!/^https:/i.test(url)) {
    throw new Failure(EXIT.usage, '--tls, --server-name and --cert are of requests by TLS', {
      next: `ask for ${url.replace(/^([a-z]+:\/\/)?/i, 'https://')}`,
    });
  }
  return {
    ...(version !== null && { version }),
    ...(serverName !== null && { server_name: serverName }),
    ...(cert !== null && { certificate: { pem: await readFileText(session, cert), verified: !untrusted } }),
  };
}

function walkText(told: Members, screen: Screen): string {
  const request = inner(told, 'request');
  const domain = own(told, 'domain');
  const asked = `${text(request, 'method')} ${text(request, 'host')}${text(request, 'path')}${text(request, 'query')} from ${text(request, 'client')}`;
  const nodes = list(told, 'nodes');
  const decision = inner(told, 'decision');
  const isGood = ['forward', 'answer', 'admin'].includes(text(decision, 'kind'));
  const parts = [
    `${screen.style('head', printable(asked))}\n`,
    domain === null ? `no domain has this host\n` : `domain ${printable(textOf(domain))}\n`,
    nodes.length === 0 ? '' : `\n${nodesText(nodes, screen)}`,
    `\n${screen.style(isGood ? 'good' : 'bad', printable(decided(decision)))}\n`,
    copiesText(told),
    upstreamText(told, screen),
    routesText(told, screen),
  ];
  return parts.join('');
}

/** What the request comes to; a fault with the status that it is answered with, and the name that the log and metrics have for it. */
function decided(decision: Members): string {
  const said = text(decision, 'text');
  if (text(decision, 'kind') !== 'fault') return said;
  const status = text(decision, 'status');
  return `${status === '0' ? 'closed without an answer' : `answered ${status}`} (${text(decision, 'ending')}): ${said}`;
}

/** The way of a request that is made of the one that was asked about. */
function routeText(route: Members, screen: Screen): string {
  const told = inner(route, 'explanation');
  const parts = [
    `\n${screen.style('head', printable(text(route, 'edge')))}\n`,
    nodesText(list(told, 'nodes'), screen),
    `${printable(decided(inner(told, 'decision')))}\n`,
    copiesText(told),
    routesText(told, screen),
  ];
  return parts.join('');
}

function nodesText(nodes: readonly Members[], screen: Screen): string {
  return screen.table(['NODE', 'TYPE', 'VERDICT', 'WHY'], nodes.map(nodeRow)) + changedText(nodes);
}

/** Who is sent a copy. */
function copiesText(told: Members): string {
  const copies = own(told, 'copies');
  if (!Array.isArray(copies) || copies.length === 0) return '';
  return `a copy goes to ${printable(copies.map(textOf).join(', '))}\n`;
}

function routesText(told: Members, screen: Screen): string {
  return list(told, 'routes')
    .map((route) => routeText(route, screen))
    .join('');
}

function nodeRow(node: Members): readonly Cell[] {
  const failure = text(node, 'failure');
  const verdict = text(node, 'verdict');
  const next = text(node, 'next');
  const way = verdict === '' ? 'decides' : next === '' ? verdict : `${verdict} → ${next}`;
  return [
    text(node, 'node'),
    text(node, 'type'),
    way,
    failure === '' ? text(node, 'why') : { text: `${text(node, 'why')}: ${failure}`, style: 'bad' },
  ];
}

/** What the nodes have changed of the request, but for the upstream, which is told anyway. */
function changedText(nodes: readonly Members[]): string {
  const lines = nodes.flatMap((node) =>
    list(node, 'changes')
      .filter((change) => text(change, 'what') !== 'upstream')
      .map(
        (change) =>
          `${text(node, 'node')} changes ${text(change, 'what')}: ${shown(own(change, 'before'))} → ${shown(own(change, 'after'))}`,
      ),
  );
  return lines.map((line) => `${printable(line)}\n`).join('');
}

function shown(value: unknown): string {
  return value === null || value === undefined ? 'nothing' : textOf(value);
}

function upstreamText(told: Members, screen: Screen): string {
  const upstream = own(told, 'upstream');
  if (upstream === null || upstream === undefined) return '';
  const servers = list(inner(told, 'upstream'), 'servers');
  if (servers.length === 0) return '';
  const rows = servers.map((server): readonly Cell[] => {
    const why = own(server, 'why');
    const isChosen = own(server, 'chosen') === true;
    const state: Cell = isChosen
      ? { text: 'chosen', style: 'good' }
      : own(server, 'usable') === true
        ? 'could be'
        : { text: 'out', style: 'bad' };
    return [
      text(server, 'name'),
      state,
      text(server, 'weight'),
      text(server, 'in_flight'),
      Array.isArray(why) ? why.map(textOf).join('; ') : '',
    ];
  });
  return `\n${screen.table(['SERVER', 'CHOICE', 'WEIGHT', 'IN FLIGHT', 'WHY'], rows)}`;
}

function headsText(told: Members, screen: Screen): string {
  const heads: readonly (readonly [string, string])[] = [
    ['comes as', text(inner(told, 'request'), 'head')],
    ['is sent as', text(told, 'head')],
    ['is answered', text(inner(told, 'decision'), 'head')],
  ];
  return heads
    .filter(([, head]) => head !== '')
    .map(([title, head]) => {
      const lines = head.trimEnd().split(/\r?\n/);
      return `\n${screen.style('head', title)}\n${lines.map((line) => `  ${printable(line)}\n`).join('')}`;
    })
    .join('');
}
