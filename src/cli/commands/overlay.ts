import { decodeDtb } from '../../devicetree/dtb.ts';
import { childCalled } from '../../devicetree/node-lookup.ts';
import { escapeText } from '../../escape-text.ts';
import { applyOverlayTo, type OverlayEffects } from '../../program/apply-overlay.ts';
import { makeCalls } from '../calls.ts';
import { completes } from '../completion/argument-kinds.ts';
import { loadTree } from '../read/load-tree.ts';
import { inputName } from '../read/read-input.ts';
import { examples, type Registry } from '../registry.ts';

/** What came of it, in words. */
function effectsText({ ignored, users, added, removed }: OverlayEffects): string {
  const list = (names: readonly string[]) => names.map(escapeText).join(', ');
  const lines = [
    ...(added.length > 0 ? [`devices that came: ${list(added)}`] : []),
    ...(removed.length > 0 ? [`devices that went: ${list(removed)}`] : []),
    ...(ignored.length > 0
      ? [
          `no memory is reserved for ${list(ignored)}: Linux reads /reserved-memory when it boots, and never again`,
        ]
      : []),
    ...users.map(({ device, region, errno }) =>
      errno === undefined
        ? `${escapeText(device)}: ${escapeText(region)} is not available: of_reserved_mem_device_init() answers 0, and there is no pool`
        : `${escapeText(device)}: of_reserved_mem_device_init() of ${escapeText(region)} answers ${errno}`,
    ),
    ...(ignored.length > 0 ? ['here: dmaheap boot BOARD --overlay FILE, as a boot loader lays it over'] : []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** `dmaheap overlay apply FILE`: an overlay on the running kernel. */
export function overlayCommand({ program, shell }: Registry): void {
  const parent = program
    .command('overlay')
    .summary('an overlay on the running kernel')
    .description(
      "Overlays on the running kernel, as of_overlay_fdt_apply() has them: by a driver, or by configfs of a vendor's kernel, as mainline has no file for it. What a boot loader lays over the tree is boot --overlay.",
    )
    .addHelpText('after', examples('dmaheap overlay apply camera.dtbo'));
  const command = completes(parent.command('apply'), 'file')
    .summary('apply one')
    .description(
      'Applies an overlay, blob or source, to the live tree: /proc/device-tree and dt show have its nodes, devices come and go. Nodes for /reserved-memory come too late: no memory is reserved, and a device whose memory-region names one gets an error. Prints what came of it.',
    )
    .argument('<file>', 'an overlay: .dtbo, or its source')
    .addHelpText(
      'after',
      examples(
        'dmaheap overlay apply camera.dtbo',
        'dmaheap overlay apply camera.dtso --json | jq .users',
        'dmaheap ls /proc/device-tree/reserved-memory',
      ),
    )
    .action(async (file: string) => {
      const sh = shell(command);
      const session = await sh.session('overlay apply');
      const live = session.view((kernel) => kernel.liveTree());
      // Labels of its own make an overlay fail where the live tree has none.
      const symbols =
        live !== undefined && childCalled(decodeDtb(live, 'the live tree').root, '__symbols__') !== undefined;
      const loaded = await loadTree(file, { overlayAsBoard: true, symbols });
      await sh.warn(loaded.warnings);
      const overlay = loaded.bytes();
      const { id, effects } = await makeCalls(sh, session, ({ did }) => {
        const { ret, effects } = did(`overlay apply: ${inputName(file)}`, (caller) =>
          applyOverlayTo(caller, overlay),
        );
        return { id: ret, effects };
      });
      const told = effects ?? { ignored: [], users: [], added: [], removed: [] };
      await sh.answer(
        () => ({
          schema: 'dmaheap.overlay/1',
          id,
          overlay: inputName(file),
          devices_added: told.added,
          devices_removed: told.removed,
          regions_ignored: told.ignored,
          users: told.users.map(({ device, region, errno }) => ({ device, region, errno: errno ?? null })),
        }),
        () => `overlay ${id}\n${effectsText(told)}`,
      );
    });
}
