/**
 * Writes the JSON Schemas that ship with the package: those of boards and scenarios, which editors check with, and one
 * for each answer of a command with --json. A part of the build.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { boardJsonSchema, boardSchema, vendorJsonSchema } from '../src/board/schema.ts';
import { scenarioJsonSchema } from '../src/scenario/form.ts';
import { SCENARIO_FORM } from '../src/scenario/form-name.ts';
import { ANSWERS, answerFile, answerJsonSchema, formId } from './answer-forms/answers.ts';

function write(file: string, schema: unknown): void {
  writeFileSync(`schema/${file}`, `${JSON.stringify(schema, null, 2)}\n`);
}

rmSync('schema', { recursive: true, force: true });
mkdirSync('schema');
write('board.schema.json', { $id: formId('dmaheap.board/1'), ...(boardJsonSchema() as object) });
write('vendor.schema.json', { $id: formId('dmaheap.vendor/1'), ...(vendorJsonSchema() as object) });
write('scenario.json', { $id: formId(SCENARIO_FORM), ...(scenarioJsonSchema(boardSchema) as object) });
for (const name of ANSWERS.keys()) write(answerFile(name), answerJsonSchema(name));
