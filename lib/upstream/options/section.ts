import type { JsonSchema } from '../../core/schema.ts';

/**
 * One section of an upstream's options: one file in this folder, listed in `index.ts`.
 *
 * `schema` is that of an object, closed by `additionalProperties: false`, with a `description` and a `default` for each
 * property; documents and defaults of the documentation are made from it. `read` gets a document that the schema accepts, its
 * defaults filled in, and makes of it what the data plane uses: times in milliseconds, names in camel case, patterns compiled.
 * What no schema can say it reports by `problem`, `at` being a JSON pointer below the section.
 */
export interface OptionSection<Options> {
  readonly summary: string;
  readonly schema: JsonSchema & { readonly properties: Readonly<Record<string, OptionSchema>> };
  read(document: never, problem: ReportProblem): Options;
}

export interface OptionSchema extends JsonSchema {
  readonly description: string;
}

export type ReportProblem = (at: string, msg: string) => void;

/** Declares a section; `Document` is the shape that its schema demands, with its defaults filled in. */
export function defineSection<Document, Options>(section: {
  readonly summary: string;
  readonly properties: Readonly<Record<string, OptionSchema>>;
  /** Further keywords of the schema. */
  readonly keywords?: JsonSchema;
  read(document: Document, problem: ReportProblem): Options;
}): OptionSection<Options> {
  const { summary, properties, keywords, read } = section;
  return {
    summary,
    schema: { type: 'object', description: summary, properties, additionalProperties: false, default: {}, ...keywords },
    read,
  };
}
