/** Stale reads, lost writes and stray DMA as text: each story once. */

import { escapeText } from '../../escape-text.ts';
import type { Report } from '../../kernel/coherency/hazard-log.ts';
import { explainGroup, groupReports } from '../explain/explain-hazard.ts';
import { type Ink, NO_INK } from '../terminal/ink.ts';

export const renderHazards = (reports: readonly Report[], ink: Ink = NO_INK): string =>
  groupReports(reports)
    .map((group) => {
      const [first = '', ...rest] = explainGroup(group).map(escapeText);
      return [ink.warn(first), ...rest].map((line) => `${line}\n`).join('');
    })
    .join('');
