import { fillDefaults } from '../../core/defaults.ts';
import type { Problem } from '../../core/problem.ts';
import { Schema } from '../../core/schema.ts';
import type { JsonSchema } from '../../core/schema.ts';
import { balance } from './balance.ts';
import { breaker } from './breaker.ts';
import { cache } from './cache.ts';
import { compression } from './compression.ts';
import { concurrency } from './concurrency.ts';
import { connections } from './connections.ts';
import { health } from './health.ts';
import { host } from './host.ts';
import { http } from './http.ts';
import { outlier } from './outlier.ts';
import { queue } from './queue.ts';
import { retry } from './retry.ts';
import { timeouts } from './timeouts.ts';
import { tls } from './tls.ts';
import type { OptionSection } from './section.ts';
import { sticky } from './sticky.ts';
import { isTooLong } from './time.ts';

/** The sections of an upstream's options. */
export const sections = {
  balance,
  sticky,
  health,
  outlier,
  breaker,
  concurrency,
  queue,
  retry,
  timeouts,
  connections,
  http,
  tls,
  host,
  compression,
  cache,
};

/** An upstream's options, complete: what its document leaves out is at its default. Read-only, and shared where equal. */
export type UpstreamOptions = { readonly [Name in keyof typeof sections]: OptionsOf<(typeof sections)[Name]> };

type OptionsOf<Section> = Section extends OptionSection<infer Options> ? Options : never;

/** JSON schema of the document of an upstream's options. */
export const optionsSchema: JsonSchema = {
  type: 'object',
  properties: Object.fromEntries(Object.entries(sections).map(([name, { schema }]) => [name, schema])),
  additionalProperties: false,
};

export interface ReadOptions {
  readonly options: UpstreamOptions;
  /** Everything that is wrong; the options are of no use then. */
  readonly problems: readonly Problem[];
}

/** Reads the document of an upstream's options, parsed JSON, which stays as it is. */
export function readOptions(document: unknown): ReadOptions {
  const complete = structuredClone(document);
  const problems = [...schema.complete(complete)];
  if (problems.length > 0) return { options: DEFAULT_OPTIONS, problems };
  problems.push(...longTimes(complete));
  const options = optionsOf(complete, problems);
  return { options, problems };
}

/** `complete`: a document that the schema accepts, with every section set. */
function longTimes(complete: unknown): Problem[] {
  const values = complete as Readonly<Record<string, Readonly<Record<string, unknown>>>>; // see above
  return Object.entries(sections).flatMap(([name, section]) =>
    Object.entries(section.schema.properties)
      .filter(([key, property]) => isTooLong(property, values[name]?.[key]))
      .map(([key]) => ({ at: `/${name}/${key}`, msg: 'is longer than 24 days' })),
  );
}

/** The options of a document that has passed `readOptions`, without checking it again. */
export function openOptions(document: unknown): UpstreamOptions {
  const complete = structuredClone(document);
  fillDefaults(optionsSchema, complete);
  return optionsOf(complete, []);
}

/** `complete`: a document that the schema accepts, with every section set. */
function optionsOf(complete: unknown, problems: Problem[]): UpstreamOptions {
  const found = Object.entries(sections).map(([name, section]) => {
    const report = (at: string, msg: string) => void problems.push({ at: `/${name}${at}`, msg });
    return [name, section.read((complete as Readonly<Record<string, never>>)[name] as never, report)];
  });
  return Object.freeze(Object.fromEntries(found)) as UpstreamOptions;
}

const schema = new Schema(optionsSchema);

/** Those of an upstream without a document. */
export const DEFAULT_OPTIONS: UpstreamOptions = openOptions({});
