/** Source that does not compile as it is: mended where the command or its user wants that. */
import type { BoardFormat } from '../../board/detect-format.ts';
import type { CompiledSource, CompileSourceOptions } from '../../devicetree/compile-source.ts';
import type { CompiledPaste } from '../../devicetree/repair/compile-pasted.ts';
import type { SourceFile } from '../../devicetree/source.ts';
import { decodeSource } from '../../devicetree/source-encoding.ts';
import { type Diagnostic, InvalidInput } from '../../diagnostic.ts';
import { UnreadableInput } from '../failures.ts';
import { inputName } from './read-input.ts';

/** What of a source that is not whole is mended. */
export interface MendingWishes {
  /** All, whatever must be assumed: --repair. */
  readonly repair?: boolean;
  /** Its form, unasked: of commands that tell what they assumed and judge nothing. */
  readonly mendsForm?: boolean;
}

/** An overlay is one, whatever it says. */
type Wishes = MendingWishes & { readonly isOverlay?: boolean };

const wantsMending = ({ repair, mendsForm }: Wishes): boolean => repair === true || mendsForm === true;

/** Whether a text that says nowhere that it is source is a paste of one. */
export async function isPastedSource(
  bytes: Uint8Array,
  detected: BoardFormat,
  wishes: Wishes,
): Promise<boolean> {
  if (detected !== 'yaml' || !wantsMending(wishes)) return false;
  // Of other texts, a YAML board above all, no line ends as a statement does.
  const text = decodeSource(bytes);
  if (!text.includes('{') || !/;[ \t\r]*$/m.test(text)) return false;
  const { looksPasted } = await import('../../devicetree/repair/clean-paste.ts');
  return looksPasted(text);
}

/** Refuses a paste of source that nobody wants mended. @throws UnreadableInput */
export async function refusePaste(bytes: Uint8Array, file: string, detected: BoardFormat): Promise<void> {
  if (!(await isPastedSource(bytes, detected, { repair: true }))) return;
  const name = inputName(file);
  throw new UnreadableInput(
    'pasted-source',
    name,
    `${name}: looks like device-tree source that is not whole`,
    '--repair reads it, and says what it assumed',
  );
}

/** With what the option would do, where it would do. */
function withHint(error: InvalidInput, works: boolean): InvalidInput {
  const [first, ...rest] = error.diagnostics;
  if (!works || first === undefined) return error;
  const repair = '--repair mends source that is not whole, and says what it assumed';
  const hint = first.hint === undefined ? repair : `${first.hint}; ${repair}`;
  return new InvalidInput([{ ...first, hint }, ...rest]);
}

/**
 * What strict compilation gives; else, where it is wanted, what mending gives.
 *
 * @throws InvalidInput
 */
export async function compiledOrMended(
  strictly: () => CompiledSource,
  source: SourceFile,
  options: CompileSourceOptions,
  wishes: Wishes,
): Promise<CompiledSource & { readonly assumed: readonly Diagnostic[] }> {
  try {
    return { ...strictly(), assumed: [] };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    const { compilePasted } = await import('../../devicetree/repair/compile-pasted.ts');
    const { repair = false, isOverlay = false } = wishes;
    const mend = (memory: boolean): CompiledPaste =>
      compilePasted(source, { ...options, memory, isOverlay, otherwise: error });
    if (wantsMending(wishes)) return mend(repair);
    let works = true;
    try {
      mend(true);
    } catch (other) {
      if (!(other instanceof InvalidInput)) throw other;
      works = false;
    }
    throw withHint(error, works);
  }
}
