/** Which kernel a boot speaks for: what was named, what it has of the coherent series, and what is said about it. */
import type { Board } from '../../board/board.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import { type CoherentSeries, seriesRules } from '../../profile/coherent-series.ts';
import { kernelRow, NEWEST } from '../../profile/kernels.ts';
import { nameKernel } from '../../profile/named-kernel.ts';
import type { BootParams } from './boot-params.ts';

export interface SpokenFor {
  readonly release: string;
  readonly coherent: CoherentSeries;
  /** Warnings, and errors where there is no such kernel. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads what a board and its boot name. A kernel that was named is that kernel: no series is applied unless asked for. */
export function spokenFor(
  board: Pick<Board, 'kernel' | 'source'>,
  { kernel, coherent: asked, vendor }: Pick<BootParams, 'kernel' | 'coherent' | 'vendor'>,
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
  const text = kernel ?? board.kernel ?? vendor?.kernel;
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
  if (vendor?.kernel !== undefined && kernelRow(release) !== kernelRow(vendor.kernel)) {
    say(
      'warning',
      'vendor-kernel',
      `${vendor.by} declares the heaps of a Linux ${vendor.kernel}: beside those of ${release} they are a mixture that nobody ships`,
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
