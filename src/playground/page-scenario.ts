/** What was done on a page as a scenario for `dmaheap run`. */

import { bootWords } from '../scenario/export/boot-words.ts';
import { scenarioYaml } from '../scenario/export/scenario-yaml.ts';
import type { ExportedStep } from '../scenario/export/steps.ts';
import { isPlainText, sizeWord } from '../scenario/export/words.ts';
import type { DoneStep, Machine } from './machine.ts';

/** The names of steps' buffers, by the descriptors that have them at the moment. */
type Names = Map<number, string>;

/** A step with its expectation; `undefined` for one that a scenario cannot say. */
function stepOf({ step, fd, phys, errno }: DoneStep, names: Names, at: number): ExportedStep | undefined {
  if (step.do === 'free') {
    const name = names.get(step.fd);
    names.delete(step.fd);
    return name === undefined ? undefined : { step: { free: name } };
  }
  const { heap, size, name } = step;
  if (!isPlainText(heap) || (name !== undefined && !isPlainText(name))) return undefined;
  const alloc = { heap, size: sizeWord(size), ...(name !== undefined && { name }) };
  if (fd === undefined) return { step: { alloc, ...(errno !== undefined && { expect: { errno } }) } };
  const as = `buffer${at}`;
  names.set(fd, as);
  return { step: { alloc, as, ...(phys !== undefined && { expect: { phys } }) } };
}

/** The scenario as YAML; its board is the file that `machine.given.kept` names. */
export function pageScenario({ given, done }: Machine): string {
  const names: Names = new Map();
  const steps = done.map((one, index) => stepOf(one, names, index + 1));
  const said = steps.filter((step) => step !== undefined);
  const unsaid = steps.length - said.length;
  const boot = bootWords(given.params);
  return scenarioYaml({
    title: `${given.kept.file}, as it was tried in the playground`,
    board: { file: given.kept.file },
    ...(boot !== undefined && { boot }),
    steps: said,
    comment: [
      `Put ${given.kept.file} beside this file, then: dmaheap run scenario.yaml`,
      ...(unsaid === 0 ? [] : [`${unsaid} steps are left out: a scenario cannot name what they are about.`]),
      ...(given.reconstructed === undefined
        ? []
        : [
            'The boot of what a log tells. The buffers that the target had are not in it:',
            'dmaheap reconstruct and dmaheap export write them as steps.',
          ]),
    ],
  });
}
