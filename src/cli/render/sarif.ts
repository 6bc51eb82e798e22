/** Findings as SARIF 2.1.0, which code hosts and editors show: a result a finding, a rule a check. */
import type { CheckAbout, Finding } from '../../check/finding.ts';
import type { SourcePosition } from '../../diagnostic.ts';
import { VERSION } from '../version.ts';
import type { CheckedBoard } from './check.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/** A file as a URI: relative where it was named so. */
function uriOf(file: string): string {
  const encoded = file.split('/').map(encodeURIComponent).join('/');
  return file.startsWith('/') ? `file://${encoded}` : encoded;
}

function physicalLocation({ file, line, column }: SourcePosition) {
  const region =
    line === undefined
      ? {}
      : { region: { startLine: line, ...(column !== undefined && { startColumn: column }) } };
  return { artifactLocation: { uri: uriOf(file) }, ...region };
}

function related(position: SourcePosition | undefined) {
  const found: { message: { text: string }; physicalLocation: ReturnType<typeof physicalLocation> }[] = [];
  for (let at = position?.includedFrom; at !== undefined; at = at.includedFrom) {
    found.push({ message: { text: 'included from here' }, physicalLocation: physicalLocation(at) });
  }
  return found;
}

/** What a finding says, with its advice and the repair that was tried. */
function messageOf({ message, hint, log, repair }: Finding): string {
  const lines = [message];
  for (const line of log) lines.push(`Linux prints: ${line}`);
  if (hint !== undefined) lines.push(hint);
  if (repair !== undefined) lines.push(`Tried, and it boots without this: ${repair.say}`, ...repair.source);
  return lines.join('\n');
}

const level = (severity: CheckAbout['severity']): string => (severity === 'off' ? 'none' : severity);

/** The log of a run over boards. @param checks all that may be found */
export function sarif(boards: readonly CheckedBoard[], checks: readonly CheckAbout[]) {
  const all = boards.flatMap(({ name, findings }) => findings.map((finding) => ({ name, finding })));
  const known = new Map(checks.map((check) => [check.name, check]));
  const names = [...new Set(all.map(({ finding }) => finding.check))].sort();
  const index = new Map(names.map((name, at) => [name, at]));
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'dmaheap',
            version: VERSION,
            rules: names.map((name) => ({
              id: name,
              shortDescription: { text: known.get(name)?.about ?? name },
              defaultConfiguration: { level: level(known.get(name)?.severity ?? 'warning') },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: all.map(({ name, finding }) => ({
          ruleId: finding.check,
          ruleIndex: index.get(finding.check),
          level: level(finding.severity),
          message: { text: messageOf(finding) },
          locations: [
            {
              physicalLocation: physicalLocation(finding.position ?? { file: name }),
              ...(finding.path !== undefined && {
                logicalLocations: [{ fullyQualifiedName: finding.path, kind: 'object' }],
              }),
            },
          ],
          relatedLocations: related(finding.position),
        })),
      },
    ],
  };
}
