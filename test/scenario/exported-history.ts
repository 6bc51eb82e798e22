/** What a kernel did, as a scenario; and what that does when it is run. */
import { readFileSync } from 'node:fs';
import { boardFromTree } from '../../src/board/from-tree.ts';
import { decodeDtb } from '../../src/devicetree/dtb.ts';
import { boot } from '../../src/kernel/boot/boot.ts';
import type { BootParams } from '../../src/kernel/boot/boot-params.ts';
import { Kernel, layoutOf } from '../../src/kernel/kernel.ts';
import { InMemoryPhysMemory } from '../../src/mm/phys-memory.ts';
import { MemoryRecords, type Records } from '../../src/records.ts';
import { type Exported, exportScenario, historyOf } from '../../src/scenario/export/index.ts';
import { compileScenario, type RunReport, readScenario, ScenarioRun } from '../../src/scenario/index.ts';
import { readJournal } from '../../src/session/journal.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { record } from '../../src/session/recorder.ts';
import { projectPath } from '../small-board.ts';

interface Range {
  readonly from?: number;
  readonly to?: number;
}

/** Histories on one board. */
export class Histories {
  readonly tree;
  readonly board;

  /** @param file of the project */
  constructor(file: string) {
    const path = projectPath(file);
    this.tree = decodeDtb(readFileSync(path), path);
    this.board = boardFromTree(this.tree, path);
  }

  /** Boots, records what `work` does, and exports it. @param range of its entries */
  exported(work: (kernel: Kernel) => void, params: BootParams = {}, range: Range = {}): Exported {
    const { kernel, records } = this.#booted(params);
    record(kernel, records);
    work(kernel);
    return this.#export(kernel, records, params, range);
  }

  /** Runs an export, and exports what it did. */
  replayed(yaml: string): { readonly report: RunReport; readonly again: string } {
    const files = { readFile: () => new Uint8Array(), sha256 };
    const prepared = compileScenario(readScenario(yaml, 'history.yaml'), this.board, files);
    let machine: { kernel: Kernel; records: Records } | undefined;
    const run = new ScenarioRun(prepared, {
      keepGoing: true,
      onBoot: (kernel, records) => {
        record(kernel, records);
        machine = { kernel, records };
      },
    });
    while (!run.advance(1000)) {
      // On.
    }
    if (machine === undefined) throw new Error('it did not boot');
    return {
      report: run.report(),
      again: this.#export(machine.kernel, machine.records, prepared.params).yaml,
    };
  }

  #booted(params: BootParams) {
    const records = new MemoryRecords();
    boot(this.board, params, records);
    return { kernel: new Kernel(records, new InMemoryPhysMemory(layoutOf(records))), records };
  }

  #export(kernel: Kernel, records: Records, params: BootParams, range: Range = {}): Exported {
    const devices = this.#booted(params).kernel.devices();
    const history = historyOf(kernel, [...readJournal(records)], { params, devices, tree: this.tree });
    return exportScenario(history, {
      title: 'a history',
      board: { file: 'board.dtb' },
      parsed: this.board,
      ...range,
    });
  }
}

/** What did not come out as it was expected. */
export const failures = ({ reports, end }: RunReport) => [
  ...reports()
    .filter(({ verdict }) => verdict === 'failed')
    .map(({ text, task, mismatches }) => ({ text, task, mismatches })),
  ...(end?.mismatches ?? []),
];
