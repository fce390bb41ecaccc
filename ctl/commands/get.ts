import { nearest } from '../../lib/core/nearest.ts';
import { inner, isMembers, membersOf, number, own, text, textOf } from '../answer-shape.ts';
import type { Members } from '../answer-shape.ts';
import { defineCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { graphTable } from '../graph-table.ts';
import { argument, optionalRest } from '../inputs.ts';
import { kindName, KINDS, SECTION_OF } from '../kinds.ts';
import type { Kind } from '../kinds.ts';
import type { Screen } from '../screen.ts';
import type { Session } from '../session.ts';
import type { StyleName } from '../style.ts';
import type { Cell } from '../text-table.ts';
import { timeText } from '../time-text.ts';

/** Shows documents that are in force. */
export const get = defineCommand({
  name: 'get',
  summary: 'Show domains, shared graphs, upstreams, options, TLS or certificates',
  description:
    'Shows what is in force. Without names: a line for each; with names: each of them in full. As JSON or YAML the result is an object of names and documents, which `elbctl put KIND -f FILE` takes.',
  positionals: {
    kind: argument(
      kindName,
      'what: `domain`, `graph` (one that graphs of domains include), `upstream`, `option`, `tls` (what domains want of it) or `cert`',
      KINDS,
    ),
    names: optionalRest('NAME', 'which of them; none: all', 'document'),
  },
  flags: {},
  examples: [
    { line: 'elbctl get domain', does: 'all domains, a line each' },
    { line: 'elbctl get domain shop.example.com', does: 'the graph of one' },
    { line: 'elbctl get graph', does: 'shared graphs, a line each' },
    { line: 'elbctl get upstream web -o yaml > web.yaml', does: 'one upstream as a document' },
  ],
  async run(session, { kind, names }) {
    const api = await session.api();
    // Certificates are told without their keys, by nobody else.
    const { body } = await api.call({ method: 'GET', resource: kind === 'cert' ? 'cert' : 'document' });
    const documents = membersOf(body, 'documents');
    const all = kind === 'cert' ? documents : inner(documents, SECTION_OF[kind]);
    const shown = names.length === 0 ? all : Object.fromEntries(names.map((name) => [name, find(kind, name, all)]));
    session.screen.show(shown, () => TEXTS[kind](session, shown, names.length > 0));
    return EXIT.ok;
  },
});

function find(kind: Kind, name: string, all: Members): unknown {
  const document = own(all, name);
  if (document !== undefined) return document;
  const near = nearest(name, Object.keys(all));
  throw new Failure(EXIT.missing, `there is no ${kind} ${JSON.stringify(name)}`, {
    next: near === null ? `elbctl get ${kind} lists those there are` : `is it ${near}?`,
  });
}

const TEXTS: Readonly<Record<Kind, (session: Session, documents: Members, inFull: boolean) => string>> = {
  domain: (session, documents, inFull) => graphsText('DOMAIN', session, documents, inFull),
  graph: (session, documents, inFull) => graphsText('GRAPH', session, documents, inFull),
  upstream({ screen }, documents, inFull) {
    const lists = Object.entries(documents).map(
      ([name, servers]) => [name, Object.entries(isMembers(servers) ? servers : {})] as const,
    );
    if (!inFull) {
      const rows = lists.map(([name, servers]) => [name, servers.length, servers.map(([server]) => server).join(' ')]);
      return screen.table(['UPSTREAM', 'SERVERS', ''], rows);
    }
    const rows = lists.flatMap(([name, servers]) =>
      servers.map(([server, parameters]) => [name, server, textOf(parameters)]),
    );
    return screen.table(['UPSTREAM', 'SERVER', 'PARAMETERS'], rows);
  },
  option: ({ screen }, documents) => leavesTable('UPSTREAM', documents, screen),
  tls: ({ screen }, documents) => leavesTable('DOMAIN', documents, screen),
  cert({ screen }, documents) {
    const rows = Object.entries(documents).map(([name, facts]): readonly Cell[] => {
      const view: Members = isMembers(facts) ? facts : {};
      const names = own(view, 'names');
      const seconds = number(view, 'expires_in_s') ?? 0;
      const left = { text: seconds > 0 ? timeText(seconds) : 'expired', style: styleOfLeft(seconds) };
      return [
        name,
        Array.isArray(names) ? names.map(textOf).join(' ') : '',
        text(view, 'key_type'),
        left,
        text(view, 'source'),
      ];
    });
    return screen.table(['CERTIFICATE', 'FOR', 'KEY', 'RUNS OUT IN', 'FROM'], rows);
  },
};

/** Graphs: each in full, or a line for each. */
function graphsText(title: string, { screen, rules }: Session, documents: Members, inFull: boolean): string {
  if (inFull)
    return Object.entries(documents)
      .map(([name, graph]) => graphTable(name, graph, rules, screen))
      .join('\n');
  const rows = Object.entries(documents).map(([name, graph]) => {
    const document: Members = isMembers(graph) ? graph : {};
    const nodes = Object.values(inner(document, 'rules')).filter(isMembers);
    const upstreams = nodes.flatMap((node) => {
      const args = inner(node, 'args');
      return [...(rules.get(text(node, 'type'))?.upstreams?.(args) ?? [])];
    });
    return [name, nodes.length, text(document, 'init'), [...new Set(upstreams)].join(' ')];
  });
  return screen.table([title, 'NODES', 'BEGINS AT', 'UPSTREAMS'], rows);
}

const DAY_S = 86_400;

function styleOfLeft(seconds: number): StyleName {
  return seconds <= 0 ? 'bad' : seconds < 14 * DAY_S ? 'warn' : 'good';
}

function leavesTable(title: string, documents: Members, screen: Screen): string {
  const rows = Object.entries(documents).flatMap(([name, options]) =>
    leaves(options, '').map(([option, value]) => [name, option, textOf(value)]),
  );
  return screen.table([title, 'OPTION', 'VALUE'], rows);
}

/** `balance.algorithm` and its value, for everything that is not an object. */
function leaves(value: unknown, path: string): readonly (readonly [string, unknown])[] {
  if (!isMembers(value) || Object.keys(value).length === 0) return [[path, value]];
  return Object.entries(value).flatMap(([name, member]) => leaves(member, path === '' ? name : `${path}.${name}`));
}
