import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { Containment } from '../../lib/core/containment.ts';

describe('containment of errors that nobody caught', () => {
  let now: number;
  let lines: string[];
  let givenUp: number;
  let containment: Containment;

  beforeEach(() => {
    now = 0;
    lines = [];
    givenUp = 0;
    const tell = (fields: object, text: string): void =>
      void lines.push(`${text}${'err' in fields ? ` ${String(fields.err)}` : ''}`);
    containment = new Containment({
      log: { error: tell, fatal: tell } as ConstructorParameters<typeof Containment>[0]['log'], // called with fields and text only
      giveUp: () => givenUp++,
      clock: () => now,
    });
  });

  it('logs each and goes on while they are rare', () => {
    for (let i = 0; i < 100; i++) {
      now += 7000;
      containment.caught(new Error(`number ${i}`));
    }
    expect(givenUp).to.equal(0);
    expect(lines).to.have.length(100);
    expect(lines[7]).to.equal('an error was not handled Error: number 7');
  });

  it('gives up, once, when one follows the other', () => {
    for (let i = 0; i < 30; i++) {
      now += 100;
      containment.caught('not even an error');
    }
    expect(givenUp).to.equal(1);
    expect(lines.filter((line) => line.startsWith('too many errors'))).to.have.length(1);
    expect(lines[0]).to.equal('an error was not handled Error: not even an error');
  });

  it('hears exceptions and rejections of its process', () => {
    const target = new EventEmitter();
    containment.watch(target);
    target.emit('uncaughtException', new Error('thrown'));
    target.emit('unhandledRejection', new Error('rejected'));
    expect(lines).to.deep.equal(['an error was not handled Error: thrown', 'an error was not handled Error: rejected']);
  });
});
