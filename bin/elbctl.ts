#!/usr/bin/env node
// Only this file is read by a runtime that is too old, so it uses nothing an old one does not know.
import process from 'node:process';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 26 || (major === 26 && minor >= 4)) {
  const { boundPatterns } = await import('./runtime-flags.ts');
  if (process.argv.some((arg) => /^--etcd(?:=|$)/.test(arg))) boundPatterns();
  const { operate } = await import('./operate.ts');
  process.exitCode = await operate(process.argv.slice(2));
} else {
  process.stderr.write(`elbctl: needs Node 26.4 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 9;
}
