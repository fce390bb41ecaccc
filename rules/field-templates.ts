import { compileTemplate, type Template } from '../lib/routing/template.ts';
import type { CompileContext, RoutedRequest } from '../lib/routing/rule.ts';
import type { Plan } from '../lib/routing/plan.ts';
import type { LateLine } from '../lib/routing/reply-edit.ts';
import { fieldsOf } from './backend-fields.ts';

/** Fields with values that may be templates: name, value, name, value, ... */
export class FieldTemplates {
  /** Null where a value differs from request to request. */
  readonly constant: readonly string[] | null;
  /** Names in the order of the fields, as the document writes them. */
  readonly names: readonly string[];
  /** Whether a value depends on the reply. */
  readonly isLate: boolean;
  /** Whether one depends on the body of the reply. */
  readonly needsBody: boolean;
  readonly #values: readonly Template[];

  /** What cannot be sent safely is told to `problem`, below `at`. `compile`: reads one value. */
  constructor(
    fields: Readonly<Record<string, unknown>>,
    at: string,
    { means, problem }: Pick<CompileContext, 'means' | 'problem'>,
    compile: typeof compileTemplate = compileTemplate,
  ) {
    const checked: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(fields)) checked[name] = withoutDollars(value);
    const list = fieldsOf(checked, { problem: (below, msg) => problem(at + below, msg) });
    const texts = Object.entries(fields).flatMap(([name, value]) =>
      [value]
        .flat()
        .map((item, i) => ({ name, text: String(item), at: `${at}/${name}${Array.isArray(value) ? `/${i}` : ''}` })),
    );
    this.names = texts.map(({ name }) => name);
    this.#values = texts.map((one) => compile(one.text, 'header', means, (msg) => problem(one.at, msg)));
    this.isLate = this.#values.some((value) => value.isLate);
    this.needsBody = this.#values.some((value) => value.needsBody);
    for (const [i, { constant }] of this.#values.entries()) {
      if (constant === null && texts[i]?.name.toLowerCase() === 'host')
        problem(texts[i].at, 'is a template: what Host says decides where a request goes');
    }
    const isConstant = this.#values.every(({ constant }) => constant !== null);
    this.constant = isConstant ? this.#pairs((value) => value.constant ?? '') : null;
    // Where the two differ there are problems.
    if (list.length === 0 && isConstant) this.constant = NONE;
  }

  /** Name, value, name, value, ... for one request. */
  for(request: RoutedRequest, plan: Plan): readonly string[] {
    return this.constant ?? this.#pairs((value) => value.render(request, plan));
  }

  /** The same as whole lines. */
  lines(request: RoutedRequest, plan: Plan): string {
    return linesOf(this.for(request, plan));
  }

  /** The same where values depend on the reply. */
  lateLines(request: RoutedRequest, plan: Plan): readonly LateLine[] {
    return this.#values.map((value, i) => {
      const name = this.names[i] ?? '';
      return { lowerName: name.toLowerCase(), text: [`${name}: `, ...value.begin(request, plan), '\r\n'] };
    });
  }

  #pairs(text: (value: Template) => string): readonly string[] {
    return this.#values.flatMap((value, i) => [this.names[i] ?? '', text(value)]);
  }
}

/** Name, value, name, value, ... as whole field lines. */
export function linesOf(pairs: readonly string[]): string {
  let lines = '';
  for (let i = 0; i + 1 < pairs.length; i += 2) lines += `${pairs[i]}: ${pairs[i + 1]}\r\n`;
  return lines;
}

/** What of a value is no template, so that it can be checked as a field. */
function withoutDollars(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDollars);
  return typeof value === 'string' ? value.replaceAll(/\$\{[^}]*\}/g, 'x') : value;
}

const NONE: readonly string[] = [];
