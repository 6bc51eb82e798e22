/** What the checks say, and what was assumed. */
import type { Diagnostic, SourcePosition } from '../../diagnostic.ts';
import type { Finding } from '../../reconstruct/index.ts';
import type { CheckNote } from '../checked-board.ts';
import type { CheckAnswer } from './check-worker.ts';
import { type Child, element, preformatted, redraw } from './element.ts';

/** Nodes that a note names. */
const MOST_PATHS = 8;

function noteOf({ check, severity, message, paths, line, hint, log, repair }: CheckNote): HTMLElement {
  const named = paths.slice(0, MOST_PATHS).join(', ');
  const rest = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : '';
  const where = [line === undefined ? '' : `line ${line}`, `${named}${rest}`].filter((part) => part !== '');
  return element(
    'li',
    { class: severity },
    element('p', {}, element('span', { class: 'tag' }, severity), ` ${message} `, element('code', {}, check)),
    ...(where.length === 0 ? [] : [element('p', { class: 'note' }, where.join(': '))]),
    ...log.map((one) => element('p', { class: 'note' }, 'Linux prints: ', element('code', {}, one))),
    ...(hint === undefined ? [] : [element('p', { class: 'advice' }, `To do: ${hint}.`)]),
    ...(repair === undefined ? [] : repairOf(repair)),
  );
}

const repairOf = ({ say, source }: NonNullable<CheckNote['repair']>): readonly HTMLElement[] => [
  element('p', { class: 'advice' }, `Tried, and it boots without this: ${say}.`),
  ...(source.length === 0 ? [] : [preformatted(source)]),
];

export function showChecks(part: HTMLElement, answer: CheckAnswer | undefined): void {
  if (answer === undefined) {
    redraw(part, element('p', {}, 'The checks are running.'));
    return;
  }
  if ('failed' in answer) {
    redraw(part, element('p', {}, `The checks did not run: ${answer.failed}`));
    return;
  }
  if (answer.notes.length === 0) {
    redraw(part, element('p', {}, 'The checks found nothing.'));
    return;
  }
  redraw(part, element('ul', { class: 'findings' }, ...answer.notes.map(noteOf)));
}

const place = ({ file, line, column }: SourcePosition): string =>
  [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':');

/** Diagnostics as a list: errors of an input, or warnings of its boot. */
export function diagnosticsList(diagnostics: readonly Diagnostic[]): HTMLElement {
  return element(
    'ul',
    { class: 'findings' },
    ...diagnostics.map(({ severity, message, code, position, hint, excerpt, assumes }) =>
      element(
        'li',
        { class: severity },
        element(
          'p',
          {},
          element('span', { class: 'tag' }, assumes === undefined ? severity : 'assumed'),
          ` ${position === undefined ? '' : `${place(position)}: `}${message} `,
          element('code', {}, code),
        ),
        ...(excerpt === undefined ? [] : [preformatted([excerpt])]),
        ...(hint === undefined ? [] : [element('p', { class: 'advice' }, `To do: ${hint}.`)]),
      ),
    ),
  );
}

/** What was assumed of a log, what does not fit together, and what it does not tell. */
export function findingsList(findings: readonly Finding[]): HTMLElement {
  return element(
    'ul',
    { class: 'findings' },
    ...findings.map(({ kind, code, message, taken, at }) => {
      const parts: readonly Child[] = [
        element('span', { class: 'tag' }, kind),
        ` ${at === undefined ? '' : `line ${at.line}: `}${message}${taken === undefined ? '' : `; taken: ${taken}`} `,
        element('code', {}, code),
      ];
      return element('li', { class: kind === 'missing' ? 'note' : 'warning' }, element('p', {}, ...parts));
    }),
  );
}
