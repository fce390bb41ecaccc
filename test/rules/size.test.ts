import { size } from '../../rules/size.ts';
import { matcherSuite } from './matcher.ts';

const length = (value: string) => ({ fields: { 'content-length': value } });

matcherSuite(
  size,
  [
    [{ max: 10 }, length('10'), true],
    [{ max: 10 }, length('11'), false],
    [{ min: 10 }, length('10'), true],
    [{ min: 10 }, length('9'), false],
    [{ min: 1, max: 10 }, {}, false],
    [{ max: 10 }, {}, true],
    [{ max: 10 }, { fields: { 'transfer-encoding': 'chunked' } }, false],
    [{ min: 1 }, { fields: { 'transfer-encoding': 'chunked' } }, false],
  ],
  [
    [{}, '', /needs min or max/],
    [{ min: 2, max: 1 }, '/min', /above max/],
    [{ min: -1 }, '/min', />= 0/],
    [{ max: 1.5 }, '/max', /integer/],
  ],
);
