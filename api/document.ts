import type { ChangeControl, Control, DocumentName, Mutation } from '../lib/control.ts';
import type { Problem } from '../lib/routing/rule.ts';
import { CHANGE, change } from './change.ts';
import { flag } from './parameters.ts';
import { defineMethod, defineResource, pointer, refuse } from './resource.ts';
import { nameOf, readNamed, WrongShape } from './shape.ts';

/** The sections of a configuration, as a file store has them, and what their members are. */
export const SECTIONS: Readonly<Record<string, DocumentName | 'upstream'>> = {
  domains: 'domain',
  graphs: 'graph',
  upstreams: 'upstream',
  options: 'options',
  tls: 'tls',
  certs: 'certificate',
};

const parameters = {
  ...CHANGE,
  replace: flag('what the sections of the body do not name is removed; other sections stay, and certificates'),
};

/**
 * Everything that is configured, in the shape of a file store: domains with their graphs, upstreams with their servers, options, what
 * domains want of TLS. Certificates (`certs`) can be put and removed by name; they are not told, because their keys never are.
 * A change of any of it is one change: all of it comes into force in one step, or nothing.
 *
 *     GET                                           -> {"domains": {...}, "upstreams": {"up1": {"127.0.0.1:8088": "weight=2"}}, "options": {...}}
 *     PUT {"domains": {"a.test": {...}, "b.test": null}} -> {"msg": "OK"}; puts a.test, and removes b.test
 */
export const document = defineResource({
  name: 'document',
  methods: {
    GET: {
      takesBody: false,
      handle: ({ control, changes }) => ({ status: 200, body: documentsOf(control, changes), tag: changes.tag(null) }),
    },
    PUT: defineMethod({
      takesBody: true,
      parameters,
      handle(request) {
        const { body, control, changes, certificates, query } = request;
        const read = readSections(body);
        if (read instanceof WrongShape) return refuse('bad body', read.problems);
        const there = documentsOf(control, changes);
        const mutations = [...read].flatMap(([section, members]): readonly Mutation[] => {
          const kind = kindOf(section);
          const known = there[section] ?? {};
          const has = (name: string): boolean =>
            kind === 'certificate' ? certificates.has(name) : Object.hasOwn(known, name);
          const named = members.flatMap(([name, value]) => mutate(kind, section, name, value, has));
          if (kind === undefined || !query.replace) return named;
          const names = new Set(members.map(([name]) => name));
          const others = Object.keys(known).filter((name) => !names.has(name));
          return [...others.flatMap((name) => mutate(kind, section, name, null, has)), ...named];
        });
        return change(request, 'PUT document', null, mutations);
      },
    }),
  },
});

type Members = Exclude<ReturnType<typeof readNamed>, WrongShape>;

function readSections(body: unknown): ReadonlyMap<string, Members> | WrongShape {
  const sections = readNamed(body, 'sections');
  if (sections instanceof WrongShape) return sections;
  const read = new Map<string, Members>();
  const problems: Problem[] = [];
  for (const [section, members] of sections) {
    const named = readNamed(members, 'names and documents');
    if (kindOf(section) === undefined) {
      problems.push({ at: pointer(section), msg: `unknown section: there are ${Object.keys(SECTIONS).join(', ')}` });
    } else if (named instanceof WrongShape) {
      problems.push({ at: pointer(section), msg: `must be an object, not ${nameOf(members)}` });
    } else read.set(section, named);
  }
  return problems.length > 0 ? new WrongShape(problems) : read;
}

/** Names come from the request: only own members count. */
function kindOf(section: string): (typeof SECTIONS)[string] | undefined {
  return Object.hasOwn(SECTIONS, section) ? SECTIONS[section] : undefined;
}

function mutate(
  kind: (typeof SECTIONS)[string] | undefined,
  section: string,
  name: string,
  value: unknown,
  has: (name: string) => boolean,
): readonly Mutation[] {
  if (kind === undefined) return [];
  const place = { in: pointer(section), name };
  if (value === null) {
    // A domain is removed by any spelling of its name; of the others, what is not there is nothing to remove.
    return kind === 'domain' || has(name) ? [{ kind: `delete-${kind}`, ...place }] : [];
  }
  if (kind === 'upstream') return [{ kind: 'put-upstream', servers: value, ...place }];
  return [{ kind: `put-${kind}`, document: value, ...place }];
}

function documentsOf(
  control: Control,
  changes: ChangeControl,
): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return {
    domains: control.domains(),
    graphs: control.graphs(),
    upstreams: changes.serverTexts(),
    options: control.options(),
    tls: control.tls(),
  };
}
