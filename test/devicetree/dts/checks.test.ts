import { describe, expect, it } from 'vitest';
import { CHECKS } from '../../../src/devicetree/dts/checks.ts';
import { compileText } from './compile-file.ts';

const codesOf = (body: string, statements = ''): string[] =>
  compileText(`/dts-v1/; / { ${body} }; ${statements}`).diagnostics.map(({ code }) => code);

describe('the named checks of dtc', () => {
  it.each([
    ['duplicate_node_names', 'n { }; n { };', ''],
    ['duplicate_property_names', 'p; p;', ''],
    ['node_name_chars', 'n# { };', ''],
    ['node_name_format', 'n@1@2 { };', ''],
    ['node_name_not_empty', 'n { @1 { }; };', ''],
    ['property_name_chars', 'p@1;', ''],
    ['name_is_string', 'n { name = [01 02]; };', ''],
    ['name_properties', 'n { name = "m"; };', ''],
    ['duplicate_label', 'l: n { }; l: m { };', ''],
    ['explicit_phandles', 'n { phandle = <0>; };', ''],
    ['phandle_references', 'p = <&gone>;', ''],
    ['path_references', 'p = &gone;', ''],
    ['omit_unused_nodes', 'p;', '/omit-if-no-ref/ &{/};'],
  ])('%s', (name, body, statements) => {
    expect(codesOf(body, statements)).toEqual([name]);
    expect(CHECKS.map((check) => check.name)).toContain(name);
  });

  it('has no check that no case above fails', () => {
    expect(CHECKS).toHaveLength(13);
  });

  it('leaves out a check whose prerequisite failed', () => {
    expect(codesOf('n { name = <1>; }; m { name = "x"; };')).toEqual(['name_is_string']);
    expect(codesOf('p = <&gone>; n { phandle = <0>; };')).toEqual(['explicit_phandles']);
  });

  it('needs only checks that run before', () => {
    const seen = new Set<string>();
    for (const { name, needs } of CHECKS) {
      for (const need of needs) expect(seen).toContain(need);
      seen.add(name);
    }
  });
});
