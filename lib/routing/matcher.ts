import { defineRule, type Rule, type Test, type TestContext } from './rule.ts';

/** A question with two answers, as it is declared: a rule that goes to `succ` or `fail`, and a part of `all`, `any` and `not`. */
export interface Matcher<Args> {
  readonly type: string;
  readonly summary: string;
  /** Schema of the args, as in `Rule`. */
  readonly args: Readonly<Record<string, unknown>>;
  test(args: Args, context: TestContext): Test;
}

/** Declares a two-way rule by its question: one file in `rules/` each. */
export function defineMatcher<Args>({ type, summary, args, test }: Matcher<Args>): Rule {
  return defineRule<Args>({
    type,
    summary,
    args,
    edges: ['succ', 'fail'],
    compile(own, context) {
      const succ = context.edge('succ');
      const fail = context.edge('fail');
      const fits = test(own, context);
      return (request) => (fits(request) ? succ : fail);
    },
    test,
  });
}
