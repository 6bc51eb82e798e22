/** Links between pages lead somewhere: the file is there, and has the heading. Other sites are not asked. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { projectPath } from '../small-board.ts';

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(projectPath('docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** A page without what stands in code. */
const proseOf = (page: string): string =>
  readFileSync(projectPath(page), 'utf8')
    .replaceAll(/^```[\s\S]*?^```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()#]/g, ''));

/** The anchors that readers of Markdown make of headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => {
    const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set(anchors);
}

interface Link {
  readonly page: string;
  readonly target: string;
}

const linksOf = (page: string): readonly Link[] =>
  [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ page, target }));

/** Why a link leads nowhere; `undefined` when it leads somewhere. */
function wrongWith({ page, target }: Link): string | undefined {
  if (/^[a-z]+:/.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : normalize(join(dirname(page), path));
  if (file.startsWith('..')) return `${target} leads out of the project`;
  if (!existsSync(projectPath(file))) return `${file} is not there`;
  if (anchor === undefined) return undefined;
  return anchorsOf(file).has(anchor) ? undefined : `${file} has no heading for #${anchor}`;
}

test.each(PAGES)('the links of %s lead somewhere', (page) => {
  expect(linksOf(page).flatMap((link) => wrongWith(link) ?? [])).toEqual([]);
});

test('a link that leads nowhere is found', () => {
  const page = 'docs/cli.md';
  expect(wrongWith({ page, target: 'nowhere.md' })).toBe('docs/nowhere.md is not there');
  expect(wrongWith({ page, target: '#nowhere' })).toBe('docs/cli.md has no heading for #nowhere');
  expect(wrongWith({ page, target: '../../secrets.md' })).toContain('leads out');
  expect(wrongWith({ page, target: '#ctrl-c' })).toBeUndefined();
});

test('every page is reached from docs/README.md, and that from README.md', () => {
  const reached = linksOf('docs/README.md').map(({ target }) => join('docs', target.split('#')[0] ?? ''));
  const missing = PAGES.filter((page) => !['README.md', 'docs/README.md'].includes(page));
  expect(missing.filter((page) => !reached.includes(page))).toEqual([]);
  expect(linksOf('README.md').map(({ target }) => target)).toContain('docs/README.md');
});
