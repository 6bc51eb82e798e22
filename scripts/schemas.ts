// Writes the JSON Schemas that ship with the package, which editors check boards and scenarios with: a part of the build.
import { mkdirSync, writeFileSync } from 'node:fs';
import { boardJsonSchema, boardSchema } from '../src/board/schema.ts';
import { scenarioJsonSchema } from '../src/scenario/form.ts';

mkdirSync('schema', { recursive: true });
writeFileSync('schema/board.schema.json', `${JSON.stringify(boardJsonSchema(), null, 2)}\n`);
writeFileSync('schema/scenario.json', `${JSON.stringify(scenarioJsonSchema(boardSchema), null, 2)}\n`);
