import { method } from '../../rules/method.ts';
import { matcherSuite } from './matcher.ts';

matcherSuite(
  method,
  [
    [{ exact: 'GET' }, { method: 'GET' }, true],
    [{ exact: 'GET' }, { method: 'get' }, false],
    [{ in: ['GET', 'HEAD'] }, { method: 'HEAD' }, true],
    [{ in: ['GET', 'HEAD'] }, { method: 'POST' }, false],
    [{ pattern: '^P' }, { method: 'PATCH' }, true],
    [{ exact: 'post', ignore_case: true }, { method: 'POST' }, true],
  ],
  [
    [{}, '', /needs exactly one of exact, prefix, suffix, contains, pattern, in, present/],
    [{ exact: 'GET', prefix: 'G' }, '', /not exact and prefix/],
    [{ in: [] }, '/in', /fewer than 1/],
    [{ pattern: '(' }, '/pattern', /Unterminated group/],
    [{ is: 'GET' }, '/is', /not an arg of method/],
  ],
);
