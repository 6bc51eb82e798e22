/** The shape of the house, checked: who imports whom, what the pure rooms may touch, how files are called. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectPath } from './small-board.ts';

/**
 * The rooms from the ground up. An import may point to the same room or to one that stands above it in
 * this table (lower in the house), never to one below. `pure` rooms do no input or output and see no
 * clock, no chance and no environment.
 */
const ROOMS = [
  { room: 'units', pure: true },
  { room: 'records', pure: true },
  { room: 'diagnostic', pure: true },
  { room: 'printk', pure: true },
  { room: 'escape-text', pure: true },
  { room: 'cut-text', pure: true },
  { room: 'shell-word', pure: true },
  { room: 'uapi', pure: true },
  { room: 'profile', pure: true },
  { room: 'devicetree', pure: true },
  { room: 'board', pure: true },
  { room: 'mm', pure: true },
  { room: 'dma-buf', pure: true },
  { room: 'kernel', pure: true },
  { room: 'program', pure: true },
  { room: 'reconstruct', pure: true },
  { room: 'check', pure: true },
  { room: 'report', pure: true },
  // The doors of the library: they hand out what the rooms hold and own nothing.
  { room: 'index', pure: true },
  { room: 'session', pure: false },
  { room: 'scenario', pure: false },
  { room: 'exec', pure: false },
  { room: 'cli', pure: false },
  // Run in browsers: what pages share, the page of a report, the playground.
  { room: 'page', pure: false },
  { room: 'report-page', pure: false },
  { room: 'playground', pure: false },
] as const;

const FORBIDDEN_NAMES = /^(utils?|helpers?|commons?|managers?|types?)(\.|-|$)|-(utils?|helpers?|manager)\./;
const IMPURE = /\b(?:process\.|console\.|Date\b|Math\.random|performance\.|setTimeout|setInterval|fetch\()/;

/** A version or an architecture as a value, or the question which one it is. */
const VERSION_OR_ARCH = new RegExp(
  [
    // As a text of its own, as a key, in a regular expression; the file that has one.
    /(['"`])v?(?:[4-9]\.\d{1,2}(?:\.\d+)?|arm64|aarch64|arm|x86_64|riscv64)\1/,
    /\b(?:arm64|aarch64|x86_64|riscv64)\??:/,
    /[!=(:,]\s*\/(?:[^/\n\\]|\\.)*\b(?:arm64|aarch64|x86_64|riscv64|[4-9]\\?\.\d)/,
    /profile\/(?:arm|riscv|x86|linux-\d)/,
    // By its name, or by a part of a release.
    /\b(?:linux|arch|version)\??\.name\b/,
    /\{[^{}=]*\bname\b[^{}=]*\}\s*=\s*[\w.]*\b(?:linux|arch)\b/,
    /\b(?:release|version|kernel)\)?\??\.(?:split|match|startsWith|localeCompare)\(/,
    /\b(?:major|minor)\s*(?:[<>]=?|[!=]==)\s*\d/,
  ]
    .map(({ source }) => source)
    .join('|'),
);
/** What a file may say of the machine that it runs on, which is no kernel of ours. */
const OF_THE_HOST = ['exec/host-fit.ts: !/^(x64|arm64'];

const SRC = projectPath('src');

/** The room of a file below src: its folder, or its own name. */
const roomOf = (file: string): string => {
  const first = relative(SRC, file).split('/')[0] ?? '';
  return first.replace(/\.ts$/, '');
};

const rank = (room: string): number => ROOMS.findIndex((entry) => entry.room === room);

interface SourceFile {
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

const sources: readonly SourceFile[] = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => {
    const file = join(entry.parentPath, entry.name);
    return { file, name: relative(SRC, file), text: readFileSync(file, 'utf8') };
  });

/** The modules that a text imports, exports from, or loads later. */
function importsOf(text: string): string[] {
  const code = withoutComments(text);
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)(['"])([^'"]+)\1/g);
  return [...found].map((match) => match[2] ?? '');
}

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:])\/\/.*$/gm, '$1');

/** Complaints about one file's imports. */
function wrongImports({ file, name, text }: SourceFile): string[] {
  const room = roomOf(file);
  const pure = ROOMS.find((entry) => entry.room === room)?.pure ?? false;
  return importsOf(text).flatMap((target) => {
    if (!target.startsWith('.')) {
      return pure && /^node:/.test(target) ? [`${name} imports ${target}: ${room} is pure`] : [];
    }
    const to = roomOf(join(dirname(file), target));
    if (rank(to) < 0) return [`${name} imports ${target}, which is in no room`];
    return rank(to) > rank(room) ? [`${name} imports ${target}: ${to} stands below ${room}`] : [];
  });
}

/** What changes files, or opens them for that; of the names alone, as they are imported. */
const WRITING =
  /^(open|append|chmod|chown|copy|cp|fchmod|fchown|fdatasync|fsync|ftruncate|futimes|lchmod|lchown|link|lutimes|mkdir|mkdtemp|rename|rm|rmdir|symlink|truncate|unlink|utimes|write|createWriteStream|promises)/;
/** One place lets tests fail each call (`onHostCall`). */
const MAY_WRITE: Readonly<Record<string, RegExp>> = {
  'session/host-files.ts': /./,
  // File descriptors 1 and 2.
  'cli/terminal/streams.ts': /^writeSync$/,
  // What a user names as input, opened to be read.
  'cli/read/input-file.ts': /^openSync$/,
};

/** Complaints about functions of node:fs that one file imports. */
function writingImports({ name, text }: SourceFile): string[] {
  const code = withoutComments(text);
  if (
    /import\s+(\*|\w+)[^;]*['"](node:)?fs(\/promises)?['"]|(require|import)\(\s*['"](node:)?fs/.test(code)
  ) {
    return [`${name} imports all of node:fs`];
  }
  const lists = code.matchAll(/import\s+\{([^}]*)\}\s*from\s*(['"])(?:node:)?fs(?:\/promises)?\2/g);
  return [...lists].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((entry) => entry.trim().split(/\s+as\s+/)[0] ?? '')
      .filter((entry) => WRITING.test(entry) && MAY_WRITE[name]?.test(entry) !== true)
      .map((entry) => `${name} imports ${entry}`),
  );
}

/** The circles of imports among files, those of types too: each as its files, sorted. */
function circlesOf(files: readonly SourceFile[]): string[] {
  const targets = new Map(
    files.map(({ file, name, text }) => [
      name,
      importsOf(text).flatMap((to) => (to.startsWith('.') ? [relative(SRC, join(dirname(file), to))] : [])),
    ]),
  );
  const reached = new Map<string, ReadonlySet<string>>();
  for (const name of targets.keys()) {
    const seen = new Set<string>();
    const open = [...(targets.get(name) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...(targets.get(next) ?? []));
    }
    reached.set(name, seen);
  }
  const circles = [...reached].flatMap(([name, seen]) =>
    seen.has(name)
      ? [
          [...seen]
            .filter((other) => reached.get(other)?.has(name))
            .sort()
            .join(' '),
        ]
      : [],
  );
  return [...new Set(circles)].sort();
}

describe('the rooms of src', () => {
  it('finds the source files', () => {
    expect(sources.length).toBeGreaterThan(40);
  });

  it('has every file in a room of the table', () => {
    expect(sources.filter(({ file }) => rank(roomOf(file)) < 0).map(({ name }) => name)).toEqual([]);
  });

  it('lets imports point upwards only, and pure rooms import nothing of Node', () => {
    expect(sources.flatMap(wrongImports)).toEqual([]);
  });

  it('would see a wrong import', () => {
    const source = (name: string, text: string) => ({ file: join(SRC, name), name, text });
    expect(
      wrongImports(source('mm/alloc/cma.ts', "import { boot } from '../../kernel/boot.ts';")),
    ).toHaveLength(1);
    expect(wrongImports(source('units.ts', "import { readFileSync } from 'node:fs';"))).toHaveLength(1);
    expect(wrongImports(source('board/a.ts', "const x = await import('../mm/cma.ts');"))).toHaveLength(1);
    expect(wrongImports(source('kernel/a.ts', "export * from '../mm/cma.ts';"))).toEqual([]);
    expect(wrongImports(source('mm/a.ts', "// import x from '../../kernel/boot.ts';"))).toEqual([]);
  });

  it('has no circle of imports', () => {
    expect(circlesOf(sources)).toEqual([]);
  });

  it('would see a circle', () => {
    const source = (name: string, text: string) => ({ file: join(SRC, name), name, text });
    const files = [
      source('mm/a.ts', "import type { B } from './b.ts';"),
      source('mm/b.ts', "import { c } from '../mm/c.ts';\nimport { d } from './d.ts';"),
      source('mm/c.ts', "export * from './a.ts';"),
      source('mm/d.ts', "import { units } from '../units.ts';"),
    ];
    expect(circlesOf(files)).toEqual(['mm/a.ts mm/b.ts mm/c.ts']);
    expect(circlesOf(files.slice(1))).toEqual([]);
  });

  it('keeps clock, chance, environment and terminal out of the pure rooms', () => {
    const pure = new Set<string>(ROOMS.filter((entry) => entry.pure).map((entry) => entry.room));
    const impure = sources
      .filter(({ file }) => pure.has(roomOf(file)))
      .flatMap(({ name, text }) => {
        const found = IMPURE.exec(withoutComments(text).replace(/'(?:[^'\\\n]|\\.)*'/g, "''"));
        return found ? [`${name}: ${found[0]}`] : [];
      });
    expect(impure).toEqual([]);
  });

  it('writes files in one place', () => {
    expect(sources.flatMap(writingImports)).toEqual([]);
    const source = (name: string, text: string) => ({ file: join(SRC, name), name, text });
    for (const text of [
      "import { readFileSync, writeFileSync } from 'node:fs';",
      "import { openSync as open } from 'node:fs';",
      "import { rm } from 'node:fs/promises';",
      "import * as fs from 'node:fs';",
      "const { rmSync } = require('fs');",
    ]) {
      expect(writingImports(source('cli/a.ts', text)), text).toHaveLength(1);
    }
    expect(writingImports(source('cli/a.ts', "import { type Stats, statSync } from 'node:fs';"))).toEqual([]);
    const inputs = sources.find(({ name }) => name === 'cli/read/input-file.ts')?.text;
    expect(inputs).not.toMatch(/O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)|openSync\([^)]*'[^r]/);
  });

  it("loads Node's slow modules where they are used: 3 to 10 ms each, of every command", () => {
    const slow = /^import (?!type ).*from 'node:(crypto|v8|stream|worker_threads|child_process|readline)'/m;
    expect(slow.test("import { randomBytes } from 'node:crypto';")).toBe(true);
    const found = sources
      // Has bundles of its own, which only exec loads.
      .filter(({ file, text }) => roomOf(file) !== 'exec' && slow.test(text))
      .map(({ name }) => name);
    // A bundle of its own.
    expect(found).toEqual(['scenario/export/bundle-read.ts']);
  });

  it('leaves versions and architectures to the profile: nobody else names one', () => {
    expect(VERSION_OR_ARCH.exec("if (profile.linux.name === '6.12') x")).not.toBeNull();
    expect(VERSION_OR_ARCH.exec("arch: 'arm64'")).not.toBeNull();
    expect(VERSION_OR_ARCH.exec('arch.name !== wanted')).not.toBeNull();
    for (const text of [
      "{ arm64: 'cortex' }",
      'if (/^(aarch64|x86_64)$/.test(x)) y',
      'const NEW = /^6\\.1[28]/;',
      "release.startsWith('v6')",
      'if (major >= 7) x',
      'const { name } = kernel.profile.linux;',
    ]) {
      expect(VERSION_OR_ARCH.exec(text), text).not.toBeNull();
    }
    expect(VERSION_OR_ARCH.exec("'none with --arch x86_64 --memory'")).toBeNull();
    const found = sources
      .filter(({ file }) => roomOf(file) !== 'profile')
      .flatMap(({ name, text }) => {
        const match = VERSION_OR_ARCH.exec(withoutComments(text));
        return match ? [`${name}: ${match[0]}`] : [];
      });
    expect(found).toEqual(OF_THE_HOST);
  });

  it('names files after a concept', () => {
    expect(FORBIDDEN_NAMES.test('utils.ts')).toBe(true);
    const names = sources.map(({ name }) => name.split('/'));
    expect(names.filter((parts) => parts.some((part) => FORBIDDEN_NAMES.test(part)))).toEqual([]);
  });

  it('keeps every file below 500 lines', () => {
    const long = sources.map(({ name, text }) => ({ name, lines: text.split('\n').length - 1 }));
    expect(long.filter(({ lines }) => lines > 500)).toEqual([]);
  });
});
