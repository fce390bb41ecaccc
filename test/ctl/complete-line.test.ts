import { expect } from 'chai';
import { commands } from '../../ctl/commands/index.ts';
import { completeLine } from '../../ctl/complete-line.ts';

const THERE: Readonly<Record<string, readonly string[]>> = {
  domain: ['a.test', 'b.test', '*.c.test'],
  graph: ['gate'],
  upstream: ['web', 'api'],
  option: ['web'],
  cert: ['shop'],
  server: ['10.0.0.1:80', '10.0.0.2:80'],
  transaction: ['t1', 't2'],
};

const rows: readonly (readonly [line: string, completions: readonly string[] | 'file'])[] = [
  ['elbctl hi', ['history']],
  ['elbctl get ', ['domain', 'graph', 'upstream', 'option', 'tls', 'cert']],
  ['elbctl get u', ['upstream']],
  ['elbctl get upstream ', ['web', 'api']],
  ['elbctl get upstreams w', ['web']],
  ['elbctl get cert ', ['shop']],
  ['elbctl delete graphs ', ['gate']],
  ['elbctl get domain a.test ', ['b.test', '*.c.test']],
  ['elbctl get domain "a', ['a.test']],
  ['elbctl --url http://x get domain b', ['b.test']],
  ['elbctl get -o ', ['table', 'json', 'yaml']],
  ['elbctl get --output=y', ['--output=yaml']],
  ['elbctl get domain --output json a', ['a.test']],
  ['elbctl drain 10.0.0.2', ['10.0.0.2:80']],
  ['elbctl drain 10.0.0.1:80 --upstream ', ['web', 'api']],
  ['elbctl rollback --to ', ['t1', 't2']],
  ['elbctl apply -f ', 'file'],
  ['elbctl apply --file=', 'file'],
  ['elbctl import ', 'file'],
  ['elbctl apply --dr', ['--dry-run']],
  ['elbctl apply --dry-run --dr', []],
  ['elbctl apply -f x --fi', ['--file']],
  ['elbctl completion ', ['bash', 'zsh', 'fish']],
  ['elbctl __', []],
  ['elbctl status ', []],
];

describe('completion', () => {
  for (const [line, completions] of rows) {
    it(`${line}| ${completions === 'file' ? 'a file' : completions.join(' ')}`, async () => {
      const found = await completeLine(line, commands, async (what) => THERE[what] ?? []);
      expect(found === 'file' ? found : found.map(({ value }) => value)).to.deep.equal(completions);
    });
  }
});
