#!/usr/bin/env node
// Only this file is read by a runtime that is too old, so it uses nothing an old one does not know.
import process from 'node:process';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 26 || (major === 26 && minor >= 4)) {
  // Only who is the child of another process may be a primary, whose worker is to come up while its options are read.
  const early = process.send === undefined ? null : await (await import('./early.ts')).beginEarly();
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2), early);
} else {
  process.stderr.write(`elb: needs Node 26.4 or newer, this is ${process.versions.node}\n`);
  process.exitCode = 1;
}
