/** The profile that a board and its boot ask for: kernel, architecture, pages and configuration, and what is said of it. */

import type { Board } from '../../board/board.ts';
import { archSource } from '../../board/named-by-file.ts';
import type { Diagnostic } from '../../diagnostic.ts';
import type { CoherentSeries } from '../../profile/coherent-series.ts';
import type { ConfigProblem } from '../../profile/config.ts';
import { type ConfigLayer, type GivenConfig, layersOf } from '../../profile/config-layers.ts';
import { lineOf } from '../../profile/kernels.ts';
import { presetNames, presetOf } from '../../profile/presets.ts';
import {
  architectureNames,
  DEFAULT_ARCHITECTURE,
  type Profile,
  pageSizesOf,
  profileOf,
} from '../../profile/profile.ts';
import { doubtsOf } from '../../profile/unverified.ts';
import type { BootParams } from './boot-params.ts';
import { spokenFor } from './spoken-for.ts';

/** What of a board decides the kernel. */
export type KernelBoard = Pick<Board, 'kernel' | 'source' | 'arch' | 'archBy' | 'preset' | 'config'> &
  Partial<Pick<Board, 'compatible'>>;
/** What of the inputs does. */
export type KernelParams = Pick<
  BootParams,
  'kernel' | 'coherent' | 'arch' | 'pageKiB' | 'preset' | 'configFile' | 'config' | 'vendor'
>;

export interface AskedProfile {
  /** Absent where there is no such kernel; options with errors are left out of it. */
  readonly profile?: Profile;
  /** Errors and warnings. */
  readonly diagnostics: readonly Diagnostic[];
  /** What the configuration is made of, the lowest first. */
  readonly layers: readonly ConfigLayer[];
  readonly release: string;
  readonly coherent: CoherentSeries;
  readonly arch: string;
}

/** What the layers of a configuration are: the board's own counts where nothing whole takes its place. */
function layersFor(board: KernelBoard, params: KernelParams, release: string): ConfigLayer[] {
  const isReplaced = params.preset !== undefined || params.configFile?.whole === true;
  const own: GivenConfig = {
    ...(board.preset !== undefined && { preset: board.preset }),
    ...(board.config !== undefined && { config: board.config }),
  };
  const ofBoard = layersOf(own, release).map((layer) =>
    layer.isKernel === true ? layer : { ...layer, name: 'the board' },
  );
  return [...(isReplaced ? [] : ofBoard), ...layersOf(params, release)];
}

/** The profile, with everything that is wrong with what asks for it, or doubtful about it. */
export function askedProfile(board: KernelBoard, params: KernelParams): AskedProfile {
  const { release, coherent, diagnostics: aboutKernel } = spokenFor(board, params);
  const diagnostics = [...aboutKernel];
  const say = (severity: Diagnostic['severity'], code: string, message: string, hint?: string) =>
    diagnostics.push({
      code,
      severity,
      message,
      position: { file: board.source },
      ...(hint !== undefined && { hint }),
    });
  const arch = checkArchitecture(board, params, (code, message, hint) => say('error', code, message, hint));
  checkGiven(board, params, arch, release, say);
  const layers = layersFor(board, params, release);
  const asked = { layers, release, coherent, arch };
  if (diagnostics.some(({ severity }) => severity === 'error')) return { ...asked, diagnostics };
  const { profile, problems } = profileOf(coherent, {}, params.pageKiB, release, arch, layers);
  for (const problem of problems) say('error', ...configProblem(problem));
  if (problems.length > 0) return { ...asked, profile, diagnostics };
  for (const { about, text } of doubtsOf(profile)) {
    say('warning', about === 'kernel' ? 'kernel-unverified' : 'config-unverified', text);
  }
  return { ...asked, profile, diagnostics };
}

/** What is worth saying of the kernel that a boot speaks for; its errors end the boot. */
export const kernelWarnings = (board: KernelBoard, params: KernelParams): readonly Diagnostic[] =>
  askedProfile(board, params).diagnostics.filter(({ severity }) => severity === 'warning');

type Complain = (code: string, message: string, hint: string) => void;

/** The architecture that was asked for, else that of the board's processors. */
function checkArchitecture(board: KernelBoard, params: KernelParams, error: Complain): string {
  const { arch = board.arch ?? DEFAULT_ARCHITECTURE, pageKiB = 4 } = params;
  if (!architectureNames().includes(arch)) {
    error('arch-unknown', `no architecture ${arch}`, `architectures: ${architectureNames().join(', ')}`);
  } else if (board.arch !== undefined && board.arch !== arch) {
    error(
      'board-architecture',
      `this is a board of ${board.arch}, by ${archSource(board)}, and the kernel asked for is of ${arch}`,
      "leave the architecture out: the kernel is then of the board's",
    );
  } else if (!pageSizesOf(arch).includes(pageKiB)) {
    const sizes = pageSizesOf(arch).join(', ');
    error('arch-pages', `${arch} has no pages of ${pageKiB} KiB`, `page sizes: ${sizes} KiB`);
  }
  return arch;
}

/** Whether presets and files are of the kernel that is spoken for. */
function checkGiven(
  board: KernelBoard,
  params: KernelParams,
  arch: string,
  release: string,
  say: (severity: Diagnostic['severity'], code: string, message: string, hint?: string) => void,
): void {
  const name = params.preset ?? (params.configFile?.whole === true ? undefined : board.preset);
  const preset = name === undefined ? undefined : presetOf(name);
  const { configFile: file } = params;
  if (name !== undefined && preset === undefined) {
    say('error', 'preset-unknown', `no preset ${name}`, `presets: ${presetNames().join(', ')}`);
  } else if (preset !== undefined && preset.arch !== arch) {
    say(
      'error',
      'preset-architecture',
      `the preset ${preset.name} is of ${preset.arch}, and the kernel of ${arch}`,
      'leave it out, or give the .config of your kernel: --config FILE',
    );
  }
  if (file === undefined) return;
  if (file.whole && params.preset !== undefined) {
    say(
      'error',
      'config-preset',
      `${file.name} is a whole configuration: the preset ${params.preset} would be ignored`,
      'leave one of them out',
    );
  }
  if (file.arch !== undefined && file.arch !== arch) {
    say(
      'error',
      'config-architecture',
      `${file.name} is the configuration of a kernel of ${file.arch}, and the kernel spoken for is of ${arch}`,
      'give the configuration of the kernel that this board runs',
    );
  }
  if (file.release !== undefined && lineOf(file.release) !== lineOf(release)) {
    say(
      'warning',
      'config-release',
      `${file.name} is the configuration of Linux ${file.release}, and the kernel spoken for is ${release}`,
      `--kernel nearest:${lineOf(file.release)} takes its own, or the next older one that is known`,
    );
  }
  if (!file.whole) {
    say(
      'warning',
      'config-part',
      `${file.name} is a part of a configuration: options that it does not name stay as they are`,
      'a whole one is .config of the build, /proc/config.gz or /boot/config-*',
    );
  }
}

/** Of a problem with an option: code, message and hint. */
export function configProblem(problem: ConfigProblem): [code: string, message: string, hint: string] {
  const { key, expected, why } = problem;
  switch (problem.problem) {
    case 'not-modelled':
      return [
        'config-not-modelled',
        `${key} in this state is not modelled: no recorded kernel was built so`,
        `leave it ${expected}`,
      ];
    case 'not-there':
      return ['config-not-there', `${key}: ${why}`, `expected ${expected}`];
    case 'unknown':
      return [
        'config-unknown',
        `${key} is no option that is modelled`,
        'dmaheap config lists those that are',
      ];
    default:
      return ['config-value', `${key}: bad value`, `expected ${expected}`];
  }
}
