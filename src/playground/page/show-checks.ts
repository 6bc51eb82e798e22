/** What the checks say, and what was assumed. */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';
import { type Child, html, preformatted, redraw } from '../../page/element.ts';
import type { Finding } from '../../reconstruct/index.ts';
import type { CheckNote } from '../checked-board.ts';
import type { CheckAnswer } from './check-worker.ts';

/** Nodes that a note names. */
const MOST_PATHS = 8;

function noteOf({ check, severity, message, paths, line, hint, log, repair }: CheckNote): HTMLElement {
  const named = paths.slice(0, MOST_PATHS).join(', ');
  const rest = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : '';
  const where = [line === undefined ? '' : `line ${line}`, `${named}${rest}`].filter((part) => part !== '');
  return html(
    'li',
    { class: severity },
    html('p', {}, html('span', { class: 'tag' }, severity), ` ${message} `, html('code', {}, check)),
    ...(where.length === 0 ? [] : [html('p', { class: 'note' }, where.join(': '))]),
    ...log.map((one) => html('p', { class: 'note' }, 'Linux prints: ', html('code', {}, one))),
    ...(hint === undefined ? [] : [html('p', { class: 'advice' }, `To do: ${hint}.`)]),
    ...(repair === undefined ? [] : repairOf(repair)),
  );
}

const repairOf = ({ say, source }: NonNullable<CheckNote['repair']>): readonly HTMLElement[] => [
  html('p', { class: 'advice' }, `Tried, and it boots without this: ${say}.`),
  ...(source.length === 0 ? [] : [preformatted(source)]),
];

export function showChecks(part: HTMLElement, answer: CheckAnswer | undefined): void {
  if (answer === undefined) {
    redraw(part, html('p', {}, 'The checks are running.'));
    return;
  }
  if ('failed' in answer) {
    redraw(part, html('p', {}, `The checks did not run: ${answer.failed}`));
    return;
  }
  if (answer.notes.length === 0) {
    redraw(part, html('p', {}, 'The checks found nothing.'));
    return;
  }
  redraw(part, html('ul', { class: 'findings' }, ...answer.notes.map(noteOf)));
}

const place = ({ file, line, column }: SourcePosition): string =>
  [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':');

/** Diagnostics as a list: errors of an input, or warnings of its boot. */
export function diagnosticsList(diagnostics: readonly Diagnostic[]): HTMLElement {
  return html(
    'ul',
    { class: 'findings' },
    ...diagnostics.map(({ severity, message, code, position, hint, excerpt, assumes }) =>
      html(
        'li',
        { class: severity },
        html(
          'p',
          {},
          html('span', { class: 'tag' }, assumes === undefined ? severity : 'assumed'),
          ` ${position === undefined ? '' : `${place(position)}: `}${message} `,
          html('code', {}, code),
        ),
        ...(excerpt === undefined ? [] : [preformatted([excerpt])]),
        ...(hint === undefined ? [] : [html('p', { class: 'advice' }, `To do: ${hint}.`)]),
      ),
    ),
  );
}

/** What was assumed of a log, what does not fit together, and what it does not tell. */
export function findingsList(findings: readonly Finding[]): HTMLElement {
  return html(
    'ul',
    { class: 'findings' },
    ...findings.map(({ kind, code, message, taken, at }) => {
      const parts: readonly Child[] = [
        html('span', { class: 'tag' }, kind),
        ` ${at === undefined ? '' : `line ${at.line}: `}${message}${taken === undefined ? '' : `; taken: ${taken}`} `,
        html('code', {}, code),
      ];
      return html('li', { class: kind === 'missing' ? 'note' : 'warning' }, html('p', {}, ...parts));
    }),
  );
}
