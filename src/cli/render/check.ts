/** What checks have found, for people and as JSON. */
import type { CheckAbout, Finding, Severity, TriedRepair } from '../../check/finding.ts';
import { type FindingGroup, groupFindings } from '../../check/group-findings.ts';
import type { SourcePosition } from '../../diagnostic.ts';
import { escapeText } from '../../escape-text.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';
import { PAGE, type Page } from '../terminal/list-table.ts';
import { renderTable } from '../terminal/table.ts';
import { bootDifferenceJson, bootLine } from './boot-difference.ts';

/** A board that was checked. */
export interface CheckedBoard {
  /** What messages call it. */
  readonly name: string;
  readonly findings: readonly Finding[];
  /** Which Linux booted it; absent where none did. */
  readonly profile?: string;
}

/** Nodes that a group names. */
const SHOWN = 8;

const place = ({ file, line, column }: SourcePosition): string =>
  [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':');

/** The includes that led to a place, and the macro that it stands in. */
function trail(position: SourcePosition): readonly string[] {
  const lines: string[] = [];
  if (position.macro !== undefined) {
    lines.push(`from macro ${position.macro.name}, defined at ${place(position.macro.definedAt)}`);
  }
  let at = position.includedFrom;
  for (let i = 0; at !== undefined && i < SHOWN; i++, at = at.includedFrom) {
    lines.push(`included from ${place(at)}`);
  }
  return lines;
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

export const severityCounts = (findings: readonly Finding[]): Readonly<Record<Severity, number>> => {
  const of = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return { error: of('error'), warning: of('warning'), note: of('note') };
};

const countsText = (findings: readonly Finding[]): string => {
  const counts = severityCounts(findings);
  const told = (['error', 'warning', 'note'] as const).filter((severity) => counts[severity] > 0);
  return told.map((severity) => count(counts[severity], severity)).join(', ') || 'nothing found';
};

function repairLines({ say, source, changes }: TriedRepair, ink: Ink): readonly string[] {
  return [
    `tried, and it boots without this: ${escapeText(say)}`,
    ...source.map((line) => `    ${escapeText(line.replaceAll('\t', '    '))}`),
    ...changes.map((change) => ink.dim(`  it changes ${escapeText(bootLine(change))}`)),
  ];
}

function groupText({ first, all }: FindingGroup, board: string, ink: Ink): string {
  const { check, severity, message, position, path, hint, log, repair } = first;
  const paint = severity === 'error' ? ink.bad : severity === 'warning' ? ink.warn : ink.dim;
  const where = position === undefined ? board : place(position);
  const paths = all.flatMap((finding) => finding.path ?? []);
  const node = path === undefined || all.length > 1 ? '' : `${escapeText(path)}: `;
  const rest = paths.length > SHOWN ? ` and ${paths.length - SHOWN} more` : '';
  const lines = [
    ...(all.length > 1 && paths.length > 0 ? [`${escapeText(paths.slice(0, SHOWN).join(', '))}${rest}`] : []),
    ...(position === undefined ? [] : trail(position).map(escapeText)),
    ...log.map((line) => `Linux prints: ${escapeText(line)}`),
    ...(hint === undefined ? [] : [ink.dim(escapeText(hint))]),
    ...(repair === undefined ? [] : repairLines(repair, ink)),
  ];
  const times = all.length > 1 ? ` (${all.length} times)` : '';
  const head = `${escapeText(where)}: ${paint(`${severity}:`)} ${node}${escapeText(message)} [${check}]${times}`;
  return [head, ...lines.map((line) => `  ${line}`)].map((line) => `${line}\n`).join('');
}

/** One finding below a heading that names its node. @param isSaid the message stands there already */
export function findingLines(finding: Finding, isSaid: boolean, ink: Ink): readonly string[] {
  const { check, severity, message, log, hint, repair } = finding;
  return [
    ...(isSaid ? [] : [`${severity}: ${escapeText(message)} [${check}]`]),
    ...log.map((line) => `Linux prints: ${escapeText(line)}`),
    ...(hint === undefined || isSaid ? [] : [ink.dim(escapeText(hint))]),
    ...(repair === undefined ? [] : repairLines(repair, ink)),
  ];
}

function boardText({ name, findings }: CheckedBoard, ink: Ink): string {
  const groups = groupFindings(findings).map((group) => groupText(group, name, ink));
  return `${groups.join('')}${escapeText(name)}: ${countsText(findings)}\n`;
}

/** How often each check spoke, over all boards. */
function totals(boards: readonly CheckedBoard[], ink: Ink): string {
  const counts = new Map<string, { severity: string; findings: number; boards: Set<string> }>();
  for (const { name, findings } of boards) {
    for (const { check, severity } of findings) {
      const known = counts.get(check) ?? { severity, findings: 0, boards: new Set() };
      known.findings++;
      known.boards.add(name);
      counts.set(check, known);
    }
  }
  const rows = [...counts]
    .sort(([, a], [, b]) => b.findings - a.findings)
    .map(([check, of]) => [check, of.severity, String(of.findings), String(of.boards.size)]);
  if (rows.length === 0) return '';
  const columns = [
    { title: 'CHECK' },
    { title: 'SEVERITY' },
    { title: 'FINDINGS', right: true },
    { title: 'BOARDS', right: true },
  ];
  return `\n${renderTable(columns, rows, ink.title)}`;
}

export function checkText(boards: readonly CheckedBoard[], ink: Ink = NO_INK): string {
  const [only] = boards;
  const profile = boards.find((board) => board.profile !== undefined)?.profile;
  const head = profile === undefined ? '' : `${profile}\n\n`;
  if (only !== undefined && boards.length === 1) return head + boardText(only, ink);
  const told = boards.filter(({ findings }) => findings.length > 0);
  const clean = boards.length - told.length;
  const all = boards.flatMap(({ findings }) => findings);
  const summary = `${count(boards.length, 'board')}: ${countsText(all)}; ${clean} without findings\n`;
  return `${head}${told.map((board) => boardText(board, ink)).join('\n')}\n${summary}${totals(boards, ink)}`;
}

const repairJson = (repair: TriedRepair | undefined) =>
  repair === undefined
    ? null
    : {
        say: repair.say,
        source: repair.source.length === 0 ? null : `${repair.source.join('\n')}\n`,
        cmdline: repair.cmdline ?? null,
        config: repair.config ?? null,
        changes: repair.changes.map(bootDifferenceJson),
      };

export const findingJson = (finding: Finding) => ({
  check: finding.check,
  severity: finding.severity,
  message: finding.message,
  path: finding.path ?? null,
  position: finding.position ?? null,
  hint: finding.hint ?? null,
  log: finding.log,
  repair: repairJson(finding.repair),
});

/** dmaheap.check/1 */
export const checkJson = (boards: readonly CheckedBoard[], profile: string) => ({
  schema: 'dmaheap.check/1',
  profile,
  boards: boards.map(({ name, profile: booted, findings }) => ({
    board: name,
    boots: booted !== undefined,
    ...severityCounts(findings),
    findings: findings.map(findingJson),
  })),
});

export function checksText(checks: readonly CheckAbout[], ink: Ink = NO_INK, { width }: Page = PAGE): string {
  const rows = checks.map(({ name, severity, by, about }) => [name, severity, by, about]);
  return renderTable(
    [{ title: 'CHECK' }, { title: 'SEVERITY' }, { title: 'BY' }, { title: 'FINDS', wraps: true }],
    rows,
    ink.title,
    width,
  );
}

/** dmaheap.checks/1 */
export const checksJson = (checks: readonly CheckAbout[]) => ({
  schema: 'dmaheap.checks/1',
  checks: checks.map(({ name, severity, by, about }) => ({ check: name, severity, by, about })),
});
