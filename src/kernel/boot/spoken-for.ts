/** Which kernel a boot speaks for: what was named, what it has of the coherent series, and what is said about it. */
import type { Board } from '../../board/board.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { type CoherentSeries, seriesRules } from '../../profile/coherent-series.ts';
import { isUnverified, kernelRow, NEWEST } from '../../profile/kernels.ts';
import { nameKernel } from '../../profile/named-kernel.ts';
import { DEFAULT_ARCHITECTURE } from '../../profile/profile.ts';
import type { BootParams } from './boot-params.ts';

export interface SpokenFor {
  readonly release: string;
  readonly coherent: CoherentSeries;
  /** Warnings, and errors where there is no such kernel. */
  readonly diagnostics: readonly Diagnostic[];
}

/** What a board says of its kernel. */
type SpokenOf = Pick<Board, 'kernel' | 'arch' | 'source'>;

/** What a boot asks for. */
type Asked = Pick<BootParams, 'kernel' | 'coherent' | 'arch' | 'pageKiB'>;

/** What is worth saying of the kernel that a boot speaks for; its errors end the boot. */
export const kernelWarnings = (board: SpokenOf, params: Asked): readonly Diagnostic[] =>
  spokenFor(board, params).diagnostics.filter(({ severity }) => severity === 'warning');

/** Reads what a board and its boot name. A kernel that was named is that kernel: no series is applied unless asked for. */
export function spokenFor(
  board: SpokenOf,
  { kernel, coherent: asked, arch = board.arch ?? DEFAULT_ARCHITECTURE, pageKiB = 4 }: Asked,
): SpokenFor {
  const diagnostics: Diagnostic[] = [];
  const say = (severity: Diagnostic['severity'], code: string, message: string, hint?: string) =>
    diagnostics.push({
      code,
      severity,
      message,
      position: { file: board.source },
      ...(hint !== undefined && { hint }),
    });
  const text = kernel ?? board.kernel;
  const named = text === undefined ? { release: NEWEST } : nameKernel(text);
  const coherent = asked ?? (text === undefined ? 'v3' : 'off');
  if ('problem' in named) {
    say('error', 'kernel-unknown', named.problem, named.hint);
    return { release: NEWEST, coherent, diagnostics };
  }
  const { release, insteadOf } = named;
  if (insteadOf !== undefined) {
    say('warning', 'kernel-nearest', `there are no facts of Linux ${insteadOf}: ${release} answers instead`);
  }
  if (isUnverified(release)) {
    const source = kernelRow(release)?.source;
    say(
      'warning',
      'kernel-unverified',
      `Linux ${release} is unverified: read from ${source}, never recorded`,
    );
  }
  const recorded = kernelRow(release)?.recorded;
  if (recorded !== undefined && recorded.on[arch]?.includes(pageKiB) !== true) {
    const pages = pageKiB === 4 ? '' : ` with pages of ${pageKiB} KiB`;
    say(
      'warning',
      'arch-unverified',
      `Linux ${release} on ${arch}${pages} is unverified: recorded from ${recorded.from}, on ${Object.keys(recorded.on).join(', ')}`,
    );
  }
  const rules = seriesRules(coherent);
  if (rules !== undefined) {
    const series = kernelRow(release)?.series;
    if (series !== undefined && !rules.recorded) {
      say(
        'warning',
        'series-unverified',
        `the coherent series ${coherent} (${rules.posted}) is unverified: read from ${coherent === 'wip' ? 'what is said of it' : 'the mail'}, never recorded${rules.knownLog ? '' : '. What its driver logs is not known, and left out of the log'}`,
      );
    }
    if (series === 'backport') {
      say(
        'warning',
        'series-backport',
        `the coherent series ${coherent} on Linux ${release} is a backport that nobody has run`,
      );
    } else if (series === undefined) {
      say(
        'error',
        'series-not-there',
        `the coherent series ${coherent} is of a later Linux than ${release}`,
        'leave it out, or name a newer kernel',
      );
    }
  }
  return { release, coherent, diagnostics };
}
