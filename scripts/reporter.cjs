/**
 * Mocha reporter whose last line counts the tests: `12 passed, 0 failed`, with `, 3 skipped` where some were. Before it come
 * mocha's own dots, or its list of titles where CI is set.
 *
 * CommonJS because mocha takes a reporter as the module's own value, and the project has no default exports.
 */
const mocha = require('mocha');

const { Dot, Spec } = mocha.reporters;
const Shown = process.env.CI ? Spec : Dot;

/** How long what failed tests left open may keep the process, in milliseconds; after a run without failures it may for ever, and is a defect. */
const LEFT_OPEN_MS = 10_000;

module.exports = class Summary extends Shown {
  constructor(runner, options) {
    super(runner, options);
    runner.once(mocha.Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const skipped = pending > 0 ? `, ${pending} skipped` : '';
      process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
      if (failures > 0) setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
    });
  }
};
