/**
 * Words that mean something to JavaScript, to systems or to readers of reports, as every text and every key of every
 * example: each is a name like any other, or is refused by name; none is a bug, and nothing is changed behind it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { boardFromYaml } from '../../src/board/from-yaml.ts';
import { jsonText } from '../../src/cli/json/json-text.ts';
import { runJson } from '../../src/cli/render/run-json.ts';
import { runJunit } from '../../src/cli/render/run-junit.ts';
import { runTap } from '../../src/cli/render/run-tap.ts';
import { runText } from '../../src/cli/render/run-text.ts';
import { NO_INK } from '../../src/cli/terminal/ink.ts';
import { InvalidInput } from '../../src/diagnostic.ts';
import {
  bootDifferences,
  bootedBy,
  prepareScenario,
  readScenario,
  runScenario,
} from '../../src/scenario/index.ts';
import { sha256 } from '../../src/session/kept-bytes.ts';
import { projectPath } from '../small-board.ts';
import { cameraBoard, passes, problemsOf } from './running.ts';

const WORDS = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
  'a\0b',
  '\x1b[31m',
  '\ud800',
  '\ufffe\uffff',
  '../../etc/passwd',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable that there is none of
  '${i}',
  '/(a+)+$/',
  '',
];

const before = Object.getOwnPropertyNames(Object.prototype).sort().join();
afterAll(() => expect(Object.getOwnPropertyNames(Object.prototype).sort().join()).toBe(before));

type Value = unknown;
const isMap = (value: Value): value is Record<string, Value> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy with one value or key more changed each time. */
function* changes(value: Value, word: string): Generator<Value> {
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) {
      for (const changed of changes(item, word)) yield value.with(i, changed);
    }
  } else if (isMap(value)) {
    const entries = Object.entries(value);
    for (const [i, [key, inner]] of entries.entries()) {
      const put = (entry: readonly [string, Value]) => Object.fromEntries(entries.with(i, [...entry]));
      yield put([word, inner]);
      for (const changed of changes(inner, word)) yield put([key, changed]);
    }
  } else {
    yield word;
  }
}

/** JSON is YAML; escapes are what a scenario would have too. */
const text = (value: Value): string => JSON.stringify(value).replaceAll('\ufffe\uffff', '\\ufffe\\uffff');

const folder = projectPath('fixtures/scenarios');
const EXAMPLES = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const files = {
  loadBoard: (name: string) => {
    if (name.includes('camera')) return cameraBoard();
    throw Object.assign(new Error(`${name}: no such file`), { name: 'UnreadableInput' });
  },
  readFile: (name: string): Uint8Array => {
    throw new Error(`${name}: no such file`);
  },
  sha256,
};

async function tryScenario(source: string): Promise<void> {
  try {
    const prepared = await prepareScenario(readScenario(source, 'x.yaml'), files);
    const report = runScenario(prepared, { keepGoing: true });
    runText(report, NO_INK);
    runTap(report, 1);
    jsonText(runJson([report], 1));
    runJunit([report]);
    bootDifferences(bootedBy(prepared), bootedBy(prepared));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw new Error(`${String(error)}\n${source}`, { cause: error });
    for (const { message, position } of error.diagnostics) {
      expect(message).not.toBe('');
      expect(position?.file).toBeDefined();
    }
  }
}

describe('words that mean something elsewhere', () => {
  it.each(EXAMPLES)('in %s', async (name) => {
    const example: Value = parse(readFileSync(join(folder, name), 'utf8'));
    let tried = 0;
    for (const word of WORDS) {
      for (const changed of changes(example, word)) {
        // All words at every place would take minutes: each word at some, each place by some.
        if (tried++ % 43 === 0) await tryScenario(text(changed));
      }
    }
  });

  it.each(['camera-soc.yaml', 'video-box.yaml'])('in the board %s', (name) => {
    const example: Value = parse(readFileSync(projectPath(`fixtures/boards/${name}`), 'utf8'));
    for (const word of WORDS) {
      for (const changed of changes(example, word)) {
        try {
          boardFromYaml(text(changed), name);
        } catch (error) {
          if (!(error instanceof InvalidInput))
            throw new Error(`${String(error)}\n${text(changed)}`, { cause: error });
        }
      }
    }
  });

  it('are names like any other where names are free', async () => {
    for (const word of ['constructor', 'toString', 'hasOwnProperty', 'valueOf', '__proto__']) {
      await passes(
        `steps:
  - task-add: ${word}
  - alloc: { heap: system, size: 4K, name: ${word} }
    as: ${word}
    task: ${word}
  - device-add: ${word}
  - attach: { fd: ${word}, device: ${word} }
    task: ${word}
  - free: ${word}
    task: ${word}
  - for: { x: [${word}], do: [ { alloc: { heap: system, size: 4K }, as: "\${x}_" } ] }
  - free: ${word}_
  - alloc: { heap: ${word}, size: 4K }
    expect: { errno: ENOENT }
  - open: ${word}
    expect: { errno: ENOENT }
  - cat: /proc/${word}
    expect: { errno: any }
  - cat: /sys/kernel/debug/cma/${word}
    expect: { errno: ENOENT }
  - cat: /sys/devices/${word}
    expect: { errno: ENOENT }
  - modprobe: ${word}
    expect: { errno: any }
  - fault: { errno: ENOMEM, heap: ${word}, later: true }
    as: f${word}
  - fault-rm: f${word}
`,
      );
    }
    await passes(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the scenario
      'steps:\n  - for: { constructor: [4K, 8K], do: [ { alloc: { heap: system, size: "${constructor}" }, expect: { size: "${constructor}" } } ] }\n',
    );
  });

  it('are told by name where they are no keys', async () => {
    for (const word of ['constructor', 'toString', 'hasOwnProperty']) {
      for (const [file, code] of [
        [`expect: { heaps: { ${word}: { fre: 1 } } }`, 'scenario-unknown-key'],
        [`expect: { ${word}: 1 }`, 'scenario-unknown-key'],
        [`boot: { ${word}: 1, config: { ${word}: 1 } }`, 'scenario-unknown-key'],
        [`boot: { config: { ${word}: 1 } }`, 'config-unknown'],
        [`boot: { group: ${word} }`, 'scenario-bad-value'],
        [`boot: { fault: { ${word}: 1 } }`, 'scenario-fault'],
        [`steps: [ { ${word}: 1 } ]`, 'scenario-unknown-key'],
        [`steps: [ { sleep: 1, expect: { errno: ${word} } } ]`, 'scenario-errno'],
        [`steps: [ { stat: 4, expect: { value: { ${word}: 1 } } } ]`, 'scenario-expectation'],
        [`steps: [ { lseek: { fd: 4, whence: ${word} } } ]`, 'scenario-bad-value'],
        [`steps: [ { ioctl: { fd: 4, request: ${word} } } ]`, 'scenario-bad-value'],
        [`steps: [ { free: ${word} } ]`, 'scenario-unknown-name'],
      ] as const) {
        const found = await problemsOf(`board: camera\n${file}\n`);
        expect([file, found[0]?.split(' ')[1]]).toEqual([file, code]);
      }
    }
    expect(() => boardFromYaml('reserved-memory: { constructor: 1 }\nconstructor: 2\n', 'x')).toThrow();
  });
});
