/**
 * Makes the programs of the package, `dist/bin`, out of the sources: one file for each, and the parts they share. A program of few files
 * starts in half the time. Beside our own code they hold the packages that every start needs; all others are loaded where they are needed,
 * from `node_modules`, as the package's dependencies. Whose code stands in them is said in `dist/LICENSES.txt`.
 *
 *     node scripts/bundle.ts
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Packages that every process loads at its start. */
const BUNDLED = ['pino', 'sonic-boom'];

const { dependencies, engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  // The shape of our own package.json.
  readonly dependencies: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
};

/** Programs that share parts. Of a worker everything but what few need is in one file, and none of it is compiled by others. */
const PROGRAMS = [['bin/elb.ts', 'bin/elbctl.ts'], ['bin/worker.ts'], ['lib/auth/hash-thread.ts']];

const bundled: Metafile['inputs'] = {};
for (const programs of PROGRAMS) Object.assign(bundled, await bundle(programs));
writeFileSync(join(ROOT, 'dist/LICENSES.txt'), licensesOf(bundled));

/** Answers what has been put into it. */
async function bundle(programs: readonly string[]): Promise<Metafile['inputs']> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    // What is started by the path of its file lies beside whoever starts it.
    entryPoints: programs.map((file) => ({
      in: file,
      out: file.replace(/^.*\//, '').replace(/\.ts$/, ''),
    })),
    outdir: 'dist/bin',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: `node${engines.node.replace(/^>=/, '')}`,
    external: Object.keys(dependencies).filter((name) => !BUNDLED.includes(name)),
    // Packages of the older kind ask for others with `require`, which a module has to make itself.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module';\nconst require = requireOf(import.meta.url);",
    },
    metafile: true,
    logLevel: 'warning',
  });
  return metafile.inputs;
}

/** The licence of each package of which something stands in the bundle. */
function licensesOf(inputs: Metafile['inputs']): string {
  const folders = new Set(
    Object.keys(inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const texts = [...folders].toSorted().map((folder) => {
    const file = readdirSync(join(ROOT, folder)).find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) throw new Error(`${folder} has no licence to be named in what is published`);
    const { name, version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as {
      // The shape of every package.json.
      readonly name: string;
      readonly version: string;
    };
    return `${name} ${version}\n\n${readFileSync(join(ROOT, folder, file), 'utf8').trim()}\n`;
  });
  return `Parts of these packages stand in the programs of this one.\n\n${texts.join('\n----\n\n')}`;
}
