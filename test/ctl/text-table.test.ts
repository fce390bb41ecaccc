import { expect } from 'chai';
import { printable, printableDocument } from '../../ctl/printable.ts';
import { plain } from '../../ctl/style.ts';
import { textTable } from '../../ctl/text-table.ts';

describe('tables for people', () => {
  const rows = [
    ['a', 1, { text: 'x'.repeat(30), style: 'good' as const }],
    ['bb', 22, 'y'],
  ];

  it('have columns of equal width, and no space at the end of a line', () => {
    expect(textTable(['ONE', 'N', 'TEXT'], rows)).to.equal(`ONE  N   TEXT\na    1   ${'x'.repeat(30)}\nbb   22  y\n`);
    expect(textTable(['ONE'], [])).to.equal('ONE\n');
  });

  it('are cut where the terminal is narrow, the widest column first, and say so', () => {
    const cut = textTable(['ONE', 'N', 'TEXT'], rows, { columns: 20, style: plain });
    expect(cut.split('\n')[1]).to.equal(`a    1   ${'x'.repeat(10)}…`);
    for (const line of cut.split('\n')) expect(line.length).to.be.at.most(20);
  });

  it('leave the last columns out where they may', () => {
    const dropped = textTable(['ONE', 'N', 'TEXT'], rows, { columns: 12, style: plain, drops: true });
    expect(dropped).to.equal('ONE  N\na    1\nbb   22\n');
  });

  it('colour the text and not the space behind it', () => {
    const style = (name: string, text: string): string => `<${name}>${text}</>`;
    expect(textTable(['A', 'B'], [[{ text: 'x', style: 'bad' }, 'y']], { columns: null, style })).to.equal(
      '<head>A</>  <head>B</>\n<bad>x</>  y\n',
    );
  });

  it('print nothing that a terminal would obey', () => {
    const hostile = '\x1b[2J\x07\x9b31m\u202egnp.exe\r\nnext';
    expect(printable(hostile)).to.equal('\\u001b[2J\\u0007\\u009b31m\\u202egnp.exe\\u000d\\u000anext');
    expect(printableDocument('"\x9b"\n')).to.equal('"\\u009b"\n');
    expect(JSON.parse(printableDocument(JSON.stringify(hostile)))).to.equal(hostile);
    expect(textTable(['A'], [[hostile]]).split('\n')).to.have.length(3);
  });
});
